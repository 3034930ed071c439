import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  BACKLOG_BYTES_MAX,
  type EventSink,
  EventStream,
  READERS_MAX,
} from "../../../../src/control/admin/dashboard/event-stream.ts";
import type { JsonObject } from "../../../../src/control/admin/dashboard/merge-patch.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

class Reader implements EventSink {
  writableLength = 0;
  isCut = false;
  readonly texts: string[] = [];
  private onClose = (): void => {};

  write(text: string): void {
    this.texts.push(text);
  }

  destroy(): void {
    this.isCut = true;
    this.onClose();
  }

  once(_: "close", listener: () => void): void {
    this.onClose = listener;
  }
}

/** A stream of a counter that grows with each picture; a picture may cost time, or fail. */
function scene() {
  const clock = new VirtualClock();
  const state = { pictures: 0, costMs: 0, failures: 0, isBroken: false };
  const stream = new EventStream({
    clock,
    wheel: clock.wheel,
    snapshot: (): Promise<JsonObject> => {
      state.pictures++;
      clock.advanceMs(state.costMs);
      return state.isBroken ? Promise.reject(new Error("broken")) : Promise.resolve({ n: state.pictures, same: "x" });
    },
    onFailed: () => state.failures++,
  });
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left >= 0; left -= 10) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advanceMs(left === 0 ? 0 : 10);
    }
  };
  return { stream, state, pass };
}

describe("the dashboard's events", () => {
  it("begin with a snapshot and go on with changes, one picture a second for all readers", async () => {
    const { stream, state, pass } = scene();
    const [first, second] = [new Reader(), new Reader()];
    stream.join(first);
    await pass(1_500);
    stream.join(second);
    await pass(1_000);
    assert.equal(state.pictures, 3);
    const [retry, change, third] = [
      "retry: 2000\n\n",
      'event: change\ndata: {"n":2}\n\n',
      'event: change\ndata: {"n":3}\n\n',
    ];
    assert.deepEqual(first.texts, [retry, 'event: snapshot\ndata: {"n":1,"same":"x"}\n\n', change, third]);
    assert.deepEqual(second.texts, [retry, 'event: snapshot\ndata: {"n":2,"same":"x"}\n\n', third]);
  });

  it("take no more pictures for readers that come and go", async () => {
    const { stream, state, pass } = scene();
    for (let i = 0; i < 10; i++) {
      const reader = new Reader();
      stream.join(reader);
      await pass(100);
      assert.match(reader.texts[1] ?? "", /^event: snapshot\n/);
      reader.destroy();
    }
    assert.equal(state.pictures, 1);
  });

  it("take no pictures for nobody", async () => {
    const { stream, state, pass } = scene();
    const reader = new Reader();
    stream.join(reader);
    await pass(2_500);
    reader.destroy();
    await pass(10_000);
    assert.deepEqual([state.pictures, stream.size], [3, 0]);
  });

  it("have place for so many readers, and again when one has gone", () => {
    const { stream } = scene();
    const readers = Array.from({ length: READERS_MAX }, () => new Reader());
    assert.ok(readers.every((reader) => stream.join(reader)));
    assert.equal(stream.join(new Reader()), false);
    readers[3]?.destroy();
    assert.equal(stream.join(new Reader()), true);
  });

  it("cut off a reader that does not keep up, and no other", async () => {
    const { stream, pass } = scene();
    const [slow, quick] = [new Reader(), new Reader()];
    stream.join(slow);
    stream.join(quick);
    await pass(100);
    slow.writableLength = BACKLOG_BYTES_MAX + 1;
    await pass(2_000);
    assert.deepEqual([slow.isCut, quick.isCut, stream.size], [true, false, 1]);
  });

  it("come less often when a picture is dear, and go on after one that failed", async () => {
    const { stream, state, pass } = scene();
    state.costMs = 100;
    state.isBroken = true;
    const reader = new Reader();
    stream.join(reader);
    await pass(1_800);
    assert.deepEqual([state.pictures, state.failures, reader.texts.length], [1, 1, 1]);
    state.isBroken = false;
    await pass(500);
    assert.match(reader.texts[1] ?? "", /^event: snapshot\n/);
  });

  it("end with the node", async () => {
    const { stream, state, pass } = scene();
    const reader = new Reader();
    stream.join(reader);
    await pass(100);
    stream.close();
    await pass(3_000);
    assert.deepEqual([reader.isCut, state.pictures], [true, 1]);
  });
});
