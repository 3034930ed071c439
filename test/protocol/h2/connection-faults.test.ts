// What ends a whole connection, by section of RFC 9113: bytes in, GOAWAY out, every open exchange told.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ErrorCode } from "../../../src/protocol/fault.ts";
import { frame, GET, POST } from "./support/frame.ts";
import { ServerProbe } from "./support/probe.ts";

interface Row {
  readonly name: string;
  readonly frames: readonly Buffer[];
  readonly code: number;
}

const EMPTY = Buffer.alloc(0);
const get = (stream: number): Buffer => frame.headers({ stream, fields: GET, end: true });
const openHeaders = frame.headers({ stream: 1, fields: GET, endHeaders: false });

const ROWS: readonly Row[] = [
  {
    name: "§4.2 a frame above SETTINGS_MAX_FRAME_SIZE",
    frames: [frame.any(0, 0, 1, Buffer.alloc(16_385))],
    code: ErrorCode.FrameSizeError,
  },
  {
    name: "§4.3 a block that does not decode",
    frames: [frame.any(1, 5, 1, Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff))],
    code: ErrorCode.CompressionError,
  },
  {
    name: "§5.1 DATA on an idle stream",
    frames: [frame.data({ stream: 1, text: "x" })],
    code: ErrorCode.ProtocolError,
  },
  {
    name: "§5.1 RST_STREAM on an idle stream",
    frames: [frame.rstStream({ stream: 1 })],
    code: ErrorCode.ProtocolError,
  },
  {
    name: "§5.1 WINDOW_UPDATE on an idle stream",
    frames: [frame.windowUpdate({ stream: 1, increment: 1 })],
    code: ErrorCode.ProtocolError,
  },
  { name: "§5.1.1 HEADERS on an even stream", frames: [get(2)], code: ErrorCode.ProtocolError },
  {
    name: "§5.1.1 HEADERS on a smaller stream that was skipped",
    frames: [get(5), get(3)],
    code: ErrorCode.ProtocolError,
  },
  { name: "§6.1 DATA on stream 0", frames: [frame.data({ stream: 0, text: "x" })], code: ErrorCode.ProtocolError },
  {
    name: "§6.1 DATA whose padding is longer than it",
    frames: [frame.headers({ stream: 1, fields: POST }), frame.any(0, 8, 1, Buffer.of(2, 0))],
    code: ErrorCode.ProtocolError,
  },
  {
    name: "§6.1 padded DATA without a padding length",
    frames: [frame.headers({ stream: 1, fields: POST }), frame.any(0, 8, 1, EMPTY)],
    code: ErrorCode.ProtocolError,
  },
  { name: "§6.2 HEADERS on stream 0", frames: [get(0)], code: ErrorCode.ProtocolError },
  {
    name: "§6.2 HEADERS whose padding is longer than it",
    frames: [frame.any(1, 13, 1, Buffer.of(9, 0x82))],
    code: ErrorCode.ProtocolError,
  },
  { name: "§6.3 PRIORITY of 4 bytes", frames: [frame.any(2, 0, 1, Buffer.alloc(4))], code: ErrorCode.FrameSizeError },
  { name: "§6.4 RST_STREAM on stream 0", frames: [frame.rstStream({ stream: 0 })], code: ErrorCode.ProtocolError },
  {
    name: "§6.4 RST_STREAM of 5 bytes",
    frames: [get(1), frame.any(3, 0, 1, Buffer.alloc(5))],
    code: ErrorCode.FrameSizeError,
  },
  { name: "§6.5 SETTINGS on a stream", frames: [frame.any(4, 0, 1, EMPTY)], code: ErrorCode.ProtocolError },
  { name: "§6.5 SETTINGS of 5 bytes", frames: [frame.any(4, 0, 0, Buffer.alloc(5))], code: ErrorCode.FrameSizeError },
  {
    name: "§6.5 an acknowledgement with a payload",
    frames: [frame.any(4, 1, 0, Buffer.alloc(6))],
    code: ErrorCode.FrameSizeError,
  },
  { name: "§6.5.2 ENABLE_PUSH of 2", frames: [frame.settings({ enablePush: 2 })], code: ErrorCode.ProtocolError },
  {
    name: "§6.5.2 a window above 2^31-1",
    frames: [frame.settings({ initialWindowSize: 0x8000_0000 })],
    code: ErrorCode.FlowControlError,
  },
  {
    name: "§6.5.2 a frame size below 16384",
    frames: [frame.settings({ maxFrameSize: 16_383 })],
    code: ErrorCode.ProtocolError,
  },
  {
    name: "§6.5.2 a frame size above 2^24-1",
    frames: [frame.settings({ maxFrameSize: 0x100_0000 })],
    code: ErrorCode.ProtocolError,
  },
  {
    name: "§6.6 PUSH_PROMISE from a client",
    frames: [get(1), frame.any(5, 4, 1, Buffer.of(0, 0, 0, 2))],
    code: ErrorCode.ProtocolError,
  },
  { name: "§6.7 PING on a stream", frames: [frame.any(6, 0, 1, Buffer.alloc(8))], code: ErrorCode.ProtocolError },
  { name: "§6.7 PING of 7 bytes", frames: [frame.any(6, 0, 0, Buffer.alloc(7))], code: ErrorCode.FrameSizeError },
  { name: "§6.8 GOAWAY on a stream", frames: [frame.any(7, 0, 1, Buffer.alloc(8))], code: ErrorCode.ProtocolError },
  { name: "§6.8 GOAWAY of 7 bytes", frames: [frame.any(7, 0, 0, Buffer.alloc(7))], code: ErrorCode.FrameSizeError },
  {
    name: "§6.9 WINDOW_UPDATE of 0 for the connection",
    frames: [frame.windowUpdate({ stream: 0, increment: 0 })],
    code: ErrorCode.ProtocolError,
  },
  {
    name: "§6.9 WINDOW_UPDATE of 3 bytes",
    frames: [frame.any(8, 0, 0, Buffer.alloc(3))],
    code: ErrorCode.FrameSizeError,
  },
  {
    name: "§6.9.1 a window of the connection above 2^31-1",
    frames: [frame.windowUpdate({ stream: 0, increment: 0x7fff_ffff })],
    code: ErrorCode.FlowControlError,
  },
  {
    name: "§6.10 CONTINUATION without HEADERS",
    frames: [frame.continuation({ stream: 1, fields: GET })],
    code: ErrorCode.ProtocolError,
  },
  {
    name: "§6.10 CONTINUATION of another stream",
    frames: [openHeaders, frame.continuation({ stream: 3, fields: [] })],
    code: ErrorCode.ProtocolError,
  },
  { name: "§6.10 another frame inside a block", frames: [openHeaders, frame.ping()], code: ErrorCode.ProtocolError },
  {
    name: "§6.10 an unknown frame inside a block",
    frames: [openHeaders, frame.any(99, 0, 1, EMPTY)],
    code: ErrorCode.ProtocolError,
  },
];

