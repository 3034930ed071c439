import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { fault } from "../../../src/protocol/fault.ts";
import { body, response, ServerBench } from "./support.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const HEAD_OF_GET = "head end :method=GET|:scheme=http|:authority=a|:path=/";
const HEAD = GET.replace("GET", "HEAD");
const POST = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";

describe("HTTP/1 server connection", () => {
  describe("an exchange", () => {
    it("goes from head to answer and leaves the connection open", () => {
      const bench = new ServerBench().receive(GET);
      assert.deepEqual(bench.take(), [HEAD_OF_GET]);
      assert.equal(bench.codec.openExchanges(), 1);
      bench.writer.writeHead(response(200, [["content-length", "2"]]), false);
      body(bench.writer, "ok", true);
      assert.equal(bench.sink.text(), "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
      assert.deepEqual(bench.take(), ["done 1"]);
      assert.equal(bench.codec.openExchanges(), 0);
    });

    it("reads a body by length", () => {
      const bench = new ServerBench().receive(`${POST}hel`).receive("lo");
      assert.deepEqual(bench.take().slice(1), ["data hello", "end"]);
    });

    it("reads a chunked body and drops its trailers unless they are enabled", () => {
      const message =
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n02\r\nlo\r\n0\r\nT: v\r\nHost: b\r\n\r\n";
      assert.deepEqual(new ServerBench().receive(message).take().slice(1), ["data hello", "end"]);
      assert.deepEqual(new ServerBench({ trailers: true }).receive(message).take().slice(1), [
        "data hello",
        "trailers t=v",
      ]);
    });

    it("may carry chunk extensions of 256 bytes, and 16 KiB of them altogether", () => {
      const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
      const chunk = (bytes: number): string => `1;${"e".repeat(bytes)}\r\nx\r\n`;
      const log = (chunks: string): string | undefined =>
        new ServerBench().receive(`${head}${chunks}0\r\n\r\n`).take().at(-1);
      assert.equal(log(chunk(256)), "end");
      assert.equal(log(chunk(257)), "fault 400 http1.codec_error");
      assert.equal(log(chunk(256).repeat(64)), "end");
      assert.equal(log(chunk(256).repeat(64) + chunk(1)), "fault 400 http1.codec_error");
    });

    it("may have chunks of 8 digits", () => {
      const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
      const bench = new ServerBench().receive(`${head}FFFFFFFF\r\nxy`);
      assert.deepEqual(bench.take().slice(1), ["data xy"]);
    });

    it("has its late calls ignored", () => {
      const bench = new ServerBench().receive(GET);
      const first = bench.writer;
      first.writeHead(response(200), true);
      bench.receive(GET);
      bench.sink.text();
      bench.take();
      first.writeHead(response(500), true);
      body(first, "late", true);
      first.writeInterim(response(100));
      first.writeTrailers(response(0));
      first.pauseSource();
      first.reset(0);
      assert.equal(bench.sink.text(), "");
      assert.equal(bench.sink.paused, false);
      assert.deepEqual(bench.take(), []);
    });

    it("is told that the socket is gone", () => {
      const bench = new ServerBench().receive(POST);
      bench.take();
      bench.codec.connectionLost(fault("connection_closed", "downstream_remote_disconnect"));
      assert.deepEqual(bench.take(), ["fault 0 downstream_remote_disconnect", "done 1"]);
      bench.receive(GET);
      assert.deepEqual(bench.take(), []);
    });

    it("ends with the client's end, as Envoy reads it", () => {
      const bench = new ServerBench().receive(GET);
      bench.take();
      bench.codec.receiveEnd();
      const closed = ["fault 0 downstream_remote_disconnect", "done 1", "closed downstream_remote_disconnect"];
      assert.deepEqual(bench.take(), closed);
    });
  });

  describe("framing of answers", () => {
    const cases: [string, string, ReturnType<typeof response>, string[], string][] = [
      ["a length is kept", GET, response(200, [["content-length", "2"]]), ["ok"], "content-length: 2\r\n\r\nok"],
      [
        "no length is chunked",
        GET,
        response(200),
        ["ok", "!"],
        "transfer-encoding: chunked\r\n\r\n2\r\nok\r\n1\r\n!\r\n0\r\n\r\n",
      ],
      ["no body is length 0", GET, response(404), [], "content-length: 0\r\n\r\n"],
      ["204 has neither", GET, response(204, [["content-length", "0"]]), [], "\r\n"],
      ["304 keeps a length", GET, response(304, [["content-length", "7"]]), [], "content-length: 7\r\n\r\n"],
      ["HEAD keeps a length", HEAD, response(200, [["content-length", "7"]]), [], "content-length: 7\r\n\r\n"],
      ["HEAD without one guesses chunked", HEAD, response(200), [], "transfer-encoding: chunked\r\n\r\n"],
      [
        "HEAD has no body even when it is written",
        HEAD,
        response(200, [["content-length", "2"]]),
        ["ok"],
        "content-length: 2\r\n\r\n",
      ],
    ];
    for (const [title, message, head, pieces, expected] of cases) {
      it(title, () => {
        const bench = new ServerBench().receive(message);
        bench.writer.writeHead(head, pieces.length === 0);
        for (const [i, piece] of pieces.entries()) body(bench.writer, piece, i === pieces.length - 1);
        const text = bench.sink.text();
        assert.equal(text.slice(text.indexOf("\r\n") + 2), expected);
        assert.equal(bench.take().at(-1), "done 1");
      });
    }

    it("never writes more than the length, and ends the connection when the body does not keep it", () => {
      const bench = new ServerBench().receive(GET);
      bench.writer.writeHead(response(200, [["content-length", "2"]]), false);
      body(bench.writer, "okHTTP/1.1 200 OK", true);
      assert.equal(bench.sink.text(), "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
      assert.deepEqual(bench.take().slice(1), ["done 1", "closed http1.content_length_not_kept"]);
    });

    it("writes trailers only when they are enabled", () => {
      const bench = new ServerBench({ trailers: true }).receive(GET);
      bench.writer.writeHead(response(200), false);
      body(bench.writer, "ok", false);
      bench.writer.writeTrailers(response(0, [["grpc-status", "0"]]));
      assert.match(bench.sink.text(), /\r\n\r\n2\r\nok\r\n0\r\ngrpc-status: 0\r\n\r\n$/);
    });
  });

  it("answers pipelined requests in order, each read only when the one before is answered", () => {
    const bench = new ServerBench().receive(GET + GET.replace("/", "/2") + GET.replace("/", "/3"));
    assert.deepEqual(bench.take(), [HEAD_OF_GET]);
    bench.writer.writeHead(response(200), true);
    assert.deepEqual(bench.take(), ["done 1", `${HEAD_OF_GET}2`]);
    bench.writer.writeHead(response(200), true);
    assert.deepEqual(bench.take(), ["done 2", `${HEAD_OF_GET}3`]);
  });
});
