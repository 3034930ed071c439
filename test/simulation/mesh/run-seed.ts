// One simulated world from one seed: nodes start, 6 to 13 random faults come and go, and then everything has to come to rest.
import type { MeshRules } from "../../../src/control/mesh/state/mesh-state.ts";
import { CoverWatch } from "./cover-watch.ts";
import { breachesOfDamping, longestHeldMs, mostDamped, quietWindowMs } from "./damping-watch.ts";
import { drawFaults, type Fault } from "./faults.ts";
import { type Breach, breachesAtRest, breachesOfCeiling, breachesOfTrust } from "./invariants.ts";
import { breachesOfEndedLeases } from "./lease-watch.ts";
import { World } from "./world.ts";

/** What came of it. */
export interface SeedResult {
  readonly seed: number;
  readonly faults: readonly Fault[];
  readonly breaches: readonly Breach[];
  /** How long after the last fault everything was at rest; Infinity: never. */
  readonly restMs: number;
  readonly world: World;
  /** By how much an endpoint that flaps was damped at most; 1: none was. */
  readonly damped: number;
}

/** What a seed may be run with. */
export interface SeedOptions {
  readonly rules?: Partial<MeshRules>;
  readonly judge?: "model" | "real";
}

/** Runs it. `tell` gets what happens, line by line. */
export function runSeed(
  seed: number,
  { rules = {}, judge = "model" }: SeedOptions = {},
  tell: ((line: string) => void) | null = null,
): SeedResult {
  const drifts = seed % 4 === 0;
  const proxies = seed % 5 === 0 ? ["d", "e"] : [];
  const flapDamping = seed % 3 === 0;
  const facts = seed % 6 === 0 ? { healthyThreshold: 1, unhealthyThreshold: 1 } : {};
  const world = new World({ seed, endpoints: 2 + (seed % 4), facts, rules, judge, drifts, proxies, flapDamping });
  const { random, time } = world;
  const names = ["a", "b", "c", "d", "e"].slice(0, 2 + random.below(4));
  if (tell !== null) narrate(world, tell);
  for (const name of names) time.after(random.below(2_000), () => world.start(name));
  world.runMs(2_500);
  const faults = drawFaults(world, names, FAULTS_MS);
  for (const { atMs, forMs, begin, end, text } of faults) {
    time.after(atMs - time.nowMs, () => {
      tell?.(`${time.nowMs.toFixed(0)} FAULT for ${forMs} ms: ${text}`);
      begin();
    });
    time.after(atMs + forMs - time.nowMs, () => {
      tell?.(`${time.nowMs.toFixed(0)} over: ${text}`);
      end();
    });
  }
  const breaches: Breach[] = [];
  let damped = 1;
  const cover = new CoverWatch(world);
  try {
    for (let ms = 0; ms < FAULTS_MS && breaches.length === 0; ms += 250) {
      world.runMs(250);
      damped = Math.max(damped, mostDamped(world));
      breaches.push(
        ...breachesOfTrust(world),
        ...cover.breaches(),
        ...breachesOfEndedLeases(world),
        ...breachesOfDamping(world),
      );
    }
    const restMs = breaches.length > 0 ? Number.POSITIVE_INFINITY : rest(world, breaches);
    return { seed, faults, breaches, restMs, world, damped };
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const invariant = what.includes("address invented") ? "no address invented" : "convergence";
    return { seed, faults, breaches: [{ invariant, what }], restMs: Number.POSITIVE_INFINITY, world, damped };
  }
}

/** Waits for rest, then sees that it is one. */
function rest(world: World, breaches: Breach[]): number {
  const { network, time } = world;
  network.badProbes.clear();
  const startMs = time.nowMs;
  const isResigned = [...world.nodes.values()].some(({ state }) => state.self.isResigned);
  const heldMs = mostDamped(world) > 1 ? longestHeldMs(world) : 0;
  const limitMs = (isResigned ? RETURN_MS_MAX : REST_MS_MAX) + heldMs;
  world.runMs(UNDER_WAY_MS);
  let found = breachesAtRest(world);
  while (found.length > 0 && time.nowMs - startMs < limitMs) {
    world.runMs(500);
    found = breachesAtRest(world);
  }
  const restMs = time.nowMs - startMs;
  world.runMs(QUIET_MS);
  breaches.push(...breachesOfQuiet(world));
  breaches.push(
    ...found,
    ...breachesAtRest(world),
    ...breachesOfCeiling(world, QUIET_MS - 1_000),
    ...breachesOfTrust(world),
  );
  return found.length > 0 ? Number.POSITIVE_INFINITY : restMs;
}

/** Of what is damped at rest, a window later half is left. */
function breachesOfQuiet(world: World): Breach[] {
  const before = mostDamped(world);
  if (before === 1) return [];
  world.runMs(quietWindowMs(world) + 2 * world.facts.intervalMs);
  const after = mostDamped(world);
  return after <= before / 2
    ? []
    : [{ invariant: "damping", what: `${before} times is ${after} times after a quiet window` }];
}

/** Prints what nodes do. */
function narrate(world: World, tell: (line: string) => void): void {
  const now = (): string => world.time.nowMs.toFixed(0);
  world.onSaw = (saw) => {
    if (saw.type !== "effect") return;
    const { effect, node } = saw;
    if (effect.type === "arm-timer" || effect.type === "disarm-timer") return;
    if (effect.type === "count" && QUIET_COUNTERS.includes(effect.counter)) return;
    if (effect.type === "publish" && effect.message.type === "beat") return;
    tell(`${now()} ${node.name} ${JSON.stringify(effect)}`);
  };
}

const QUIET_COUNTERS: readonly string[] = ["beats_heard", "changes_sent", "verdicts"];

/** Faults begin and end within this. */
const FAULTS_MS = 20_000;

/** Probes that were under way when the last fault ended, and those that confirm them, are over: what they say is no rest yet. */
const UNDER_WAY_MS = 1_000;

/** Everything is at rest after this at the latest: a node is gone after five seconds, three times as many for one that stood still. */
const REST_MS_MAX = 20_000;

/** A node that resigned again and again needs that long to trust itself. */
const RETURN_MS_MAX = 80_000;

/** Rest has to last. */
const QUIET_MS = 4_000;
