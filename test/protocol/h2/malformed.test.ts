// Requests that RFC 9113 §8 calls malformed: the stream is reset, the connection goes on.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ErrorCode } from "../../../src/protocol/fault.ts";
import { frame, GET, POST } from "./support/frame.ts";
import type { Pair } from "./support/hpack.ts";
import { ServerProbe } from "./support/probe.ts";

const without = (name: string): Pair[] => GET.filter(([each]) => each !== name);
const replaced = (name: string, value: string): Pair[] => GET.map(([each, old]) => [each, each === name ? value : old]);
const CONNECT: readonly Pair[] = [
  [":method", "CONNECT"],
  [":authority", "a.test:80"],
];

const HEADS: readonly (readonly [name: string, fields: readonly Pair[]])[] = [
  ["§8.2.1 an upper-case name", [...GET, ["X-Id", "1"]]],
  ["§8.2.1 a name with a space", [...GET, ["x id", "1"]]],
  ["§8.2.1 a name with a colon", [...GET, ["x:id", "1"]]],
  ["§8.2.1 an empty name", [...GET, ["", "1"]]],
  ["§8.2.1 a value with a line feed", [...GET, ["x-id", "1\n2"]]],
  ["§8.2.1 a value with NUL", [...GET, ["x-id", "1\u00002"]]],
  ["§8.2.1 a value that starts with a space", [...GET, ["x-id", " 1"]]],
  ["§8.2.1 a value that ends with a tab", [...GET, ["x-id", "1\t"]]],
  ["§8.2.2 connection", [...GET, ["connection", "keep-alive"]]],
  ["§8.2.2 transfer-encoding", [...GET, ["transfer-encoding", "chunked"]]],
  ["§8.2.2 upgrade", [...GET, ["upgrade", "h2c"]]],
  ["§8.2.2 keep-alive", [...GET, ["keep-alive", "5"]]],
  ["§8.2.2 proxy-connection", [...GET, ["proxy-connection", "close"]]],
  ["§8.2.2 te other than trailers", [...GET, ["te", "trailers, deflate"]]],
  ["§8.3 an unknown pseudo-header", [...GET, [":version", "2"]]],
  ["§8.3 a response's pseudo-header", [...GET, [":status", "200"]]],
  ["§8.3 a pseudo-header behind a field", [...without(":path"), ["x-id", "1"], [":path", "/"]]],
  ["§8.3 a pseudo-header twice", [...GET, [":path", "/"]]],
  ["§8.3.1 no method", without(":method")],
  ["§8.3.1 no scheme", without(":scheme")],
  ["§8.3.1 no path", without(":path")],
  ["§8.3.1 an empty path", replaced(":path", "")],
  ["§8.3.1 a path without a slash", replaced(":path", "a/b")],
  ["§8.3.1 a path with a space", replaced(":path", "/a b")],
  ["§8.3.1 the asterisk with GET", replaced(":path", "*")],
  ["§8.3.1 a method with a space", replaced(":method", "GE T")],
  ["§8.3.1 an authority with a slash", replaced(":authority", "a.test/x")],
  ["§8.3.1 a host that differs from the authority", [...GET, ["host", "b.test"]]],
  ["§8.3.1 two hosts", [...without(":authority"), ["host", "a.test"], ["host", "a.test"]]],
  ["§8.5 CONNECT with a path", [...CONNECT, [":path", "/"]]],
  ["§8.5 CONNECT without an authority", [[":method", "CONNECT"]]],
  ["RFC 8441 :protocol that was not allowed", [...replaced(":method", "CONNECT"), [":protocol", "websocket"]]],
  ["§8.1.1 a content-length that is no number", [...POST, ["content-length", "1a"]]],
  ["§8.1.1 a content-length of 17 digits", [...POST, ["content-length", "00000000000000001"]]],
  ["§8.1.1 two content-lengths", [...POST, ["content-length", "1"], ["content-length", "1"]]],
];