describe("a server's connection errors", () => {
  for (const row of ROWS) {
    it(`ends the connection on ${row.name}`, () => {
      const server = new ServerProbe();
      server.receive(...row.frames);
      const goaway = server.frames().at(-1) ?? "";
      assert.match(goaway, new RegExp(`^GOAWAY last=\\d+ code=${row.code}$`));
      assert.match(server.calls().at(-1) ?? "", /^connection done (codec_error|flow_control)$/);
      server.receive(frame.ping());
      assert.deepEqual(server.frames(), [], "nothing is read after the end");
    });
  }

  it("tells every open exchange before the connection is done", () => {
    const server = new ServerProbe();
    server.receive(frame.headers({ stream: 1, fields: POST }), frame.headers({ stream: 3, fields: POST }));
    server.calls();
    server.receive(frame.data({ stream: 0, text: "x" }));
    assert.deepEqual(server.calls(), ["1 fault codec_error 1", "3 fault codec_error 1", "connection done codec_error"]);
    server.writer(0).reset(ErrorCode.Cancel);
    server.writer(1).reset(ErrorCode.Cancel);
    assert.deepEqual(server.calls(), ["1 done", "3 done"]);
    assert.equal(server.codec.openExchanges(), 0);
  });

  it("ends on a preface that is not one, whatever it is", () => {
    for (const text of ["GET / HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\rX", "\0"]) {
      const server = new ServerProbe({}, []);
      server.receive(Buffer.from(text));
      assert.equal(server.frames().at(-1), "GOAWAY last=0 code=1");
    }
  });

  it("ends when the first frame is not SETTINGS", () => {
    const server = new ServerProbe({}, []);
    server.receive(frame.preface(), frame.ping());
    assert.equal(server.frames().at(-1), "GOAWAY last=0 code=1");
  });

  it("cites the section in the fault", () => {
    const server = new ServerProbe();
    server.receive(frame.headers({ stream: 1, fields: POST }), frame.windowUpdate({ stream: 0, increment: 0 }));
    assert.equal(server.sinks[0]?.fault?.cite, "RFC 9113 §6.9");
    assert.equal(server.sinks[0]?.fault?.scope, "connection");
  });
});
