// Bars of nodes that come and go, and of many of them.

import { hashOfHex, hashPair, hashText } from "../../../src/control/mesh/state/hash64.ts";
import { isBefore } from "../../../src/control/mesh/state/rank.ts";
import { longestGap, mostProbes, NAMES, settledWorld, worst } from "./bar-worlds.ts";
import type { Bar } from "./bars.ts";
import type { SeenProbe } from "./endpoints.ts";
import type { SimNode } from "./sim-node.ts";
import { World } from "./world.ts";

const T = 1_000;

/** Rows. */
export const NODES: readonly Bar[] = [
  {
    scenario: "a node joins",
    what: "ms until it serves with its peers' verdicts",
    most: 1_000,
    measure: () =>
      worst(30, (seed) => {
        const world = settledWorld({ seed, endpoints: 20 });
        const node = world.start("f");
        world.runUntil(() => node.isReady, 10 * T);
        const isTrue = world.endpoints.every((endpoint) => world.views(endpoint).every((view) => view === "healthy"));
        return isTrue ? node.readyMs - node.startedMs : Number.POSITIVE_INFINITY;
      }),
  },
  {
    scenario: "a node joins",
    what: "ms in which fewer than k cover an endpoint",
    most: T / 2,
    measure: () =>
      worst(20, (seed) => {
        const world = settledWorld({ seed, endpoints: 20 });
        world.start("f");
        return longestGap(world, 6 * T, 2);
      }),
  },
  {
    scenario: "a node joins",
    what: "scheduled probes an endpoint sees in any T",
    most: 3,
    measure: () =>
      worst(30, (seed) => {
        const world = settledWorld({ seed, endpoints: 20 });
        const fromMs = world.time.nowMs;
        world.start("f");
        world.runMs(6 * T);
        return mostProbes(world, fromMs, T);
      }),
  },
  {
    scenario: "a node leaves gracefully",
    what: "ms in which fewer than k cover an endpoint",
    most: T / 2,
    measure: () =>
      worst(20, (seed) => {
        const world = settledWorld({ seed, endpoints: 20 });
        world.nodes.get("a")?.tell({ type: "stop" });
        return longestGap(world, 6 * T, 2);
      }),
  },
  {
    scenario: "a node leaves gracefully",
    what: "ms until every endpoint has k probers among the others",
    most: 2 * T,
    measure: () => worst(30, (seed) => backToOwners(seed, (world) => world.nodes.get("a")?.tell({ type: "stop" }))),
  },
  {
    scenario: "a node restarts under its name",
    what: "ms until every endpoint has k probers again, from its start",
    most: 2 * T,
    measure: () =>
      worst(30, (seed) =>
        backToOwners(seed, (world) => {
          world.crash("a");
          world.runMs(200);
          world.start("a");
        }),
      ),
  },
  {
    scenario: "cold start of 20 nodes × 1,000 endpoints",
    what: "scheduled probes an endpoint sees in the first T",
    most: 3,
    measure: () => coldStart(),
  },
  {
    scenario: "8 nodes that come within 4 s × 200 endpoints",
    what: "probes an endpoint sees in its first T",
    most: 3,
    measure: () => worst(10, (seed) => staggeredStart(seed, 4_000, 0)),
  },
  {
    scenario: "8 nodes that come within 1 s and stand still again and again for up to 0.6 s × 200 endpoints",
    what: "probes an endpoint sees in its first T",
    most: 3,
    measure: () => worst(10, (seed) => staggeredStart(seed, 1_000, 600)),
  },
  {
    scenario: "50 nodes, the broker is gone for 2 s",
    what: "messages of the 10 s after it over those of 10 steady ones",
    most: 3,
    measure: () => reconnectShare(2_000),
  },
  {
    scenario: "50 nodes, the broker is gone for 10 s",
    what: "messages of the 10 s after it over those of 10 steady ones",
    most: 3,
    measure: () => reconnectShare(10_000),
  },
  {
    scenario: "10 nodes × 20,000 endpoints",
    what: "the busiest node's share over 2/10",
    most: 1.05,
    measure: () => busiestShare(),
  },
];

function backToOwners(seed: number, happen: (world: World) => void): number {
  const world = settledWorld({ seed, endpoints: 20 });
  happen(world);
  const isBack = (): boolean =>
    world.endpoints.every((endpoint) => {
      const left = [...world.nodes.values()].filter(({ state }) => state.mode === "leaving").map(({ name }) => name);
      return world.proberNames(endpoint).filter((name) => !left.includes(name)).length === 2;
    });
  world.runMs(50);
  return 50 + world.runUntil(isBack, 30 * T, 10);
}

function coldStart(): number {
  const world = new World({ seed: 1, endpoints: 1_000 });
  for (let i = 0; i < 20; i++) world.time.after(world.random.below(200), () => world.start(`node-${i}`));
  world.runMs(3_000);
  const firstMs = Math.min(...world.endpoints.flatMap(({ probes }) => probes.map(({ atMs }) => atMs)));
  let most = 0;
  for (const { probes } of world.endpoints) {
    most = Math.max(most, probes.filter(({ atMs }) => atMs < firstMs + T).length);
  }
  return most;
}

/** Probes of all kinds that an endpoint sees in the T that begins with its first one, as nodes come at any time; on a busy machine each stands still now and then. */
function staggeredStart(seed: number, withinMs: number, stillMs: number): number {
  const world = new World({ seed, endpoints: 200 });
  const { random, time } = world;
  for (let i = 0; i < 8; i++) {
    time.after(random.below(withinMs), () => {
      const node = world.start(`node-${i}`);
      if (stillMs > 0) standStill(world, node, stillMs, time.nowMs + 2 * T);
    });
  }
  world.runMs(withinMs + 4 * T);
  return Math.max(
    ...world.endpoints.map(({ probes }) => probes.filter(({ atMs }) => atMs < firstOf(probes) + T).length),
  );
}

function firstOf(probes: readonly SeenProbe[]): number {
  return probes[0]?.atMs ?? Number.NaN;
}

function standStill(world: World, node: SimNode, forMs: number, untilMs: number): void {
  const { random, time } = world;
  if (time.nowMs > untilMs) return;
  time.after(random.below(300), () => {
    node.pause(random.below(forMs) + 1);
    time.after(forMs, () => standStill(world, node, forMs, untilMs));
  });
}

function reconnectShare(goneMs: number): number {
  const names = Array.from({ length: 50 }, (_, index) => `node-${index}`);
  const world = settledWorld({ seed: 1, endpoints: 50 }, names);
  const messagesIn = (ms: number): number => {
    const count = (): number => [...world.network.delivered.values()].reduce((sum, one) => sum + one, 0);
    const before = count();
    world.runMs(ms);
    return count() - before;
  };
  const steady = messagesIn(10_000);
  world.network.setBroker(false);
  world.runMs(goneMs);
  world.network.setBroker(true);
  return messagesIn(10_000) / steady;
}

function busiestShare(): number {
  const candidates = [...NAMES, "f", "g", "h", "i", "j"].map((node) => ({
    node,
    seed: hashText(node),
    isResigned: false,
  }));
  const counts = new Map<string, number>();
  const group = hashOfHex("00000000000000a1");
  for (let i = 0; i < 20_000; i++) {
    const key = hashPair(group, hashText(`10.0.${i >> 8}.${i & 255}:80`));
    const order = [...candidates].sort((one, other) => (isBefore(one, other, key) ? -1 : 1));
    for (const { node } of order.slice(0, 2)) counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  return Math.max(...counts.values()) / 4_000;
}
