import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type RuntimeSeedResult, runRuntimeSeed } from "./run-runtime-seed.ts";

describe("worlds that share a runtime layer", () => {
  const happened = new Map<string, number>();

  for (let thirty = 0; thirty < 2; thirty++) {
    it(`come to hold the same, go back on nothing, and put back what fails: seeds ${thirty * 30 + 1} to ${thirty * 30 + 30}`, () => {
      const results = Array.from({ length: 30 }, (_, index) => runRuntimeSeed(thirty * 30 + index + 1));
      for (const { world } of results) {
        for (const what of world.happened.keys()) happened.set(what, (happened.get(what) ?? 0) + 1);
      }
      assert.deepEqual(results.filter(({ breaches }) => breaches.length > 0).map(textOf), []);
    });
  }

  it("see everything happen that can", () => {
    assert.deepEqual(
      HAPPENINGS.filter((what) => (happened.get(what) ?? 0) < 3),
      [],
    );
  });
});

function textOf({ seed, faults, breaches }: RuntimeSeedResult): string {
  return `seed ${seed}: ${breaches.join("; ")} after ${faults.join("; ")} (npm run sim:runtime -- --seed ${seed})`;
}

const HAPPENINGS: readonly string[] = [
  "accepted",
  "refused",
  "changed",
  "step",
  "held",
  "done",
  "rolled_back",
  "runtime_pulls",
  "partition",
  "broker gone",
  "stands still",
  "is killed",
  "loss",
  "disorder",
  "newcomer",
];
