// Windows both ways (RFC 9113 §5.2, §6.9): what is sent and when, what is given back and when, and pressure towards the owner.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { ErrorCode } from "../../../src/protocol/fault.ts";
import type { MessageWriter } from "../../../src/protocol/message.ts";
import { frame, GET, POST } from "./support/frame.ts";
import { ServerProbe, writeHead, writeTrailers } from "./support/probe.ts";

const OK = [[":status", "200"]] as const;

/** A server with answered heads on streams 1, 3, …; the client's windows as given. */
function answering(streams: number, windows: { stream: number; connection?: number }): ServerProbe {
  const server = new ServerProbe({}, [frame.preface(), frame.settings({ initialWindowSize: windows.stream })]);
  const more = (windows.connection ?? 65_535) - 65_535;
  if (more > 0) server.receive(frame.windowUpdate({ stream: 0, increment: more }));
  for (let i = 0; i < streams; i++) {
    server.receive(frame.headers({ stream: 1 + 2 * i, fields: GET, end: true }));
    writeHead(server.writer(i), OK, false);
  }
  server.frames();
  server.calls();
  return server;
}

function send(writer: MessageWriter, bytes: number, last: boolean): void {
  writer.writeData(Buffer.alloc(bytes, "x"), 0, bytes, last);
}

describe("sending within windows", () => {
  it("stops at the stream's window and goes on when it is widened", () => {
    const server = answering(1, { stream: 10 });
    send(server.writer(), 25, true);
    assert.deepEqual(server.frames(), ["DATA 1 10 bytes"]);
    server.receive(frame.windowUpdate({ stream: 1, increment: 10 }));
    assert.deepEqual(server.frames(), ["DATA 1 10 bytes"]);
    server.receive(frame.windowUpdate({ stream: 1, increment: 100 }));
    assert.deepEqual(server.frames(), ["DATA 1 5 bytes end"]);
    assert.deepEqual(server.calls(), ["1 done"]);
  });

  it("stops at the connection's window and shares what is given frame by frame", () => {
    const server = answering(2, { stream: 1_000_000 });
    send(server.writer(0), 65_535 + 40_000, true);
    send(server.writer(1), 40_000, true);
    server.frames();
    server.receive(frame.windowUpdate({ stream: 0, increment: 1_000_000 }));
    assert.deepEqual(server.frames(), [
      "DATA 1 16384 bytes",
      "DATA 3 16384 bytes",
      "DATA 1 16384 bytes",
      "DATA 3 16384 bytes",
      "DATA 1 7232 bytes end",
      "DATA 3 7232 bytes end",
    ]);
  });

  it("does not let a stream without window hold up the others", () => {
    const server = answering(2, { stream: 10, connection: 1_000_000 });
    send(server.writer(0), 100, true);
    send(server.writer(1), 10, true);
    assert.deepEqual(server.frames(), ["DATA 1 10 bytes", "DATA 3 10 bytes end"]);
  });

  it("ends a message without window when nothing of it waits", () => {
    const server = answering(2, { stream: 5 });
    send(server.writer(0), 5, false);
    send(server.writer(0), 0, true);
    send(server.writer(1), 9, false);
    writeTrailers(server.writer(1), [["x-sum", "1"]]);
    assert.deepEqual(server.frames(), ["DATA 1 5 bytes", "DATA 1 0 bytes end", "DATA 3 5 bytes"]);
    server.receive(frame.windowUpdate({ stream: 3, increment: 4 }));
    assert.deepEqual(server.frames(), ["DATA 3 4 bytes", "HEADERS 3 end x-sum=1"]);
  });

  it("applies a smaller SETTINGS_INITIAL_WINDOW_SIZE to open streams, below zero if need be", () => {
    const server = answering(1, { stream: 100 });
    send(server.writer(), 80, false);
    server.frames();
    server.receive(frame.settings({ initialWindowSize: 30 }));
    send(server.writer(), 10, true);
    assert.deepEqual(server.frames(), ["SETTINGS ack"], "the window is -50");
    server.receive(frame.windowUpdate({ stream: 1, increment: 50 }));
    assert.deepEqual(server.frames(), [], "the window is 0");
    server.receive(frame.windowUpdate({ stream: 1, increment: 4 }));
    assert.deepEqual(server.frames(), ["DATA 1 4 bytes"]);
    server.receive(frame.settings({ initialWindowSize: 100 }));
    assert.deepEqual(server.frames(), ["SETTINGS ack", "DATA 1 6 bytes end"]);
  });

  it("ends the connection when SETTINGS widens a stream beyond 2^31-1", () => {
    const server = answering(1, { stream: 100 });
    server.receive(
      frame.windowUpdate({ stream: 1, increment: 0x7fff_ff00 }),
      frame.settings({ initialWindowSize: 1_000 }),
    );
    assert.equal(server.frames().at(-1), `GOAWAY last=1 code=${ErrorCode.FlowControlError}`);
  });

  it("resets a stream whose window passes 2^31-1 or is widened by nothing", () => {
    const server = answering(2, { stream: 100 });
    server.receive(frame.windowUpdate({ stream: 1, increment: 0x7fff_ffff }));
    server.receive(frame.windowUpdate({ stream: 3, increment: 0 }));
    assert.deepEqual(server.frames(), [
      `RST_STREAM 1 code=${ErrorCode.FlowControlError}`,
      `RST_STREAM 3 code=${ErrorCode.ProtocolError}`,
    ]);
  });

  it("sends frames as long as the peer allows, up to 64 KiB", () => {
    const server = answering(1, { stream: 1_000_000, connection: 1_000_000 });
    server.receive(frame.settings({ maxFrameSize: 1_000_000 }));
    server.frames();
    send(server.writer(), 100_000, true);
    assert.deepEqual(server.frames(), ["DATA 1 65536 bytes", "DATA 1 34464 bytes end"]);
  });
});

