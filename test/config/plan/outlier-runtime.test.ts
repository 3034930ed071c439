import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { OUTLIER_KEYS, outlierUnder } from "../../../src/config/plan/outlier-runtime.ts";
import { outlierPlan } from "../../support/outlier-plans.ts";

describe("outlier detection under the runtime", () => {
  it("takes each number that has a key from there", () => {
    const keys = Object.values(OUTLIER_KEYS);
    assert.equal(new Set(keys).size, 21);
    const under = outlierUnder(outlierPlan(), new Map(keys.map((key, index) => [key, String(index + 1)])));
    const numbers = Object.entries(under).filter(([, value]) => typeof value === "number");
    assert.deepEqual(
      numbers.map(([, value]) => value).sort((a, z) => Number(a) - Number(z)),
      keys.map((_, index) => index + 1),
    );
    assert.equal(under.enforcingFailurePercentageLocalOrigin, 21);
  });

  it("is the file's where the runtime says nothing or no whole number", () => {
    const runtime = new Map([["outlier_detection.consecutive_5xx", "often"]]);
    assert.deepEqual(outlierUnder(outlierPlan(), runtime), outlierPlan());
  });

  it("never judges without a pause", () => {
    const runtime = new Map([["outlier_detection.interval_ms", "0"]]);
    assert.equal(outlierUnder(outlierPlan(), runtime).intervalMs, 1);
  });
});
