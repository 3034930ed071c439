import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { afterFailure, DEFAULT_RESTART_POLICY, NO_FAILURES } from "../../src/actor/restart-policy.ts";

/** The delays that follow failures at these times, each after a life of `livedMs`. */
function delays(times: readonly number[], livedMs: number): { delayMs: number; tooMany: boolean }[] {
  let history = NO_FAILURES;
  return times.map((nowMs) => {
    const verdict = afterFailure(DEFAULT_RESTART_POLICY, history, nowMs, livedMs);
    history = verdict.history;
    return { delayMs: verdict.delayMs, tooMany: verdict.tooMany };
  });
}

describe("the restart policy", () => {
  it("doubles the wait from 100 ms with every failure in a row", () => {
    assert.deepEqual(
      delays([0, 1000, 2000, 3000, 4000], 10).map(({ delayMs }) => delayMs),
      [100, 200, 400, 800, 1600],
    );
  });

  it("never waits longer than 10 s", () => {
    const spaced = Array.from({ length: 12 }, (_, i) => i * 15_000);
    assert.equal(Math.max(...delays(spaced, 10).map(({ delayMs }) => delayMs)), 10_000);
  });

  it("begins anew after a life of 10 s", () => {
    assert.deepEqual(
      delays([0, 20_000, 40_000], 10_000).map(({ delayMs }) => delayMs),
      [100, 100, 100],
    );
  });

  it("says that it is too many from the sixth failure in a minute on", () => {
    assert.deepEqual(
      delays([0, 1, 2, 3, 4, 5, 6], 0).map(({ tooMany }) => tooMany),
      [false, false, false, false, false, true, true],
    );
  });

  it("forgets failures that are older than a minute", () => {
    assert.equal(delays([0, 1, 2, 3, 4, 61_000], 0).at(-1)?.tooMany, false);
  });
});
