// The client's role: requests out, responses in.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ErrorCode } from "../../../src/protocol/fault.ts";
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