describe("pressure on the sending side", () => {
  it("is backed up above 32 KiB and says when half of it is left", () => {
    const server = answering(1, { stream: 0 });
    send(server.writer(), 32_768, false);
    assert.equal(server.writer().isBackedUp(), false);
    send(server.writer(), 1, false);
    assert.equal(server.writer().isBackedUp(), true);
    server.receive(frame.windowUpdate({ stream: 1, increment: 16_384 }));
    assert.deepEqual(server.calls(), [], "16 385 bytes wait");
    server.receive(frame.windowUpdate({ stream: 1, increment: 1 }));
    assert.deepEqual(server.calls(), ["1 writable"]);
    server.receive(frame.windowUpdate({ stream: 1, increment: 9_000 }));
    assert.deepEqual(server.calls(), [], "once");
  });

  it("stops producing DATA while the socket is full, and goes on when it has drained", () => {
    const server = answering(2, { stream: 1_000_000, connection: 10_000_000 });
    server.sink.stuckBytes = 131_072 - 20_000;
    send(server.writer(0), 60_000, true);
    send(server.writer(1), 10_000, true);
    assert.deepEqual(server.frames(), ["DATA 1 16384 bytes", "DATA 1 16384 bytes"]);
    server.sink.stuckBytes = 131_072;
    server.receive(frame.ping());
    assert.deepEqual(server.frames(), ["PING ack 7"]);
    server.sink.stuckBytes = 0;
    server.codec.onDrain();
    assert.deepEqual(server.frames(), ["DATA 1 16384 bytes", "DATA 3 10000 bytes end", "DATA 1 10848 bytes end"]);
  });

  it("backs every stream up when 4 MiB wait on the connection", () => {
    const server = answering(81, { stream: 0 });
    for (let i = 0; i < 80; i++) send(server.writer(i), 60_000, false);
    assert.equal(server.writer(80).isBackedUp(), false, "nothing of its own waits");
    send(server.writer(80), 100, false);
    assert.equal(server.writer(80).isBackedUp(), true);
    server.receive(frame.windowUpdate({ stream: 161, increment: 100 }));
    assert.deepEqual(server.calls(), ["161 writable"]);
  });

  it("forgets what a reset stream had waiting", () => {
    const server = answering(1, { stream: 0 });
    send(server.writer(), 60_000, false);
    server.writer().reset(ErrorCode.Cancel);
    server.receive(frame.windowUpdate({ stream: 0, increment: 100_000 }));
    assert.deepEqual(server.frames(), [`RST_STREAM 1 code=${ErrorCode.Cancel}`]);
    assert.deepEqual(server.calls(), ["1 done"]);
  });
});

