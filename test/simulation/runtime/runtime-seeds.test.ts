import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type RuntimeSeedResult, runRuntimeSeed } from "./run-runtime-seed.ts";

describe("worlds that share a runtime layer", () => {
  const happened = new Map<string, number>();

  for (let fifty = 0; fifty < 2; fifty++) {
    it(`come to hold the same, go back on nothing, and put back what fails: seeds ${fifty * 50 + 1} to ${fifty * 50 + 50}`, () => {
      const results = Array.from({ length: 50 }, (_, index) => runRuntimeSeed(fifty * 50 + index + 1));
      for (const { world } of results) {
        for (const what of world.happened.keys()) happened.set(what, (happened.get(what) ?? 0) + 1);
      }
      assert.deepEqual(results.filter(({ breaches }) => breaches.length > 0).map(textOf), []);
    });
  }

  it("see everything happen that can", () => {
    assert.deepEqual(
      HAPPENINGS.filter((what) => (happened.get(what) ?? 0) < 5),
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