describe("malformed requests", () => {
  for (const [name, fields] of HEADS) {
    it(`resets the stream of ${name}`, () => {
      const server = new ServerProbe();
      server.receive(frame.headers({ stream: 1, fields }), frame.ping());
      assert.deepEqual(server.frames(), ["RST_STREAM 1 code=1", "PING ack 7"]);
      assert.deepEqual(server.calls(), ["1 fault codec_error 1"]);
      assert.equal(server.sinks[0]?.fault?.status, 0, "no answer can be written any more");
      assert.equal(server.codec.counters.rx_messaging_error, 1);
    });
  }

  const BODIES: readonly (readonly [name: string, frames: readonly Buffer[]])[] = [
    ["more DATA than content-length", [frame.data({ stream: 1, text: "12345" })]],
    ["less DATA than content-length", [frame.data({ stream: 1, text: "123", end: true })]],
    ["trailers before content-length is reached", [frame.headers({ stream: 1, fields: [["x-sum", "1"]], end: true })]],
    ["trailers without END_STREAM", [frame.headers({ stream: 1, fields: [["x-sum", "1"]] })]],
    [
      "trailers with a pseudo-header",
      [frame.data({ stream: 1, text: "1234" }), frame.headers({ stream: 1, fields: [[":path", "/"]], end: true })],
    ],
  ];
  for (const [name, frames] of BODIES) {
    it(`resets the stream of ${name}`, () => {
      const server = new ServerProbe();
      server.receive(frame.headers({ stream: 1, fields: [...POST, ["content-length", "4"]] }), ...frames, frame.ping());
      assert.deepEqual(server.frames(), ["RST_STREAM 1 code=1", "PING ack 7"]);
      assert.equal(server.calls().at(-1), "1 fault codec_error 1");
    });
  }

  it("resets a request that ends with its head though content-length promises more", () => {
    const server = new ServerProbe();
    server.receive(frame.headers({ stream: 1, fields: [...POST, ["content-length", "4"]], end: true }));
    assert.deepEqual(server.frames(), ["RST_STREAM 1 code=1"]);
  });

  it("keeps the table in step over a malformed block", () => {
    const server = new ServerProbe();
    // Literals with indexing: x-a=1 is inserted by the block that is refused for its upper-case name.
    const indexed = Buffer.concat([Buffer.of(0x40, 3), Buffer.from("x-a"), Buffer.of(1), Buffer.from("1")]);
    const upper = frame.block([["X", "1"]]);
    server.receive(frame.any(1, 5, 1, Buffer.concat([frame.block(GET), indexed, upper])));
    server.receive(frame.any(1, 5, 3, Buffer.concat([frame.block(GET), Buffer.of(0xbe)])));
    assert.match(server.calls().at(-1) ?? "", /^3 head .* x-a=1 end$/);
  });

  const UNDERSCORED = frame.headers({ stream: 1, fields: [...GET, ["x_id", "1"]], end: true });
  it("passes, drops or refuses names with underscores as told", () => {
    const allow = new ServerProbe();
    allow.receive(UNDERSCORED);
    assert.match(allow.calls()[0] ?? "", /x_id=1/);
    const drop = new ServerProbe({ underscores: "drop" });
    drop.receive(UNDERSCORED);
    assert.doesNotMatch(drop.calls()[0] ?? "", /x_id/);
    assert.equal(drop.codec.counters.dropped_headers_with_underscores, 1);
    const reject = new ServerProbe({ underscores: "reject" });
    reject.receive(UNDERSCORED);
    // Envoy's code: test/differential/connection-limits.full.test.ts compares it.
    assert.deepEqual(reject.frames(), [`RST_STREAM 1 code=${ErrorCode.InternalError}`]);
    assert.equal(reject.codec.counters.requests_rejected_with_underscores_in_headers, 1);
  });

  const wide = (count: number): Pair[] => Array.from({ length: count }, (_, i): Pair => [`x-${i}`, "1"]);
  it("lets 431 be answered when a head has too many fields or bytes", () => {
    const heads: readonly (readonly Pair[])[] = [wide(97), [["x-long", "v".repeat(16_000)]]];
    const kinds = heads.map((fields) => {
      const server = new ServerProbe({ headersBytesMax: 10_000 });
      server.receive(frame.headers({ stream: 1, fields: [...GET, ...fields], end: true }));
      return [server.sinks[0]?.fault?.kind, server.sinks[0]?.fault?.status, server.codec.counters.header_overflow];
    });
    assert.deepEqual(kinds, [
      ["too_many_headers", 431, 1],
      ["headers_too_large", 431, 1],
    ]);
  });

  it("counts cookie crumbs one by one before they are merged", () => {
    const crumbs = (count: number): Pair[] => Array.from({ length: count }, (_, i): Pair => ["cookie", `c${i}=1`]);
    const server = new ServerProbe();
    server.receive(frame.headers({ stream: 1, fields: [...GET, ...crumbs(96)], end: true }));
    server.receive(frame.headers({ stream: 3, fields: [...GET, ...crumbs(97)], end: true }));
    assert.match(server.log[0] ?? "", /^1 head .*cookie=c0=1; c1=1; .*; c95=1 end$/);
    assert.equal(server.log[1], `3 fault too_many_headers ${ErrorCode.EnhanceYourCalm}`);
  });

  it("resets a stream whose trailers are above their limit", () => {
    const server = new ServerProbe();
    const trailers = frame.headers({ stream: 1, fields: [["x-long", "v".repeat(8_192)]], end: true });
    server.receive(frame.headers({ stream: 1, fields: POST }), trailers);
    assert.deepEqual(server.frames(), [`RST_STREAM 1 code=${ErrorCode.EnhanceYourCalm}`]);
  });
});
