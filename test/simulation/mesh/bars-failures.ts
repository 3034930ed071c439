// Bars of a mesh whose nodes or network fail.
import { ejections, firstOf, longestGap, mostProbes, NAMES, settledWorld, untilAllSee, worst } from "./bar-worlds.ts";
import type { Bar } from "./bars.ts";
import type { World } from "./world.ts";

const T = 1_000;
const TIMEOUT = 300;

/** Rows. */
export const FAILURES: readonly Bar[] = [
  {
    scenario: "owner dies with its endpoint",
    what: "ms until every node has it out, and it stays out for 20 s (Envoy alone: 2 T)",
    most: 2 * T + 3 * (TIMEOUT + 200),
    measure: () => worst(50, (seed) => ownerDiesToo(settledWorld({ seed, endpoints: 6 }))),
  },
  {
    scenario: "broker killed",
    what: "ms until every node has probed everything again, from when it noticed (3 s)",
    most: 2 * T,
    measure: () => worst(20, (seed) => brokerKilled(settledWorld({ seed, endpoints: 6 }))),
  },
  {
    scenario: "partition of two sides",
    what: "scheduled probes an endpoint sees in T",
    most: 2 * 2 + 1,
    measure: () =>
      worst(20, (seed) => {
        const world = divided(seed);
        world.runMs(10 * T);
        const fromMs = world.time.nowMs;
        world.runMs(10 * T);
        return mostProbes(world, fromMs, T);
      }),
  },
  {
    scenario: "partition heals, an endpoint failed meanwhile",
    what: "ms until k nodes probe each endpoint and all agree",
    most: 2 * T,
    measure: () => worst(50, heals),
  },
  loses(0.1, 4_000),
  loses(0.3, 10_000),
  ...[2_000, 10_000, 60_000].flatMap(stops),
  {
    scenario: "two owners lost at once",
    what: "ms in which nobody covers an endpoint",
    most: 5_000,
    measure: () =>
      worst(30, (seed) => {
        const world = settledWorld({ seed, endpoints: 6 });
        for (const name of world.proberNames(firstOf(world))) world.crash(name);
        return longestGap(world, 15 * T, 1);
      }),
  },
  {
    scenario: "the health threads of two owners hang, their mesh threads beat",
    what: "ms in which nobody covers an endpoint",
    most: 5_000,
    measure: () =>
      worst(30, (seed) => {
        const world = settledWorld({ seed, endpoints: 6 });
        for (const name of world.proberNames(firstOf(world))) world.nodes.get(name)?.judge.hang();
        return longestGap(world, 15 * T, 1);
      }),
  },
  {
    scenario: "probes of one node fail",
    what: "ejections by the mesh",
    most: 0,
    measure: () => worst(30, (seed) => ejections(sick(seed))),
  },
  {
    scenario: "probes of one node fail",
    what: "seeds of 30 in which it has not resigned, or another has",
    most: 0,
    measure: () => count(30, (seed) => resigned(sick(seed)).join() === "a"),
  },
  {
    scenario: "probes of one node fail, and are right again",
    what: "ms until it trusts itself again (4 T, and its probes to recover)",
    most: 8 * T,
    measure: () =>
      worst(30, (seed) => {
        const world = sick(seed);
        world.network.badProbes.clear();
        return world.runUntil(() => resigned(world).length === 0, 100 * T, 10);
      }),
  },
  {
    scenario: "all endpoints hang for 1.6 s",
    what: "nodes resigned at any time",
    most: 0,
    measure: () => worst(30, blip),
  },
];

function ownerDiesToo(world: World): number {
  const endpoint = firstOf(world);
  const [owner = ""] = world.proberNames(endpoint);
  world.crash(owner);
  endpoint.turn("refusing", world.time.nowMs);
  const ms = untilAllSee(world, endpoint, "unhealthy");
  for (let i = 0; i < 200; i++) {
    world.runMs(100);
    if (world.views(endpoint).includes("healthy")) return Number.POSITIVE_INFINITY;
  }
  return ms;
}

