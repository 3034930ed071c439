// What must be so in every simulated world, by name. Some hold always, the rest when all faults are over and some time has passed.
import type { SimEndpoint } from "./endpoints.ts";
import { breachesOfLeases } from "./lease-watch.ts";
import type { SimNode } from "./sim-node.ts";
import type { World } from "./world.ts";

/** One broken invariant. */
export interface Breach {
  readonly invariant: Invariant;
  readonly what: string;
}

/** Their names. */
export type Invariant =
  | "convergence"
  | "probe ceiling"
  | "no false ejection"
  | "no stale verdict"
  | "no address invented"
  | "no gap of cover"
  | "nobody left resigned"
  | "leases"
  | "damping";

/** What is wrong when everything should have come to rest; empty: nothing. */
export function breachesAtRest(world: World): Breach[] {
  return [...stale(world), ...resigned(world), ...cover(world), ...divergence(world), ...breachesOfLeases(world)];
}

/** More than the owners probe by schedule, looking back over a time of rest. */
export function breachesOfCeiling(world: World, overMs: number): Breach[] {
  // A clock that runs fast makes its intervals shorter.
  const fastest = Math.max(...[...world.nodes.values()].map(({ parts }) => parts.clockRate));
  // And one more when an endpoint is handed over meanwhile.
  const allowed = (Math.floor((overMs * fastest) / world.facts.intervalMs) + 1) * world.owners + 1;
  return world.endpoints.flatMap(({ name, probes }) => {
    const seen = probes.filter(({ atMs, kind }) => kind === "scheduled" && atMs > world.time.nowMs - overMs).length;
    if (seen <= allowed) return [];
    return [{ invariant: "probe ceiling" as const, what: `${name} was probed ${seen} times in ${overMs} ms` }];
  });
}

/** A node thinks ill of an endpoint that never failed, although another one that is right has said better of it for a while. */
export function breachesOfTrust(world: World): Breach[] {
  const breaches: Breach[] = [];
  for (const node of world.nodes.values()) {
    const { nowMs } = world.time;
    // A newcomer takes a single word; one that stands still sees nothing.
    const isNew = nowMs - node.startedMs < NEW_MS;
    if (isNew || node.pausedUntilMs > nowMs || world.network.wereBad.has(node.name)) continue;
    for (const endpoint of world.endpoints) {
      if (!endpoint.wasAlwaysWell) continue;
      const target = node.state.targets.get(world.facts.group + endpoint.target);
      if (target?.standing !== "unhealthy" || !someoneKnowsBetter(world, node, endpoint)) continue;
      breaches.push({ invariant: "no false ejection", what: `${node.name} holds ${endpoint.name} unhealthy` });
    }
  }
  return breaches;
}

function someoneKnowsBetter(world: World, node: SimNode, endpoint: SimEndpoint): boolean {
  const { network, time, facts } = world;
  const waitMs = network.weather.loss > 0 ? 6_000 : 1_500;
  return [...world.nodes.values()].some((one) => {
    const own = one.state.targets.get(facts.group + endpoint.target)?.own;
    if (own?.hold !== "claim" || own.standing !== "healthy" || one.clockMs() - own.sinceMs < waitMs) return false;
    if (time.nowMs - network.calmSinceMs < waitMs || !network.isBrokerUp) return false;
    // With losses as great as these a node that speaks may not be heard for a while.
    if (network.weather.loss > 0 && node.state.members.get(one.name)?.isSpeaking !== true) return false;
    return !network.wereBad.has(one.name) && one.wasAlwaysAwake && !one.judge.wasHung && network.areTogether(node, one);
  });
}

function stale(world: World): Breach[] {
  const breaches: Breach[] = [];
  for (const node of world.nodes.values()) {
    for (const endpoint of world.endpoints) {
      const target = node.state.targets.get(world.facts.group + endpoint.target);
      if (target === undefined) continue;
      const truth = endpoint.mood === "well" ? "healthy" : "unhealthy";
      const flag = node.judge.standings().get(endpoint.target);
      if (target.standing === truth && target.meshStanding === truth && flag === truth) continue;
      const what = `${node.name} holds ${endpoint.name} ${target.standing} (mesh ${target.meshStanding}, flag ${flag}), it is ${truth}`;
      breaches.push({ invariant: "no stale verdict", what });
    }
  }
  return breaches;
}

function resigned(world: World): Breach[] {
  return [...world.nodes.values()].flatMap(({ name, state }) => {
    const isWell = !state.self.isResigned && state.privates.size === 0;
    return isWell ? [] : [{ invariant: "nobody left resigned" as const, what: `${name} is` }];
  });
}

function cover(world: World): Breach[] {
  return world.endpoints.flatMap((endpoint) => {
    const all = [...world.nodes.values()].filter(({ state }) => state.targets.has(world.facts.group + endpoint.target));
    // Those without the role check nothing while somebody has it.
    const checkers = [...world.nodes.values()].filter(({ state }) => state.self.roles.includes("health"));
    const having = checkers.length === 0 ? all.length : all.filter((node) => checkers.includes(node)).length;
    const wanted = Math.min(world.owners, having);
    const names = world.proberNames(endpoint);
    if (names.length === wanted) return [];
    const invariant = names.length > wanted ? ("probe ceiling" as const) : ("no gap of cover" as const);
    return [{ invariant, what: `${endpoint.name} is probed by ${names.join(", ") || "nobody"}` }];
  });
}

/** Each node holds of each other one exactly what that one says of itself. */
function divergence(world: World): Breach[] {
  const breaches: Breach[] = [];
  for (const node of world.nodes.values()) {
    for (const peer of world.nodes.values()) {
      if (peer === node) continue;
      const held = node.state.members.get(peer.name);
      const { self } = peer.state;
      const isSame = held?.life === "live" && held.digestHigh === self.digestHigh && held.digestLow === self.digestLow;
      if (isSame) continue;
      const what = `${node.name} holds ${held?.entries.size ?? "no"} entries of ${peer.name} (${held?.life}), which has ${self.entries.size}`;
      breaches.push({ invariant: "convergence", what });
    }
  }
  return breaches;
}

/** By then a newcomer has seen for itself. */
const NEW_MS = 4_000;
