// Worlds to measure in: started and at rest, and what is looked at in them.
import type { SimEndpoint } from "./endpoints.ts";
import { World, type WorldOptions } from "./world.ts";

/** Nodes of a world to measure in. */
export const NAMES: readonly string[] = ["a", "b", "c", "d", "e"];

/** A world whose nodes have shared the work already, at some moment of their interval. */
export function settledWorld(options: WorldOptions, names: readonly string[] = NAMES): World {
  const world = new World(options);
  for (const name of names) world.start(name);
  world.runMs(6_000 + world.random.below(1_000));
  return world;
}

/** The worst of what was measured with each of some seeds. */
export function worst(seeds: number, measure: (seed: number) => number): number {
  return Math.max(...Array.from({ length: seeds }, (_, index) => measure(index + 1)));
}

/** An endpoint that nobody else is asked about. */
export function firstOf(world: World): SimEndpoint {
  return world.endpoints[0] as SimEndpoint;
}

/** Until every node sees an endpoint so; Infinity: not within a minute. */
export function untilAllSee(world: World, endpoint: SimEndpoint, standing: string): number {
  const ms = world.runUntil(() => world.views(endpoint).every((view) => view === standing), 60_000);
  return ms >= 60_000 ? Number.POSITIVE_INFINITY : ms;
}

/** Living nodes that cover an endpoint: they are awake, their judge works, and they have seen it. */
export function covering(world: World, endpoint: SimEndpoint): string[] {
  return [...world.nodes.values()]
    .filter((node) => {
      const own = node.state.targets.get(world.facts.group + endpoint.target)?.own;
      const isAble = node.pausedUntilMs <= world.time.nowMs && !node.judge.wasHung && !node.isDead;
      return isAble && own !== undefined && own !== null && own.hold !== "confirm" && own.standing !== null;
    })
    .map(({ name }) => name);
}

/** The longest time within `forMs` in which fewer than `count` nodes covered some endpoint. */
export function longestGap(world: World, forMs: number, count: number): number {
  const since = new Map(world.endpoints.map((endpoint) => [endpoint, world.time.nowMs]));
  let longest = 0;
  for (let ms = 0; ms < forMs; ms += 10) {
    world.runMs(10);
    for (const endpoint of world.endpoints) {
      const gapMs = world.time.nowMs - (since.get(endpoint) ?? 0);
      if (covering(world, endpoint).length < count) longest = Math.max(longest, gapMs);
      else since.set(endpoint, world.time.nowMs);
    }
  }
  return longest;
}

/** The most scheduled probes that one endpoint saw in any time of `windowMs` since `fromMs`, those of nodes in doubt of themselves aside. */
export function mostProbes(world: World, fromMs: number, windowMs: number): number {
  let most = 0;
  for (const { probes } of world.endpoints) {
    const times = probes.filter(({ kind, atMs }) => kind === "scheduled" && atMs >= fromMs).map(({ atMs }) => atMs);
    for (let first = 0, last = 0; last < times.length; last++) {
      while ((times[last] ?? 0) - (times[first] ?? 0) >= windowMs) first++;
      most = Math.max(most, last - first + 1);
    }
  }
  return most;
}

/** Health events of the whole mesh that say unhealthy. */
export function ejections(world: World): number {
  return world.events.filter(({ event }) => event.scope === "mesh" && event.to === "unhealthy").length;
}
