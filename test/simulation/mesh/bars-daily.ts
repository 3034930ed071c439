// Bars of a mesh in which only endpoints fail.

import { firstOf, mostProbes, NAMES, settledWorld, untilAllSee, worst } from "./bar-worlds.ts";
import type { Bar } from "./bars.ts";
import { mostDamped } from "./damping-watch.ts";
import type { World } from "./world.ts";

const T = 1_000;
const TIMEOUT = 300;
const UNHEALTHY = 2;

/** Rows. */
export const DAILY: readonly Bar[] = [
  {
    scenario: "five nodes, nothing happens",
    what: "scheduled probes an endpoint sees in T",
    most: 2,
    measure: () =>
      worst(20, (seed) => {
        const world = settledWorld({ seed, endpoints: 20 });
        const fromMs = world.time.nowMs;
        world.runMs(20 * T);
        return mostProbes(world, fromMs, T);
      }),
  },
  {
    scenario: "endpoint refuses",
    what: "ms until every node has it out (Envoy alone: 2 T)",
    most: UNHEALTHY * T + 100,
    measure: () => worst(50, (seed) => outAfter(settledWorld({ seed, endpoints: 4 }), "refusing")),
  },
  {
    scenario: "endpoint refuses",
    what: "ms that nodes disagree which do not probe it",
    most: 100,
    measure: () => worst(50, (seed) => disagreement(settledWorld({ seed, endpoints: 4 }))),
  },
  {
    scenario: "endpoint hangs",
    what: "ms until every node has it out (Envoy alone: 2 T + 2 timeouts)",
    most: UNHEALTHY * (T + TIMEOUT) + TIMEOUT + 200,
    measure: () => worst(50, (seed) => outAfter(settledWorld({ seed, endpoints: 4 }), "hanging")),
  },
  {
    scenario: "endpoint recovers",
    what: "ms until every node has it in (Envoy alone: 2 T)",
    most: 2 * T + 100,
    measure: () =>
      worst(50, (seed) => {
        const world = settledWorld({ seed, endpoints: 4 });
        firstOf(world).turn("refusing", world.time.nowMs);
        world.runMs(5 * T + world.random.below(T));
        firstOf(world).turn("well", world.time.nowMs);
        return untilAllSee(world, firstOf(world), "healthy");
      }),
  },
  {
    scenario: "clocks × 0.67 to 1.5, hours apart; endpoint refuses",
    what: "ms until every node has it out (the slowest clock's 2 T)",
    most: UNHEALTHY * T * 1.5 + 100,
    measure: () => worst(50, (seed) => outAfter(settledWorld({ seed, endpoints: 4, drifts: true }), "refusing")),
  },
  {
    scenario: "flap damping, an endpoint flaps for two minutes and recovers",
    what: "ms until every node has it in (8 × the threshold of 2, and a beginning)",
    most: 8 * 2 * T + T + 100,
    measure: () => worst(5, inAfterFlapping),
  },
  {
    scenario: "one event for one transition",
    what: "events beyond one, all seeds",
    most: 0,
    measure: () => worst(50, (seed) => surplusEvents(settledWorld({ seed, endpoints: 4 }))),
  },
];

function outAfter(world: World, mood: "refusing" | "hanging"): number {
  firstOf(world).turn(mood, world.time.nowMs);
  return untilAllSee(world, firstOf(world), "unhealthy");
}

/** Infinity: it was not damped as much as it can be. */
function inAfterFlapping(seed: number): number {
  const world = settledWorld({ seed, endpoints: 1, flapDamping: true });
  const endpoint = firstOf(world);
  let most = 1;
  const turn = (mood: "refusing" | "well"): void => {
    endpoint.turn(mood, world.time.nowMs);
    const wanted = mood === "well" ? "healthy" : "unhealthy";
    world.runUntil(() => world.views(endpoint).every((view) => view === wanted), 60_000, 100);
    most = Math.max(most, mostDamped(world));
  };
  for (const endMs = world.time.nowMs + 120_000; world.time.nowMs < endMs; ) {
    turn("refusing");
    turn("well");
  }
  turn("refusing");
  world.runMs(world.random.below(T));
  endpoint.turn("well", world.time.nowMs);
  const ms = untilAllSee(world, endpoint, "healthy");
  return most === 8 ? ms : Number.POSITIVE_INFINITY;
}

function disagreement(world: World): number {
  const endpoint = firstOf(world);
  const others = NAMES.filter((name) => !world.proberNames(endpoint).includes(name));
  const views = (): string[] =>
    others.map((name) =>
      String(world.nodes.get(name)?.state.targets.get(world.facts.group + endpoint.target)?.standing),
    );
  endpoint.turn("refusing", world.time.nowMs);
  world.runUntil(() => views().includes("unhealthy"), 60_000);
  return world.runUntil(() => views().every((view) => view === "unhealthy"), 60_000);
}

/** Down and up again: two transitions, two events. Infinity: one was not told. */
function surplusEvents(world: World): number {
  outAfter(world, "refusing");
  world.runMs(5 * T);
  firstOf(world).turn("well", world.time.nowMs);
  world.runMs(8 * T);
  const told = world.events.filter(({ event }) => event.scope === "mesh");
  const down = told.filter(({ event }) => event.to === "unhealthy").length;
  const up = told.filter(({ event }) => event.to === "healthy").length;
  return down === 0 || up === 0 ? Number.POSITIVE_INFINITY : down + up - 2;
}
