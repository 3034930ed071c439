// The client's role: requests out, responses in, what the server allows, refuses and takes back.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ErrorCode, fault } from "../../../src/protocol/fault.ts";
import { frame, GET, POST } from "./support/frame.ts";
import type { Pair } from "./support/hpack.ts";
import { ClientProbe, writeHead } from "./support/probe.ts";

const HEAD: readonly Pair[] = [[":method", "HEAD"], ...GET.slice(1)];
const answer = (stream: number, fields: readonly Pair[] = [[":status", "200"]], end = true): Buffer =>
  frame.headers({ stream, fields, end });

describe("a client's messages", () => {
  it("sends preface, SETTINGS without push, window and the first request in one go", () => {
    const client = new ClientProbe({}, []);
    client.request(GET, true);
    const bytes = client.sink.take();
    assert.equal(bytes.subarray(0, 24).toString(), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert.equal(bytes.subarray(27, 28)[0], 4, "SETTINGS come first");
    assert.match(bytes.toString("latin1"), /a\.test/);
  });

  it("numbers streams in the order of their heads, not of their opening", () => {
    const client = new ClientProbe();
    const first = client.open();
    const second = client.open();
    writeHead(second.writer, GET, true);
    writeHead(first.writer, GET, true);
    assert.deepEqual([first.writer.streamId, second.writer.streamId], [3, 1]);
    assert.equal(client.frames().length, 2);
  });

  it("passes interim heads, head, body and trailers on", () => {
    const client = new ClientProbe();
    client.request(GET, true);
    client.receive(
      answer(
        1,
        [
          [":status", "103"],
          ["link", "</x>"],
        ],
        false,
      ),
      answer(1, [[":status", "200"]], false),
    );
    client.receive(
      frame.data({ stream: 1, text: "abc" }),
      frame.headers({ stream: 1, fields: [["grpc-status", "0"]], end: true }),
    );
    assert.deepEqual(client.calls(), [
      "r1 interim 103 link=</x>",
      "r1 head 200",
      "r1 body of 3 trailers grpc-status=0",
      "1 done",
    ]);
  });

  it("keeps an exchange open until both halves are over", () => {
    const client = new ClientProbe();
    const { writer } = client.request(POST, false);
    client.receive(answer(1));
    assert.deepEqual(client.calls(), ["r1 head 200 end"]);
    writer.writeData(Buffer.from("x"), 0, 1, true);
    assert.deepEqual(client.calls(), ["1 done"]);
  });

  it("takes RST_STREAM NO_ERROR behind a complete answer as its end", () => {
    const client = new ClientProbe();
    const { writer } = client.request(POST, false);
    client.frames();
    client.receive(answer(1), frame.rstStream({ stream: 1, code: ErrorCode.NoError }));
    assert.deepEqual(client.calls(), ["r1 head 200 end", "1 done"]);
    writer.writeData(Buffer.from("x"), 0, 1, true);
    assert.deepEqual(client.frames(), []);
  });

  const BODILESS: readonly (readonly [name: string, request: readonly Pair[], status: string])[] = [
    ["an answer to HEAD", HEAD, "200"],
    ["304", GET, "304"],
    ["204", GET, "204"],
  ];
  for (const [name, request, status] of BODILESS) {
    it(`lets ${name} have a content-length without a body, but no body`, () => {
      const client = new ClientProbe();
      client.request(request, true);
      client.request(request, true);
      client.receive(
        answer(1, [
          [":status", status],
          ["content-length", "5"],
        ]),
      );
      client.receive(
        answer(
          3,
          [
            [":status", status],
            ["content-length", "5"],
          ],
          false,
        ),
        frame.data({ stream: 3, text: "12345" }),
      );
      const calls = client.calls();
      assert.equal(calls[0], `r1 head ${status} content-length=5 end`);
      assert.ok(calls.includes("r2 fault codec_error 1"));
    });
  }

  it("resets a stream when its owner gives it up, also after the request's end", () => {
    const client = new ClientProbe();
    const { writer } = client.request(GET, true);
    client.frames();
    writer.reset(ErrorCode.Cancel);
    assert.deepEqual(client.frames(), [`RST_STREAM 1 code=${ErrorCode.Cancel}`]);
    client.receive(answer(1), frame.ping());
    assert.deepEqual(client.frames(), ["PING ack 7"], "what was under way is ignored");
    assert.deepEqual(client.calls(), ["1 done"]);
  });

  it("gives up a stream that has no head yet without a frame", () => {
    const client = new ClientProbe();
    client.open().writer.reset(ErrorCode.Cancel);
    assert.deepEqual(client.frames(), []);
    assert.deepEqual(client.calls(), ["0 done"]);
    assert.equal(client.codec.openExchanges(), 0);
  });
});

describe("malformed responses", () => {
  const ROWS: readonly (readonly [name: string, frames: readonly Buffer[]])[] = [
    ["no status", [answer(1, [["x", "1"]])]],
    ["a status of two digits", [answer(1, [[":status", "20"]])]],
    [
      "a status twice",
      [
        answer(1, [
          [":status", "200"],
          [":status", "200"],
        ]),
      ],
    ],
    [
      "a request's pseudo-header",
      [
        answer(1, [
          [":status", "200"],
          [":path", "/"],
        ]),
      ],
    ],
    ["101", [answer(1, [[":status", "101"]], false)]],
    ["an interim head that ends the stream", [answer(1, [[":status", "100"]])]],
    ["DATA before a head", [frame.data({ stream: 1, text: "x" })]],
    [
      "connection",
      [
        answer(1, [
          [":status", "200"],
          ["connection", "close"],
        ]),
      ],
    ],
    [
      "less DATA than content-length",
      [
        answer(
          1,
          [
            [":status", "200"],
            ["content-length", "3"],
          ],
          false,
        ),
        frame.data({ stream: 1, text: "x", end: true }),
      ],
    ],
  ];
  for (const [name, frames] of ROWS) {
    it(`reset the stream: ${name}`, () => {
      const client = new ClientProbe();
      client.request(GET, true);
      client.frames();
      client.receive(...frames, frame.ping());
      assert.deepEqual(client.frames(), ["RST_STREAM 1 code=1", "PING ack 7"]);
      assert.deepEqual(client.calls().slice(-2), ["r1 fault codec_error 1", "1 done"]);
    });
  }
});

describe("what a server allows and takes back", () => {
  it("opens no more than SETTINGS_MAX_CONCURRENT_STREAMS and its own bound", () => {
    const client = new ClientProbe({ concurrentStreamsMax: 3 }, [frame.settings({ maxConcurrentStreams: 2 })]);
    assert.deepEqual(client.calls(), ["capacity 2"]);
    client.request(GET, true);
    assert.equal(client.codec.canOpen(), true);
    client.open();
    assert.equal(client.codec.canOpen(), false);
    client.receive(frame.settings({ maxConcurrentStreams: 100 }));
    assert.deepEqual(client.calls(), ["capacity 3"]);
    assert.equal(client.codec.canOpen(), true);
  });

  it("reports REFUSED_STREAM as safe to retry and another reset as not", () => {
    const client = new ClientProbe();
    const refused = client.request(GET, true);
    const reset = client.request(GET, true);
    client.receive(
      frame.rstStream({ stream: 1, code: ErrorCode.RefusedStream }),
      frame.rstStream({ stream: 3, code: ErrorCode.InternalError }),
    );
    assert.deepEqual([refused.sink.fault?.kind, refused.sink.fault?.retrySafe], ["remote_refused", true]);
    assert.deepEqual(
      [reset.sink.fault?.kind, reset.sink.fault?.retrySafe, reset.sink.fault?.code],
      ["remote_reset", false, 2],
    );
  });

  it("gives streams above GOAWAY's last one back, finishes the others and ends", () => {
    const client = new ClientProbe();
    client.request(GET, true);
    const above = client.request(GET, true);
    const unsent = client.open();
    client.receive(frame.goaway({ last: 1 }));
    assert.deepEqual(client.calls(), [
      `r2 fault remote_refused ${ErrorCode.RefusedStream}`,
      "3 done for good",
      `r3 fault remote_refused ${ErrorCode.RefusedStream}`,
      "0 done for good",
      "draining 1",
    ]);
    assert.equal(above.sink.fault?.retrySafe, true);
    assert.equal(unsent.sink.fault?.retrySafe, true);
    assert.equal(client.codec.canOpen(), false);
    client.receive(answer(3), answer(1));
    assert.deepEqual(client.calls(), ["r1 head 200 end", "1 done for good", "connection done cleanly"]);
  });

  it("lets a graceful server have its first GOAWAY without losing a stream", () => {
    const client = new ClientProbe();
    client.request(GET, true);
    client.receive(frame.goaway({ last: 0x7fff_ffff }), frame.goaway({ last: 1 }), answer(1));
    assert.deepEqual(client.calls(), [
      "draining 2147483647",
      "draining 1",
      "r1 head 200 end",
      "1 done for good",
      "connection done cleanly",
    ]);
  });

  it("says that GOAWAY was an error when the socket ends after it", () => {
    const client = new ClientProbe();
    const { sink } = client.request(GET, true);
    client.receive(frame.goaway({ last: 1, code: ErrorCode.EnhanceYourCalm }));
    client.codec.connectionLost(fault("connection_closed", "reset"));
    assert.deepEqual([sink.fault?.kind, sink.fault?.code], ["goaway", ErrorCode.EnhanceYourCalm]);
  });

  it("fails on a server that speaks HTTP/1", () => {
    const client = new ClientProbe({}, []);
    const { sink } = client.request(GET, true);
    client.sink.take();
    client.receive(Buffer.from("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"));
    assert.deepEqual([sink.fault?.kind, sink.fault?.scope], ["codec_error", "connection"]);
    assert.deepEqual(client.frames(), ["GOAWAY last=0 code=1"]);
    assert.deepEqual(client.calls(), ["r1 fault codec_error 1", "1 done for good", "connection done codec_error"]);
  });

  it("refuses pushes", () => {
    for (const push of [frame.settings({ enablePush: 1 }), frame.any(5, 4, 1, Buffer.of(0, 0, 0, 2))]) {
      const client = new ClientProbe();
      client.request(GET, true);
      client.frames();
      client.receive(push);
      assert.deepEqual(client.frames(), ["GOAWAY last=0 code=1"]);
    }
  });

  it("ends on HEADERS for a stream it never opened", () => {
    const client = new ClientProbe();
    client.receive(answer(1));
    assert.deepEqual(client.frames(), ["GOAWAY last=0 code=1"]);
  });

  it("tells open and unsent exchanges when the server closes", () => {
    const client = new ClientProbe();
    client.request(GET, true);
    client.open();
    client.codec.receiveEnd();
    assert.deepEqual(client.calls(), [
      "r1 fault connection_closed 0",
      "1 done for good",
      "r2 fault connection_closed 0",
      "0 done for good",
      "connection done connection_closed",
    ]);
    assert.equal(client.codec.canOpen(), false);
  });

  it("learns that extended CONNECT is allowed", () => {
    assert.equal(new ClientProbe().codec.peerAllowsConnect, false);
    assert.equal(new ClientProbe({}, [frame.settings({ enableConnectProtocol: 1 })]).codec.peerAllowsConnect, true);
  });

  it("has one PING unanswered at a time", () => {
    const client = new ClientProbe();
    assert.equal(client.codec.ping(), true);
    assert.equal(client.codec.ping(), false);
    client.receive(frame.ping({ payload: 1, ack: true }));
    assert.equal(client.codec.ping(), true);
  });
});
