// A client that asks for answers and takes nothing of them: its streams are reset one by one, and in the end its connection goes.
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { ErrorCode } from "../../../src/protocol/fault.ts";
import { frame, GET } from "./support/frame.ts";
import { ServerProbe, writeHead } from "./support/probe.ts";

const SHUT = [frame.preface(), frame.settings({ initialWindowSize: 0 })];

describe("HTTP/2 stalls", () => {
  let server: ServerProbe;
  let asked: number;

  beforeEach(() => {
    server = new ServerProbe({}, SHUT);
    asked = 0;
  });

  it("end the connection when nothing moves for another stall time", () => {
    answer();
    server.frames();
    look();
    assert.deepEqual(server.frames(), [`RST_STREAM 1 code=${ErrorCode.InternalError}`]);
    assert.equal(server.codec.isSuspect?.(), true);
    server.calls();
    look();
    assert.deepEqual(server.frames(), [`GOAWAY last=1 code=${ErrorCode.EnhanceYourCalm}`]);
    assert.deepEqual(server.calls(), ["connection done flood"]);
  });

  it("end the connection although it opens more of them", () => {
    answer();
    look();
    answer();
    look();
    assert.equal(goaways(), 1);
  });

  it("are forgotten once the client takes something", () => {
    const slow = answer(false);
    answer();
    look();
    server.receive(frame.windowUpdate({ stream: slow, increment: 1 }));
    look();
    assert.equal(server.codec.isSuspect?.(), false);
    look();
    look();
    assert.equal(goaways(), 0);
  });

  it("leave a connection alone on which an answer is still to come", () => {
    answer();
    ask();
    for (let looks = 0; looks < 9; looks++) look();
    assert.equal(goaways(), 0);
    writeHead(server.writer(1), [[":status", "204"]], true);
    look();
    assert.equal(server.codec.isSuspect?.(), false);
  });

  it("end the connection when they are many and most of its streams", () => {
    for (let i = 0; i < 9; i++) answer();
    look();
    assert.equal(goaways(), 0);
    server = new ServerProbe({}, SHUT);
    for (let i = 0; i < 10; i++) answer();
    look();
    assert.equal(goaways(), 1);
  });

  it("do not add up to too many on a connection most of whose streams end well", () => {
    for (let i = 0; i < 50; i++) {
      complete();
      answer();
      look();
      complete();
      look();
    }
    assert.equal(goaways(), 0);
  });

  it("are those that their owner gives up as idle while body waits, and no others", () => {
    for (let i = 0; i < 10; i++) server.writer(indexOf(ask())).reset(ErrorCode.InternalError, true);
    assert.equal(server.codec.isSuspect?.(), false);
    for (let i = 0; i < 10; i++) server.writer(indexOf(answer(false))).reset(ErrorCode.InternalError);
    for (let i = 0; i < 20; i++) {
      assert.equal(goaways(), 0, `${i} stalled`);
      server.writer(indexOf(answer(false))).reset(ErrorCode.InternalError, true);
    }
    assert.equal(server.codec.isSuspect?.(), true);
    server.writer(indexOf(answer(false))).reset(ErrorCode.InternalError, true);
    assert.equal(goaways(), 1);
  });

  it("only end streams where that is asked for", () => {
    server = new ServerProbe({ stalledStreamsMax: Number.POSITIVE_INFINITY }, SHUT);
    for (let i = 0; i < 50; i++) answer();
    for (let looks = 0; looks < 9; looks++) look();
    assert.deepEqual([server.codec.openExchanges(), goaways(), server.codec.isSuspect?.()], [0, 0, false]);
  });

  /** Opens a stream; its id. */
  function ask(): number {
    const stream = 1 + 2 * asked++;
    server.receive(frame.headers({ stream, fields: GET, end: true }));
    return stream;
  }

  /** Opens a stream and answers it with body that waits for the client's window. */
  function answer(last: boolean = true): number {
    const stream = ask();
    const writer = server.writer(indexOf(stream));
    writeHead(writer, [[":status", "200"]], false);
    writer.writeData(Buffer.from("body"), 0, 4, last);
    return stream;
  }

  /** Opens a stream and answers it with a head only, which no window holds back. */
  function complete(): void {
    writeHead(server.writer(indexOf(ask())), [[":status", "204"]], true);
  }

  function indexOf(stream: number): number {
    return server.writers.findIndex(({ streamId }) => streamId === stream);
  }

  /** Another stall time is over. */
  function look(): void {
    server.codec.endStalled?.();
  }

  function goaways(): number {
    return server.codec.counters.goaway_sent;
  }
});
