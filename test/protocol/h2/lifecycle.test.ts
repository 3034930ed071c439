// Slots, resets, graceful and sudden ends of a server's connection.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ErrorCode, fault } from "../../../src/protocol/fault.ts";
import { frame, GET, POST } from "./support/frame.ts";
import { ServerProbe, writeHead } from "./support/probe.ts";

const get = (stream: number): Buffer => frame.headers({ stream, fields: GET, end: true });
const OK = [[":status", "200"]] as const;

describe("slots of a server's streams", () => {
  it("refuses a stream above the limit in a way that may be tried again", () => {
    const server = new ServerProbe({ concurrentStreamsMax: 2 });
    server.receive(get(1), get(3), get(5));
    assert.deepEqual(server.frames(), [`RST_STREAM 5 code=${ErrorCode.RefusedStream}`]);
    assert.equal(server.sinks.length, 2);
    writeHead(server.writer(0), OK, true);
    server.receive(get(7));
    assert.equal(server.sinks.length, 3);
  });

  it("keeps the slot of a reset stream until its owner is done", () => {
    const server = new ServerProbe({ concurrentStreamsMax: 1 });
    server.receive(get(1), frame.rstStream({ stream: 1 }), get(3));
    assert.deepEqual(server.calls().slice(1), [`1 fault remote_reset ${ErrorCode.Cancel}`]);
    assert.deepEqual(server.frames(), [`RST_STREAM 3 code=${ErrorCode.RefusedStream}`]);
    assert.equal(server.codec.openExchanges(), 1);
    server.writer().reset(ErrorCode.Cancel);
    assert.deepEqual(server.calls(), ["1 done"]);
    server.receive(get(5));
    assert.equal(server.sinks.length, 2);
    assert.deepEqual(server.frames(), [], "a stream that the client reset is not reset again");
  });

  it("frees the slot of a stream that is reset behind an ended answer at once, without a fault", () => {
    const server = new ServerProbe({}, [frame.preface(), frame.settings({ initialWindowSize: 1 })]);
    server.receive(get(1));
    writeHead(server.writer(), OK, false);
    server.writer().writeData(Buffer.from("abc"), 0, 3, true);
    server.calls();
    server.receive(frame.rstStream({ stream: 1 }));
    assert.deepEqual(server.calls(), ["1 done"]);
  });

  it("says nothing more to a sink whose owner has reset its stream", () => {
    const server = new ServerProbe();
    server.receive(frame.headers({ stream: 1, fields: POST }));
    server.writer().reset(ErrorCode.InternalError);
    assert.deepEqual(server.frames(), [`RST_STREAM 1 code=${ErrorCode.InternalError}`]);
    server.calls();
    server.receive(frame.data({ stream: 1, text: "late" }), frame.rstStream({ stream: 1 }));
    server.receive(frame.headers({ stream: 1, fields: [["x", "1"]], end: true }));
    assert.deepEqual(server.calls(), []);
    assert.deepEqual(server.frames(), []);
  });
});

describe("frames for closed streams", () => {
  it("are a connection error after both sides have ended", () => {
    for (const late of [frame.data({ stream: 1, text: "x" }), get(1)]) {
      const server = new ServerProbe();
      server.receive(get(1));
      writeHead(server.writer(), OK, true);
      server.frames();
      server.receive(late);
      assert.deepEqual(server.frames(), [`GOAWAY last=1 code=${ErrorCode.StreamClosed}`]);
    }
  });

  it("are a stream error after the peer's reset, and after the peer's end", () => {
    const server = new ServerProbe();
    server.receive(frame.headers({ stream: 1, fields: POST }), frame.rstStream({ stream: 1 }));
    server.receive(frame.data({ stream: 1, text: "x" }));
    server.receive(get(3), frame.data({ stream: 3, text: "x" }));
    assert.deepEqual(server.frames(), [
      `RST_STREAM 1 code=${ErrorCode.StreamClosed}`,
      `RST_STREAM 3 code=${ErrorCode.StreamClosed}`,
    ]);
  });

  it("may be WINDOW_UPDATE, RST_STREAM and PRIORITY", () => {
    const server = new ServerProbe();
    server.receive(get(1));
    writeHead(server.writer(), OK, true);
    server.frames();
    server.receive(
      frame.windowUpdate({ stream: 1, increment: 5 }),
      frame.rstStream({ stream: 1 }),
      frame.priority({ stream: 1 }),
    );
    assert.deepEqual(server.frames(), []);
  });

  it("are forgiven for streams that closed long ago", () => {
    const server = new ServerProbe();
    for (let i = 0; i < 300; i++) {
      server.receive(get(1 + 2 * i));
      writeHead(server.writer(i), OK, true);
    }
    server.frames();
    server.receive(frame.data({ stream: 1, text: "x" }), frame.ping());
    assert.deepEqual(server.frames(), ["PING ack 7"]);
  });
});

describe("the end of a server's connection", () => {
  it("is announced twice when graceful: first nothing is refused, then what is new is ignored", () => {
    const server = new ServerProbe();
    server.receive(get(1));
    server.codec.drain(false);
    server.receive(get(3));
    server.codec.drain(true);
    server.receive(get(5), frame.data({ stream: 5, text: "x" }));
    assert.deepEqual(server.frames(), ["GOAWAY last=2147483647 code=0", "GOAWAY last=3 code=0"]);
    server.calls();
    writeHead(server.writer(0), OK, true);
    assert.deepEqual(server.calls(), ["1 done"]);
    writeHead(server.writer(1), OK, true);
    assert.deepEqual(server.calls(), ["3 done", "connection done cleanly"]);
  });

  it("comes at once when it is idle", () => {
    const server = new ServerProbe();
    server.codec.drain(true);
    assert.deepEqual(server.calls(), ["connection done cleanly"]);
  });

  it("follows the client's GOAWAY when its exchanges are over", () => {
    const server = new ServerProbe();
    server.receive(get(1), frame.goaway({ last: 0 }));
    assert.doesNotMatch(server.log.join(), /connection/);
    writeHead(server.writer(), OK, true);
    assert.equal(server.calls().at(-1), "connection done cleanly");
  });

  it("tells open exchanges once when the socket is gone, and again nothing", () => {
    const server = new ServerProbe();
    server.receive(get(1), frame.headers({ stream: 3, fields: POST }));
    server.calls();
    server.codec.connectionLost(fault("connection_closed", "reset"));
    server.codec.connectionLost(fault("connection_closed", "reset"));
    assert.deepEqual(server.calls(), ["1 fault connection_closed 1", "3 fault connection_closed 1"]);
    writeHead(server.writer(0), OK, true);
    server.writer(1).reset(ErrorCode.Cancel);
    assert.deepEqual(server.frames(), []);
  });

  it("comes with the client's FIN", () => {
    const server = new ServerProbe();
    server.receive(get(1));
    server.calls();
    server.codec.receiveEnd();
    assert.deepEqual(server.calls(), ["1 fault connection_closed 0", "connection done connection_closed"]);
  });

  it("has a PING of ours unanswered until its own acknowledgement comes", () => {
    const server = new ServerProbe();
    assert.equal(server.codec.ping(), true);
    assert.deepEqual(server.frames(), ["PING 1"]);
    assert.equal(server.codec.ping(), false);
    server.receive(frame.ping({ payload: 77, ack: true }));
    assert.equal(server.codec.ping(), false);
    server.receive(frame.ping({ payload: 1, ack: true }));
    assert.equal(server.codec.ping(), true);
  });
});
