// Messages that are right: what a sink hears of a request, and what leaves for a response.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ErrorCode } from "../../../src/protocol/fault.ts";
import { acquireHeaderList } from "../../../src/protocol/header-list.ts";
import { frame, GET, POST } from "./support/frame.ts";
import { headOf, ServerProbe, writeHead, writeTrailers } from "./support/probe.ts";

describe("a server's messages", () => {
  it("greets with SETTINGS and the connection's window before it has read anything", () => {
    const server = new ServerProbe({ allowConnect: true }, []);
    assert.deepEqual(server.frames(), ["SETTINGS 3=100 4=65536 6=61440 8=1", "WINDOW_UPDATE 0 +983041"]);
  });

  it("acknowledges SETTINGS and answers PING with the same payload", () => {
    const server = new ServerProbe({}, []);
    server.frames();
    server.receive(frame.preface(), frame.settings({ maxConcurrentStreams: 5 }), frame.ping({ payload: 99 }));
    assert.deepEqual(server.frames(), ["SETTINGS ack", "PING ack 99"]);
  });

  it("passes a request on and writes its answer in the same turn", () => {
    const server = new ServerProbe();
    server.receive(frame.headers({ stream: 1, fields: GET, end: true }));
    writeHead(
      server.writer(),
      [
        [":status", "200"],
        ["server", "envoy"],
      ],
      false,
    );
    server.writer().writeData(Buffer.from("hello"), 0, 5, true);
    assert.deepEqual(server.calls(), ["1 head :method=GET :scheme=http :authority=a.test :path=/ end", "1 done"]);
    assert.deepEqual(server.frames(), ["HEADERS 1 :status=200 server=envoy", "DATA 1 5 bytes end"]);
  });

  it("joins a head from CONTINUATION frames, padding and a priority part left out", () => {
    const server = new ServerProbe();
    server.receive(
      frame.headers({ stream: 1, fields: GET.slice(0, 2), end: true, endHeaders: false, padding: 5, dependsOn: 3 }),
      frame.continuation({ stream: 1, fields: GET.slice(2, 3), endHeaders: false }),
      frame.continuation({ stream: 1, fields: GET.slice(3) }),
    );
    assert.deepEqual(server.calls(), ["1 head :method=GET :scheme=http :authority=a.test :path=/ end"]);
  });

  it("passes body and trailers on", () => {
    const server = new ServerProbe();
    server.receive(
      frame.headers({ stream: 1, fields: [...POST, ["content-length", "10"]] }),
      frame.data({ stream: 1, text: "12345", padding: 9 }),
      frame.data({ stream: 1, text: "67890" }),
      frame.headers({ stream: 1, fields: [["x-sum", "42"]], end: true }),
    );
    assert.deepEqual(server.calls().slice(1), ["1 body of 10 trailers x-sum=42"]);
    assert.equal(server.sinks[0]?.body.toString(), "1234567890");
  });

  it("makes the authority of a host and drops a host that equals it", () => {
    const server = new ServerProbe();
    const path = GET.filter(([name]) => name !== ":authority");
    server.receive(frame.headers({ stream: 1, fields: [...path, ["host", "h.test"]], end: true }));
    server.receive(frame.headers({ stream: 3, fields: [...GET, ["host", "A.test"]], end: true }));
    assert.deepEqual(server.calls(), [
      "1 head :method=GET :scheme=http :path=/ :authority=h.test end",
      "3 head :method=GET :scheme=http :authority=a.test :path=/ end",
    ]);
  });

  it("passes CONNECT, and extended CONNECT where allowed", () => {
    const server = new ServerProbe({ allowConnect: true });
    server.receive(
      frame.headers({
        stream: 1,
        fields: [
          [":method", "CONNECT"],
          [":authority", "a.test:443"],
        ],
      }),
    );
    const extended = [[":method", "CONNECT"], ...GET.slice(1), [":protocol", "websocket"]] as const;
    server.receive(frame.headers({ stream: 3, fields: extended }));
    assert.deepEqual(server.calls(), [
      "1 head :method=CONNECT :authority=a.test:443",
      "3 head :method=CONNECT :scheme=http :authority=a.test :path=/ :protocol=websocket",
    ]);
  });

  it("ignores unknown frames, unknown settings and PRIORITY", () => {
    const server = new ServerProbe();
    server.receive(frame.any(99, 0xff, 7, Buffer.from("?")), frame.any(4, 0, 0, Buffer.of(0, 99, 0, 0, 0, 1)));
    server.receive(frame.priority({ stream: 5 }), frame.ping());
    assert.deepEqual(server.frames(), ["SETTINGS ack", "PING ack 7"]);
  });

  it("sends interim heads, the head, and trailers behind the body", () => {
    const server = new ServerProbe();
    server.receive(frame.headers({ stream: 1, fields: GET, end: true }));
    const writer = server.writer();
    writer.writeInterim(
      headOf([
        [":status", "103"],
        ["link", "</x>"],
      ]),
    );
    writeHead(writer, [[":status", "200"]], false);
    writer.writeData(Buffer.from("abc"), 0, 3, false);
    writeTrailers(writer, [["grpc-status", "0"]]);
    assert.deepEqual(server.frames(), [
      "HEADERS 1 :status=103 link=</x>",
      "HEADERS 1 :status=200",
      "DATA 1 3 bytes",
      "HEADERS 1 end grpc-status=0",
    ]);
  });

  it("leaves HTTP/1's framing and host out of a head, and te unless it is trailers", () => {
    const server = new ServerProbe();
    server.receive(frame.headers({ stream: 1, fields: GET, end: true }));
    const left = [
      "connection",
      "keep-alive",
      "proxy-connection",
      "transfer-encoding",
      "upgrade",
      "host",
      "http2-settings",
    ];
    writeHead(
      server.writer(),
      [[":status", "200"], ...left.map((name) => [name, "x"] as const), ["te", "x"], ["via", "1"]],
      true,
    );
    assert.deepEqual(server.frames(), ["HEADERS 1 end :status=200 via=1"]);
  });

  it("splits a head that is longer than the peer's frames", () => {
    const server = new ServerProbe();
    server.receive(frame.headers({ stream: 1, fields: GET, end: true }));
    const long = "\u00ff".repeat(40_000);
    writeHead(
      server.writer(),
      [
        [":status", "200"],
        ["x-long", long],
      ],
      true,
    );
    const frames = server.frames();
    assert.deepEqual(frames.slice(0, 2), ["HEADERS 1 end ...", "CONTINUATION 1 ..."]);
    assert.equal(frames[2], `CONTINUATION 1 :status=200 x-long=${long}`);
  });

  it("says RST_STREAM NO_ERROR when the answer is complete before the request", () => {
    const server = new ServerProbe();
    server.receive(frame.headers({ stream: 1, fields: POST }));
    writeHead(server.writer(), [[":status", "413"]], true);
    assert.deepEqual(server.frames(), ["HEADERS 1 end :status=413", `RST_STREAM 1 code=${ErrorCode.NoError}`]);
    server.receive(frame.data({ stream: 1, text: "late", end: true }), frame.ping());
    assert.deepEqual(server.frames(), ["PING ack 7"], "late DATA is ignored");
    assert.deepEqual(server.calls().slice(1), ["1 done"]);
  });

  it("does nothing on a writer whose message has ended", () => {
    const server = new ServerProbe();
    server.receive(frame.headers({ stream: 1, fields: GET, end: true }));
    const writer = server.writer();
    writeHead(writer, [[":status", "200"]], true);
    server.frames();
    writeHead(writer, [[":status", "500"]], true);
    writer.writeData(Buffer.from("x"), 0, 1, true);
    writer.writeTrailers(acquireHeaderList());
    writer.reset(ErrorCode.Cancel);
    assert.deepEqual(server.frames(), []);
    assert.equal(writer.isBackedUp(), false);
  });

  it("keeps the time of a head that is incomplete", () => {
    const server = new ServerProbe({}, []);
    assert.equal(server.codec.headStartedMs(), -1);
    server.receive(frame.preface().subarray(0, 10));
    assert.equal(server.codec.headStartedMs(), 1_000);
    server.nowMs = 1_500;
    server.receive(frame.preface().subarray(10), frame.settings());
    assert.equal(server.codec.headStartedMs(), -1);
    const head = frame.headers({ stream: 1, fields: GET, end: true });
    server.receive(head.subarray(0, 12));
    server.nowMs = 2_000;
    server.receive(head.subarray(12, 13));
    assert.equal(server.codec.headStartedMs(), 1_500);
    server.receive(head.subarray(13));
    assert.equal(server.codec.headStartedMs(), -1);
  });
});
