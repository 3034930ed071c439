import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type Pace, paced } from "../../../src/control/health/pace.ts";

const PACE: Pace = { burst: 3, perSecond: 10 };

describe("a pace", () => {
  it("lets a burst through at once and the rest at its rate", () => {
    assert.deepEqual(delays(5, Number.NEGATIVE_INFINITY, 1_000).waits, [0, 0, 0, 100, 200]);
  });

  it("lets the next burst through when there was quiet enough for it", () => {
    const { untilMs } = delays(5, Number.NEGATIVE_INFINITY, 1_000);
    assert.deepEqual(delays(3, untilMs, 1_250).waits, [50, 150, 250]);
    assert.deepEqual(delays(4, untilMs, 1_500).waits, [0, 0, 0, 100]);
  });
});

function delays(count: number, from: number, nowMs: number): { waits: number[]; untilMs: number } {
  let untilMs = from;
  const waits = Array.from({ length: count }, () => {
    untilMs = paced(PACE, untilMs, nowMs);
    return Math.max(0, untilMs - nowMs);
  });
  return { waits, untilMs };
}