function brokerKilled(world: World): number {
  world.network.setBroker(false);
  world.runMs(3_100);
  const fromMs = world.time.nowMs;
  const isDone = (): boolean =>
    world.endpoints.every(({ probes }) =>
      NAMES.every((name) => probes.some(({ node, atMs }) => node === name && atMs >= fromMs - 100)),
    );
  return world.runUntil(isDone, 20 * T, 10);
}

function divided(seed: number): World {
  const world = settledWorld({ seed, endpoints: 6 });
  world.network.setSides(new Map(NAMES.map((name, index) => [name, index < 2 ? 0 : 1])));
  return world;
}

function heals(seed: number): number {
  const world = divided(seed);
  world.runMs(10 * T);
  const endpoint = firstOf(world);
  endpoint.turn("refusing", world.time.nowMs);
  world.runMs(5 * T);
  world.network.setSides(new Map());
  const isWhole = (): boolean =>
    world.endpoints.every((one) => world.proberNames(one).length === 2) &&
    world.views(endpoint).every((view) => view === "unhealthy");
  return world.runUntil(isWhole, 60_000, 10);
}

function loses(loss: number, mostMs: number): Bar {
  return {
    scenario: `${loss * 100} % loss, with duplicates and disorder; endpoint refuses`,
    what: "ms until all agree, from Envoy's own detection time",
    most: mostMs,
    measure: () =>
      worst(100, (seed) => {
        const world = settledWorld({ seed, endpoints: 4 });
        Object.assign(world.network.weather, { loss, duplicates: 0.1, disorder: 0.2, lateMs: 300 });
        world.runMs(3_000 + world.random.below(3_000));
        firstOf(world).turn("refusing", world.time.nowMs);
        return untilAllSee(world, firstOf(world), "unhealthy") - 2 * T;
      }),
  };
}

function stops(forMs: number): Bar[] {
  const stopped = (seed: number): { readonly world: World; readonly gapMs: number } => {
    const world = settledWorld({ seed, endpoints: 6 });
    world.nodes.get("a")?.pause(forMs);
    const gapMs = longestGap(world, forMs, 2);
    world.runMs(10 * T);
    return { world, gapMs };
  };
  return [
    {
      scenario: `a node stands still for ${forMs / 1_000} s`,
      what: "endpoints thought ill of by anybody, or told so",
      most: 0,
      measure: () => worst(10, (seed) => falselyOut(stopped(seed).world)),
    },
    {
      scenario: `a node stands still for ${forMs / 1_000} s`,
      what: "ms in which fewer than k others cover an endpoint of its",
      most: 5_000,
      measure: () => worst(10, (seed) => stopped(seed).gapMs),
    },
  ];
}

function falselyOut(world: World): number {
  const out = world.endpoints.filter((endpoint) => world.views(endpoint).includes("unhealthy")).length;
  return out + world.events.filter(({ event }) => event.to === "unhealthy").length;
}

function sick(seed: number): World {
  const world = settledWorld({ seed, endpoints: 20 });
  world.network.badProbes.set("a", 1);
  world.runMs(15 * T);
  return world;
}

function resigned(world: World): string[] {
  return [...world.nodes.values()].filter(({ state }) => state.self.isResigned).map(({ name }) => name);
}

function blip(seed: number): number {
  const world = settledWorld({ seed, endpoints: 20 });
  for (const endpoint of world.endpoints) endpoint.turn("hanging", world.time.nowMs);
  world.runMs(1_600);
  for (const endpoint of world.endpoints) endpoint.turn("well", world.time.nowMs);
  world.runMs(20 * T);
  const counts = [...world.nodes.values()].map(({ counters }) => counters.get("resignations") ?? 0);
  return Math.max(...counts);
}

function count(seeds: number, isRight: (seed: number) => boolean): number {
  return Array.from({ length: seeds }, (_, index) => isRight(index + 1)).filter((right) => !right).length;
}
