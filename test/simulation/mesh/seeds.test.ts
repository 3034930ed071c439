import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { runSeed, type SeedResult } from "./run-seed.ts";

describe("a thousand simulated worlds", () => {
  for (let hundred = 0; hundred < 10; hundred++) {
    it(`come to rest with every invariant kept: seeds ${hundred * 100 + 1} to ${hundred * 100 + 100}`, () => {
      const seeds = Array.from({ length: 100 }, (_, index) => hundred * 100 + index + 1);
      const failed = seeds.map((seed) => runSeed(seed)).filter(({ breaches }) => breaches.length > 0);
      assert.deepEqual(failed.map(textOf), []);
    });
  }

  it("come to rest with the real judge of active checks: seeds 1 to 200", () => {
    const seeds = Array.from({ length: 200 }, (_, index) => index + 1);
    const failed = seeds.map((seed) => runSeed(seed, { judge: "real" })).filter(({ breaches }) => breaches.length > 0);
    assert.deepEqual(failed.map(textOf), []);
  });
});

function textOf({ seed, faults, breaches }: SeedResult): string {
  const all = faults.map(({ atMs, forMs, text }) => `${atMs}+${forMs} ${text}`).join("; ");
  const what = breaches.map(({ invariant, what: text }) => `${invariant}: ${text}`).join("; ");
  return `seed ${seed}: ${what} after ${all} (npm run sim -- --seed ${seed} --verbose)`;
}
