import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import type { MetricsSinkPlan } from "../../src/config/plan/otlp.ts";
import { MetricsClock } from "../../src/supervisor/metrics-clock.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

describe("the times of sinks of metrics", () => {
  let clock: VirtualClock;
  let metrics: MetricsClock;
  let due: string[];
  let letGo: number;

  beforeEach(() => {
    clock = new VirtualClock();
    due = [];
    letGo = 0;
    metrics = new MetricsClock({
      wheel: clock.wheel,
      onDue: ({ prefix }) => due.push(prefix),
      onLetGo: () => letGo++,
    });
  });

  it("come every interval of each, and lets one go whose collector takes longer", () => {
    const [quick, slow] = [sink("quick", 1_000), sink("slow", 2_000)];
    metrics.assign([quick, slow]);
    clock.advanceMs(1_100);
    assert.deepEqual(due, ["quick"]);
    metrics.exported(structuredClone(quick));
    clock.advanceMs(2_000);
    assert.deepEqual(due.sort(), ["quick", "quick", "slow"]);
    assert.equal(letGo, 1);
  });

  it("stay as they are with another plan that has the sink, and end with one that has not", () => {
    metrics.assign([sink("a", 1_000), sink("b", 1_000)]);
    clock.advanceMs(500);
    metrics.assign([sink("a", 1_000)]);
    clock.advanceMs(600);
    assert.deepEqual(due, ["a"]);
    metrics.stop();
    clock.advanceMs(5_000);
    assert.deepEqual(due, ["a"]);
  });

  it("come again for one that was taken out while it exported, and put in again", () => {
    metrics.assign([sink("a", 1_000)]);
    clock.advanceMs(1_100);
    metrics.assign([]);
    metrics.assign([sink("a", 1_000)]);
    clock.advanceMs(1_100);
    assert.deepEqual([due, letGo], [["a", "a"], 0]);
  });

  it("go on after the thread that exported died", () => {
    metrics.assign([sink("a", 1_000)]);
    clock.advanceMs(1_100);
    metrics.reset();
    clock.advanceMs(1_000);
    assert.deepEqual([due, letGo], [["a", "a"], 0]);
  });
});

function sink(prefix: string, intervalMs: number): MetricsSinkPlan {
  return {
    target: { protocol: "grpc", cluster: "c", authority: "c", path: "/", timeoutMs: 1, headers: [] },
    intervalMs,
    countersAsDeltas: false,
    histogramsAsDeltas: false,
    emitsTags: true,
    usesTaglessNames: true,
    prefix,
    pointsMax: Number.POSITIVE_INFINITY,
  };
}
