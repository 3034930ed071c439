import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { fault } from "../../../src/protocol/fault.ts";
import { body, response, ServerBench } from "./support.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const CLOSING_GET = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
const CHUNKED_POST = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const UPGRADE = "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n";

/** A local reply as the exchange writes it. */
function answer(bench: ServerBench, status: number, text: string): void {
  const head = response(status, [
    ["content-length", String(text.length)],
    ["content-type", "text/plain"],
    ["server", "envoy"],
  ]);
  bench.writer.writeHead(head, false);
  body(bench.writer, text, true);
}

describe("HTTP/1 server connection: life and death", () => {
  describe("the end of a connection", () => {
    it("is asked for by the request, said last in the answer, and reported after it", () => {
      const bench = new ServerBench().receive(CLOSING_GET + GET);
      bench.take();
      answer(bench, 200, "ok");
      assert.match(bench.sink.text(), /server: envoy\r\nconnection: close\r\n\r\nok$/s);
      assert.deepEqual(bench.take(), ["done 1", "closed -"]);
      bench.receive(GET);
      assert.deepEqual(bench.take(), []);
    });

    it("is said before the framing that the codec adds, as Envoy's answers have it", () => {
      const empty = new ServerBench().receive(CLOSING_GET);
      empty.writer.writeHead(response(404, [["server", "envoy"]]), true);
      assert.match(empty.sink.text(), /server: envoy\r\nconnection: close\r\ncontent-length: 0\r\n\r\n$/s);
      const chunked = new ServerBench().receive(CLOSING_GET);
      chunked.writer.writeHead(response(200, [["server", "envoy"]]), false);
      assert.match(chunked.sink.text(), /server: envoy\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n$/s);
    });

    it("is asked for by the owner with a connection field", () => {
      const bench = new ServerBench().receive(GET);
      bench.writer.writeHead(
        response(408, [
          ["connection", "close"],
          ["content-length", "0"],
        ]),
        true,
      );
      assert.equal(bench.sink.text(), "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
      assert.equal(bench.take().at(-1), "closed -");
    });

    it("follows an answer that is over before its request, which says so", () => {
      const bench = new ServerBench().receive(`${POST}he`);
      bench.take();
      answer(bench, 413, "no");
      assert.match(bench.sink.text(), /connection: close\r\n\r\nno$/s);
      assert.deepEqual(bench.take(), ["done 1", "closed -"]);
      bench.receive(`llo${GET}`);
      assert.deepEqual(bench.take(), []);
    });

    it("follows also when the request is over later than the head of the answer", () => {
      const bench = new ServerBench().receive(`${POST}he`);
      bench.writer.writeHead(response(200), false);
      bench.receive("llo");
      bench.take();
      body(bench.writer, "x", true);
      assert.deepEqual(bench.take(), ["done 1", "closed -"]);
    });

    it("comes at once when an idle connection drains, and with the next answer otherwise", () => {
      const idle = new ServerBench();
      idle.codec.drain(true);
      assert.deepEqual(idle.take(), ["closed -"]);
      const busy = new ServerBench().receive(GET);
      busy.codec.drain(false);
      busy.take();
      answer(busy, 200, "");
      assert.match(busy.sink.text(), /connection: close\r\n\r\n$/s);
      assert.deepEqual(busy.take(), ["done 1", "closed -"]);
    });

    it("waits for a head that has begun when it drains", () => {
      const bench = new ServerBench().receive("GET / HTTP/1.1\r\n");
      bench.codec.drain(true);
      assert.deepEqual(bench.take(), []);
      bench.receive("Host: a\r\n\r\n").writer.writeHead(response(200), true);
      assert.match(bench.sink.text(), /connection: close/);
    });

    it("comes at once when the client ends while idle or within a head", () => {
      for (const begun of ["", "GET / HT"]) {
        const bench = new ServerBench().receive(begun);
        bench.codec.receiveEnd();
        assert.deepEqual(bench.take(), ["closed -"]);
        bench.codec.receiveEnd();
        assert.deepEqual(bench.take(), []);
      }
    });

    it("comes with a reset, which nobody hears of again", () => {
      const bench = new ServerBench().receive(POST);
      bench.take();
      bench.writer.reset(8);
      assert.deepEqual(bench.take(), ["done 1", "closed local_reset"]);
      bench.receive("hello");
      bench.codec.connectionLost(fault("connection_closed", "x"));
      assert.deepEqual(bench.take(), []);
    });
  });

  describe("a wrong head", () => {
    it("is an exchange with a fault, which its owner answers, and the end", () => {
      const bench = new ServerBench().receive(`hello\r\n\r\n${GET}`);
      assert.deepEqual(bench.take(), ["fault 400 http1.codec_error"]);
      answer(bench, 400, "Bad Request");
      assert.equal(
        bench.sink.text(),
        "HTTP/1.1 400 Bad Request\r\ncontent-length: 11\r\ncontent-type: text/plain\r\nserver: envoy\r\nconnection: close\r\n\r\nBad Request",
      );
      assert.deepEqual(bench.take(), ["done 1", "closed http1.codec_error"]);
    });

    it("behind a good one is answered after it", () => {
      const bench = new ServerBench().receive(`${GET}BAD\r\n\r\n`);
      bench.take();
      answer(bench, 200, "ok");
      assert.deepEqual(bench.take(), ["done 1", "fault 400 http1.codec_error"]);
      answer(bench, 400, "");
      assert.deepEqual(bench.take(), ["done 2", "closed http1.codec_error"]);
    });

    it("can be made by the owner's timeout, while one is being received", () => {
      const late = fault("codec_error", "request_header_timeout", { status: 408 });
      const bench = new ServerBench();
      bench.codec.failHead(late);
      assert.deepEqual(bench.take(), []);
      assert.equal(bench.codec.headStartedMs(), -1);
      bench.receive("GET / HT", 1_000).receive("TP/1.1\r\n", 2_000);
      assert.equal(bench.codec.headStartedMs(), 1_000);
      bench.codec.failHead(late);
      assert.deepEqual(bench.take(), ["fault 408 request_header_timeout"]);
      assert.equal(bench.codec.headStartedMs(), -1);
      answer(bench, 408, "request header timeout");
      assert.deepEqual(bench.take(), ["done 1", "closed request_header_timeout"]);
    });

    it("has no age once it is complete", () => {
      const bench = new ServerBench().receive("GET / HT", 5).receive(GET.slice(8), 6);
      assert.equal(bench.codec.headStartedMs(), -1);
    });
  });

  describe("a wrong body", () => {
    it("can still be answered when the answer has not begun", () => {
      const bench = new ServerBench().receive(`${CHUNKED_POST}xyz\r\n`);
      assert.deepEqual(bench.take().slice(1), ["fault 400 http1.codec_error"]);
      answer(bench, 400, "Bad Request");
      assert.match(bench.sink.text(), /^HTTP\/1\.1 400 .*connection: close\r\n\r\nBad Request$/s);
      assert.deepEqual(bench.take(), ["done 1", "closed http1.codec_error"]);
    });

    it("ends the exchange when the answer has begun", () => {
      const bench = new ServerBench().receive(CHUNKED_POST);
      bench.writer.writeHead(response(200), false);
      bench.take();
      bench.receive("xyz\r\n");
      assert.deepEqual(bench.take(), ["fault 0 http1.codec_error", "done 1", "closed http1.codec_error"]);
    });
  });

  describe("pressure", () => {
    it("holds one read of pipelined bytes and then stops the client until they are read", () => {
      const bench = new ServerBench().receive(GET + GET);
      assert.equal(bench.sink.paused, false);
      bench.receive(GET);
      assert.equal(bench.sink.paused, true);
      answer(bench, 200, "");
      assert.equal(bench.sink.paused, true);
      answer(bench, 200, "");
      assert.equal(bench.sink.paused, false);
      assert.equal(bench.writers.length, 3);
    });

    it("stops the client for a sink that wants it, and no longer than the exchange lasts", () => {
      const bench = new ServerBench().receive(POST);
      bench.writer.pauseSource();
      bench.writer.pauseSource();
      assert.deepEqual([bench.sink.paused, bench.sink.pauses], [true, 1]);
      bench.writer.resumeSource();
      assert.equal(bench.sink.paused, false);
      bench.writer.pauseSource();
      bench.receive("hello");
      answer(bench, 200, "");
      assert.equal(bench.sink.paused, false);
    });

    it("tells a writer that was backed up when the socket took its bytes, and only such a one", () => {
      const bench = new ServerBench().receive(GET);
      bench.writer.writeHead(response(200), false);
      bench.take();
      bench.sink.queued = 131_071;
      assert.equal(bench.writer.isBackedUp(), false);
      bench.codec.onDrain();
      assert.deepEqual(bench.take(), []);
      bench.sink.queued = 131_072;
      assert.equal(bench.writer.isBackedUp(), true);
      bench.codec.onDrain();
      bench.codec.onDrain();
      assert.deepEqual(bench.take(), ["writable"]);
    });

    it("copies small pieces behind the head and hands large ones over", () => {
      const bench = new ServerBench().receive(GET);
      bench.writer.writeHead(response(200, [["content-length", String(16_383 + 16_384)]]), false);
      body(bench.writer, "x".repeat(16_383), false);
      assert.equal(bench.sink.throughs, 0);
      body(bench.writer, "y".repeat(16_384), true);
      assert.equal(bench.sink.throughs, 1);
      assert.match(bench.sink.text(), /\r\n\r\nx{16383}y{16384}$/s);
    });
  });

  describe("interim answers", () => {
    it("go out before the head and not after it", () => {
      const bench = new ServerBench().receive(POST);
      bench.writer.writeInterim(response(100));
      bench.writer.writeInterim(response(103, [["link", "</x>"]]));
      assert.equal(bench.sink.text(), "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n");
      bench.writer.writeHead(response(200), false);
      bench.sink.text();
      bench.writer.writeInterim(response(100));
      assert.equal(bench.sink.text(), "");
    });
  });

  describe("tunnels", () => {
    const SWITCH = response(101, [
      ["connection", "Upgrade"],
      ["upgrade", "websocket"],
    ]);

    it("keep what comes early, open with 101, and pass bytes both ways as they are", () => {
      const bench = new ServerBench().receive(`${UPGRADE}EARLY`);
      const fields = ":method=GET|:scheme=http|:authority=a|:path=/|connection=keep-alive, Upgrade|upgrade=websocket";
      assert.deepEqual(bench.take(), [`head ${fields}`]);
      bench.writer.writeHead(SWITCH, false);
      assert.deepEqual(bench.take(), ["data EARLY"]);
      const head = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n";
      assert.equal(bench.sink.text(), head);
      bench.receive(GET);
      body(bench.writer, "0\r\n\r\n", false);
      assert.equal(bench.sink.text(), "0\r\n\r\n");
      assert.deepEqual(bench.take(), [`data ${GET}`]);
      bench.codec.receiveEnd();
      assert.deepEqual(bench.take(), ["end"]);
      body(bench.writer, "bye", true);
      assert.equal(bench.sink.text(), "bye");
      assert.deepEqual(bench.take(), ["done 1", "closed -"]);
    });

    it("do not open with another answer, and what came early is never a request", () => {
      const bench = new ServerBench().receive(UPGRADE + GET);
      bench.take();
      answer(bench, 403, "no");
      assert.match(bench.sink.text(), /^HTTP\/1\.1 403 .*connection: close\r\n\r\nno$/s);
      assert.deepEqual(bench.take(), ["done 1", "closed -"]);
    });

    it("open for CONNECT with 200, without any framing", () => {
      const bench = new ServerBench().receive("CONNECT b:443 HTTP/1.1\r\nHost: a\r\n\r\nEARLY");
      assert.deepEqual(bench.take(), ["head :method=CONNECT|:authority=b:443"]);
      bench.writer.writeHead(response(200, [["content-length", "5"]]), false);
      assert.equal(bench.sink.text(), "HTTP/1.1 200 OK\r\n\r\n");
      assert.deepEqual(bench.take(), ["data EARLY"]);
    });

    it("do not open for CONNECT with anything but 2xx", () => {
      const bench = new ServerBench().receive("CONNECT b:443 HTTP/1.1\r\nHost: a\r\n\r\nEARLY");
      bench.take();
      answer(bench, 403, "no");
      assert.match(bench.sink.text(), /^HTTP\/1\.1 403 .*content-length: 2\r\n.*\r\n\r\nno$/s);
      assert.ok(bench.take().every((said) => !said.includes("EARLY")));
    });

    it("open for a request that also says close", () => {
      const bench = new ServerBench().receive(`${UPGRADE.replace("keep-alive", "close")}EARLY`);
      bench.take();
      bench.writer.writeHead(SWITCH, false);
      assert.deepEqual(bench.take(), ["data EARLY"]);
    });
  });

  describe("HTTP/1.0", () => {
    const TEN = "GET / HTTP/1.0\r\nHost: a\r\n\r\n";
    const KEEP = "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n";

    it("is refused with 426 and an answer of HTTP/1.1", () => {
      const bench = new ServerBench().receive(TEN);
      assert.deepEqual(bench.take(), ["fault 426 low_version"]);
      answer(bench, 426, "Upgrade Required");
      assert.match(bench.sink.text(), /^HTTP\/1\.1 426 Upgrade Required\r\n/);
    });

    it("is answered as HTTP/1.0 and closed when it is accepted", () => {
      const bench = new ServerBench({ acceptHttp10: true }).receive(TEN);
      answer(bench, 200, "ok");
      assert.match(bench.sink.text(), /^HTTP\/1\.0 200 OK\r\n.*connection: close\r\n\r\nok$/s);
      assert.equal(bench.take().at(-1), "closed -");
    });

    it("stays open for keep-alive when the length is known", () => {
      const bench = new ServerBench({ acceptHttp10: true }).receive(KEEP + KEEP);
      answer(bench, 200, "ok");
      assert.match(bench.sink.text(), /connection: keep-alive\r\n\r\nok$/s);
      assert.equal(bench.writers.length, 2);
    });

    it("gets a body without length until the end, never chunks", () => {
      const bench = new ServerBench({ acceptHttp10: true }).receive(KEEP);
      bench.writer.writeHead(response(200), false);
      body(bench.writer, "ok", true);
      assert.equal(bench.sink.text(), "HTTP/1.0 200 OK\r\nconnection: close\r\n\r\nok");
      assert.equal(bench.take().at(-1), "closed -");
    });

    it("knows no interim answers and no transfer coding, and may have no Host", () => {
      const bench = new ServerBench({ acceptHttp10: true, defaultHostForHttp10: "d" }).receive(
        "GET / HTTP/1.0\r\n\r\n",
      );
      assert.deepEqual(bench.take(), ["head end :method=GET|:scheme=http|:authority=d|:path=/"]);
      bench.writer.writeInterim(response(100));
      assert.equal(bench.sink.text(), "");
      const bare = new ServerBench({ acceptHttp10: true }).receive("GET / HTTP/1.0\r\n\r\n");
      assert.deepEqual(bare.take(), ["fault 400 missing_host_header"]);
      const coded = new ServerBench({ acceptHttp10: true }).receive(CHUNKED_POST.replace("1.1", "1.0"));
      assert.deepEqual(coded.take(), ["fault 400 http1.codec_error"]);
    });
  });

  it("writes names in proper case when told", () => {
    const bench = new ServerBench({ properCase: true }).receive(CLOSING_GET);
    bench.writer.writeHead(
      response(200, [
        ["content-type", "a"],
        ["x-b3-traceid", "b"],
        ["my-own_name2x", "c"],
      ]),
      true,
    );
    assert.equal(
      bench.sink.text(),
      "HTTP/1.1 200 OK\r\nContent-Type: a\r\nX-B3-Traceid: b\r\nMy-Own_Name2X: c\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    );
  });

  it("writes none of the fields of another hop", () => {
    const bench = new ServerBench().receive(GET);
    const fields = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];
    bench.writer.writeHead(
      response(
        200,
        fields.map((name) => [name, "x"] as const),
      ),
      true,
    );
    assert.equal(bench.sink.text(), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  });

  it("writes Envoy's status texts", () => {
    for (const [status, text] of [
      [418, "Unknown"],
      [431, "Request Header Fields Too Large"],
      [799, "Unknown"],
    ] as const) {
      const bench = new ServerBench().receive(GET);
      bench.writer.writeHead(response(status), true);
      assert.equal(bench.sink.text().split("\r\n", 1)[0], `HTTP/1.1 ${status} ${text}`);
    }
  });
});