describe("receiving within windows", () => {
  const part = (stream: number, bytes: number): Buffer => frame.data({ stream, bytes: Buffer.alloc(bytes) });

  it("gives a window back when half of it was consumed, not frame by frame", () => {
    const server = new ServerProbe();
    server.receive(frame.headers({ stream: 1, fields: POST }), part(1, 16_384));
    assert.deepEqual(server.frames(), []);
    server.receive(part(1, 16_383));
    assert.deepEqual(server.frames(), []);
    server.receive(part(1, 1));
    assert.deepEqual(server.frames(), ["WINDOW_UPDATE 1 +32768"]);
  });

  it("gives the connection's window back over all streams, and none to a stream that ended", () => {
    const server = new ServerProbe({ initialConnectionWindowBytes: 65_535 });
    server.receive(frame.headers({ stream: 1, fields: POST }), part(1, 16_384));
    server.receive(frame.headers({ stream: 3, fields: POST }), part(3, 16_000));
    server.receive(frame.data({ stream: 3, bytes: Buffer.alloc(16_384), end: true }));
    assert.deepEqual(server.frames(), ["WINDOW_UPDATE 0 +48768"]);
  });

  it("keeps the window of a paused source until it resumes, while the connection's goes on", () => {
    const server = new ServerProbe({ initialConnectionWindowBytes: 65_535 });
    server.receive(frame.headers({ stream: 1, fields: POST }));
    server.writer().pauseSource();
    server.receive(part(1, 16_384), part(1, 16_384), part(1, 16_384));
    assert.deepEqual(server.frames(), ["WINDOW_UPDATE 0 +32768"]);
    server.writer().resumeSource();
    assert.deepEqual(server.frames(), ["WINDOW_UPDATE 1 +49152"]);
  });

  it("resets a stream that sends more than its window", () => {
    const server = new ServerProbe();
    server.receive(frame.headers({ stream: 1, fields: POST }));
    server.writer().pauseSource();
    for (let i = 0; i < 4; i++) server.receive(part(1, 16_384));
    assert.deepEqual(server.frames(), []);
    server.receive(part(1, 1));
    assert.deepEqual(server.frames(), [`RST_STREAM 1 code=${ErrorCode.FlowControlError}`]);
    assert.equal(server.sinks[0]?.fault?.kind, "flow_control");
  });

  it("keeps the connection's window when paused sources have passed on 3 MiB, and ends who sends on", () => {
    const server = new ServerProbe({ initialStreamWindowBytes: 10_000_000 });
    server.receive(frame.headers({ stream: 1, fields: POST }));
    server.writer().pauseSource();
    let sent = 0;
    const fault = (): string | undefined => server.sinks[0]?.fault?.kind;
    for (; sent < 300 && fault() === undefined; sent++) server.receive(part(1, 16_384));
    assert.equal(fault(), "flow_control");
    assert.equal(server.frames().at(-1), `GOAWAY last=1 code=${ErrorCode.FlowControlError}`);
    const body = server.sinks[0]?.body.length ?? 0;
    assert.ok(body > 3_145_728 && body <= 4_194_304 + 16_384, `${body} bytes came`);
  });

  it("tolerates the initial window until the peer has acknowledged a smaller one", () => {
    const server = new ServerProbe({ initialStreamWindowBytes: 100 });
    server.receive(frame.headers({ stream: 1, fields: POST }));
    server.writer().pauseSource();
    server.receive(part(1, 10_000));
    assert.deepEqual(server.frames(), []);
    server.receive(frame.settingsAck(), frame.headers({ stream: 3, fields: POST }), part(3, 101));
    assert.deepEqual(server.frames(), [`RST_STREAM 3 code=${ErrorCode.FlowControlError}`]);
  });

  it("counts padding as consumed", () => {
    const server = new ServerProbe({ initialStreamWindowBytes: 1_000 });
    server.receive(frame.headers({ stream: 1, fields: POST }));
    server.receive(frame.data({ stream: 1, text: "a".repeat(299), padding: 200 }));
    assert.deepEqual(server.frames(), ["WINDOW_UPDATE 1 +500"]);
  });

  it("ends streams of complete answers that did not move between two looks, and no others", () => {
    const server = new ServerProbe({}, [frame.preface(), frame.settings({ initialWindowSize: 0 })]);
    server.receive(...[1, 3, 5].map((stream) => frame.headers({ stream, fields: GET, end: true })));
    for (const index of [0, 1, 2]) writeHead(server.writer(index), [[":status", "200"]], false);
    server.writer(0).writeData(Buffer.from("stalls"), 0, 6, true);
    server.writer(1).writeData(Buffer.from("moves"), 0, 5, true);
    server.writer(2).writeData(Buffer.from("is not complete"), 0, 15, false);
    server.receive(frame.windowUpdate({ stream: 3, increment: 1 }));
    server.frames();
    assert.equal(server.codec.endStalled?.(), 1);
    assert.deepEqual(server.frames(), [`RST_STREAM 1 code=${ErrorCode.InternalError}`]);
    assert.equal(server.codec.openExchanges(), 2);
    assert.equal(server.codec.endStalled?.(), 1, "the second has not moved since");
    assert.equal(server.codec.openExchanges(), 1);
  });
});
