import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { runSeed, type SeedResult } from "./run-seed.ts";
import type { World } from "./world.ts";

describe("a thousand simulated worlds", () => {
  /** Worlds in which each counter moved. */
  const worlds = new Map<string, number>();
  const damped: number[] = [];

  for (let hundred = 0; hundred < 10; hundred++) {
    it(`come to rest with every invariant kept: seeds ${hundred * 100 + 1} to ${hundred * 100 + 100}`, () => {
      const seeds = Array.from({ length: 100 }, (_, index) => hundred * 100 + index + 1);
      const results = seeds.map((seed) => runSeed(seed));
      for (const { world } of results)
        for (const name of countersOf(world)) worlds.set(name, (worlds.get(name) ?? 0) + 1);
      damped.push(...results.map((result) => result.damped));
      const failed = results.filter(({ breaches }) => breaches.length > 0);
      assert.deepEqual(failed.map(textOf), []);
    });
  }

  it("see everything happen that can", () => {
    const seldom = HAPPENINGS.filter((name) => (worlds.get(name) ?? 0) < 10);
    assert.deepEqual(seldom, []);
    assert.ok(damped.filter((factor) => factor === 2).length > 100, "flaps that are damped");
    assert.ok(damped.includes(4), "and more than once");
  });

  for (let fifty = 0; fifty < 4; fifty++) {
    it(`come to rest with the real judge of active checks: seeds ${fifty * 50 + 1} to ${fifty * 50 + 50}`, () => {
      const results = Array.from({ length: 50 }, (_, index) => runSeed(fifty * 50 + index + 1, { judge: "real" }));
      assert.deepEqual(results.filter(({ breaches }) => breaches.length > 0).map(textOf), []);
    });
  }
});

function textOf({ seed, faults, breaches }: SeedResult): string {
  const all = faults.map(({ atMs, forMs, text }) => `${atMs}+${forMs} ${text}`).join("; ");
  const what = breaches.map(({ invariant, what: text }) => `${invariant}: ${text}`).join("; ");
  return `seed ${seed}: ${what} after ${all} (npm run sim -- --seed ${seed} --verbose)`;
}

function countersOf({ nodes }: World): Set<string> {
  return new Set([...nodes.values()].flatMap(({ counters }) => [...counters.keys()]));
}

const HAPPENINGS: readonly string[] = [
  "gaps",
  "syncs",
  "sync_failures",
  "stale_instances",
  "takeovers",
  "handovers",
  "confirmations",
  "contradictions",
  "doubts_sent",
  "doubts_ignored",
  "resignations",
  "pauses",
];
