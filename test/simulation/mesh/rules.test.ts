import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { MeshRules } from "../../../src/control/mesh/state/mesh-state.ts";
import { firstOf, settledWorld, untilAllSee } from "./bar-worlds.ts";
import { breachesAtRest } from "./invariants.ts";
import { runSeed } from "./run-seed.ts";

const SEEDS = [...Array(20).keys()].map((index) => index + 1);

describe("the rule of cover", () => {
  it("lets an endpoint that recovered after both its owners died be seen so by all", () => {
    assert.deepEqual(SEEDS.map((seed) => staleAfterOwnersDied(seed, {})).filter(Boolean), []);
  });

  it("switched off, leaves stale verdicts, which the simulation finds", () => {
    const stale = SEEDS.map((seed) => staleAfterOwnersDied(seed, { cover: false })).filter(Boolean);
    assert.ok(stale.length > 10, `${stale.length} of ${SEEDS.length}`);
  });
});

describe("the log", () => {
  it("repairs what was lost: an endpoint whose owner has it no longer gets another one", () => {
    assert.deepEqual(new Set(SEEDS.map((seed) => probersAfterLostRelease(seed, {}))), new Set([2]));
  });

  it("switched off, leaves phantom cover: one prober where there should be two", () => {
    assert.deepEqual(new Set(SEEDS.map((seed) => probersAfterLostRelease(seed, { log: false }))), new Set([1]));
  });

  it("switched off, is found by seeds alone", () => {
    const found = SEEDS.map((seed) =>
      runSeed(seed, { rules: { log: false } }).breaches.map(({ invariant }) => invariant),
    );
    assert.ok(found.filter((names) => names.includes("convergence")).length > 10);
  });
});

describe("the claim", () => {
  it("keeps the probers after a crash at one more than the owners", () => {
    assert.ok(Math.max(...SEEDS.map((seed) => probersAfterCrash(seed, {}))) <= 3);
  });

  it("switched off, lets five probe after a crash", () => {
    assert.ok(Math.max(...SEEDS.map((seed) => probersAfterCrash(seed, { claims: false }))) >= 5);
  });
});

/** Both owners of an endpoint see it fail and die, and then it recovers: whether somebody has not noticed after 20 s. */
function staleAfterOwnersDied(seed: number, rules: Partial<MeshRules>): boolean {
  const world = settledWorld({ seed, endpoints: 1, rules });
  const endpoint = firstOf(world);
  endpoint.turn("refusing", world.time.nowMs);
  untilAllSee(world, endpoint, "unhealthy");
  world.runMs(1_000);
  for (const name of world.proberNames(endpoint)) world.crash(name);
  world.runMs(2_000);
  endpoint.turn("well", world.time.nowMs);
  world.runMs(20_000);
  return breachesAtRest(world).some(({ invariant }) => invariant === "no stale verdict");
}

/** An owner's set loses the endpoint, and nobody hears that it says so: how many probe it in the end. */
function probersAfterLostRelease(seed: number, rules: Partial<MeshRules>): number {
  const world = settledWorld({ seed, endpoints: 1, rules });
  const endpoint = firstOf(world);
  const [owner = ""] = world.proberNames(endpoint);
  world.network.weather.loss = 1;
  world.nodes.get(owner)?.judge.remove(0);
  world.runMs(50);
  world.network.weather.loss = 0;
  world.runMs(15_000);
  return world.proberNames(endpoint).length;
}

/** How many nodes at most probe an endpoint by schedule in the seconds after one of its owners died; probes take their time. */
function probersAfterCrash(seed: number, rules: Partial<MeshRules>): number {
  const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
  const world = settledWorld({ seed, endpoints: 10, rules, facts: { timeoutMs: 900 } }, names);
  for (const endpoint of world.endpoints) endpoint.turn("hanging", world.time.nowMs);
  world.runMs(5_000);
  world.crash(world.proberNames(firstOf(world))[0] ?? "");
  const fromMs = world.time.nowMs;
  world.runMs(10_000);
  const counts = world.endpoints.map(({ probes }) => {
    const probers = probes.filter(({ atMs, kind }) => atMs > fromMs && kind === "scheduled");
    return new Set(probers.map(({ node }) => node)).size;
  });
  return Math.max(...counts);
}
