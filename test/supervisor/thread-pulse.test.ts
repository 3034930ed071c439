import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { SILENT_S, ThreadPulse } from "../../src/supervisor/thread-pulse.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const SILENT_MS = SILENT_S * 1_000;

describe("the watch over a thread", () => {
  let clock: VirtualClock;
  let pulse: ThreadPulse;
  let said: string[];
  /** What the thread was asked and has not answered. */
  let asked: (() => void)[];
  let hangs: boolean;

  beforeEach(() => {
    clock = new VirtualClock();
    said = [];
    asked = [];
    hangs = false;
    const owner = {
      onSilent: () => said.push("silent"),
      onAnswering: (s: number) => said.push(`answers after ${s} s`),
    };
    const ask = (onSign: () => void): void => {
      asked.push(onSign);
      if (!hangs) answer();
    };
    pulse = new ThreadPulse({ wheel: clock.wheel, owner, ask });
    pulse.begin();
  });

  const answer = (): void => {
    for (const onSign of asked.splice(0)) onSign();
  };

  it("says nothing of one whose loop turns", () => {
    clock.advanceMs(60_000);
    assert.deepEqual(said, []);
  });

  it("says once that it stands still, and once that it turns again", () => {
    hangs = true;
    clock.advanceMs(SILENT_MS);
    assert.deepEqual(said, []);
    clock.advanceMs(60_000);
    assert.deepEqual([said, asked.length], [["silent"], 1]);
    hangs = false;
    answer();
    clock.advanceMs(60_000);
    assert.deepEqual(said, ["silent", "answers after 63 s"]);
    hangs = true;
    clock.advanceMs(SILENT_MS + 2_000);
    assert.deepEqual(said, ["silent", "answers after 63 s", "silent"]);
  });

  it("says nothing of one that was slow for a while", () => {
    hangs = true;
    clock.advanceMs(SILENT_MS);
    answer();
    hangs = false;
    clock.advanceMs(60_000);
    assert.deepEqual(said, []);
  });

  it("looks again, not at the time, after the process itself was stopped", () => {
    hangs = true;
    clock.advanceMs(1_000);
    clock.jumpMs(60_000);
    clock.advanceMs(1_000);
    assert.deepEqual(said, []);
  });

  it("ends with the thread: a late sign of it says nothing of the next", () => {
    hangs = true;
    clock.advanceMs(SILENT_MS + 2_000);
    pulse.end();
    clock.advanceMs(60_000);
    pulse.begin();
    answer();
    assert.deepEqual(said, ["silent"]);
  });
});
