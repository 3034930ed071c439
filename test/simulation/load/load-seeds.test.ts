import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type LoadSeedResult, runLoadSeed } from "./run-load-seed.ts";

describe("worlds that merge their load", () => {
  const worlds = new Map<string, number>();

  for (let hundred = 0; hundred < 5; hundred++) {
    it(`lose no count and count none twice: seeds ${hundred * 100 + 1} to ${hundred * 100 + 100}`, () => {
      const seeds = Array.from({ length: 100 }, (_, index) => hundred * 100 + index + 1);
      const results = seeds.map((seed) => runLoadSeed(seed));
      for (const { world } of results) {
        for (const what of world.happened.keys()) worlds.set(what, (worlds.get(what) ?? 0) + 1);
      }
      assert.deepEqual(results.filter(({ breaches }) => breaches.length > 0).map(textOf), []);
    });
  }

  it("see everything happen that can", () => {
    const seldom = HAPPENINGS.filter((what) => (worlds.get(what) ?? 0) < 10);
    assert.deepEqual(seldom, []);
  });

  it("show a server that counts what it was sent twice", () => {
    const seeds = Array.from({ length: 100 }, (_, index) => index + 1);
    const found = seeds.filter((seed) => runLoadSeed(seed, { drops: false }).breaches.length > 0);
    assert.ok(found.length > 10, `${found.length} of 100`);
  });
});

function textOf({ seed, faults, breaches }: LoadSeedResult): string {
  const all = faults.map(({ atMs, forMs, text }) => `${atMs}+${forMs} ${text}`).join("; ");
  return `seed ${seed}: ${breaches.join("; ")} after ${all} (npm run sim:load -- --seed ${seed} --verbose)`;
}

const HAPPENINGS: readonly string[] = [
  "lead",
  "resign",
  "report",
  "note",
  "may-repeat",
  "relay",
  "hurry",
  "step-down",
  "stopped",
];
