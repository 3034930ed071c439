// One simulated world from one seed: nodes that share a runtime layer, writers, random faults that come and go, then quiet, and what has to be then.
import type { RuntimeChange } from "../../../src/control/mesh/runtime/runtime-messages.ts";
import { runtimeText } from "../../../src/control/mesh/runtime/runtime-record.ts";
import { hexOf } from "../../../src/control/mesh/state/hash64.ts";
import { RuntimeWorld } from "./runtime-world.ts";
import { KEYS } from "./sim-runtime-node.ts";

/** What became of a seed. */
export interface RuntimeSeedResult {
  readonly seed: number;
  readonly world: RuntimeWorld;
  readonly faults: readonly string[];
  readonly breaches: readonly string[];
}

/** Runs it. */
export function runRuntimeSeed(seed: number): RuntimeSeedResult {
  const world = new RuntimeWorld(seed);
  const { random, time } = world;
  const isFailing = seed % 3 === 0;
  if (isFailing) world.failing.set("v2", 500);
  const count = 2 + random.below(4);
  for (let i = 0; i < count; i++) world.join(`n${i}`);
  time.runUntil(3_000);
  const faults: string[] = [];
  for (let i = 3 + random.below(5); i > 0; i--) fault(world, faults);
  for (let i = 2 + random.below(6); i > 0; i--) {
    time.after(random.below(FAULTS_MS), () => world.change(wish(world)));
  }
  time.runUntil(3_000 + FAULTS_MS + 2_000);
  calm(world);
  time.runUntil(time.nowMs + REST_MS);
  return { seed, world, faults, breaches: [...world.breaches, ...atRest(world, isFailing)] };
}

function wish({ random }: RuntimeWorld): RuntimeChange {
  const action = (["set", "set", "set", "set", "unset", "stop", "abort"] as const)[random.below(7)] ?? "set";
  const isGuarded = random.below(2) === 0;
  return {
    change: random.next32().toString(16).padStart(32, "0"),
    action,
    key: KEYS[random.below(KEYS.length)] ?? "",
    value: action === "set" ? String(1 + random.below(100)) : "",
    writer: `w${random.below(3)}`,
    rampMs: random.below(3) === 0 ? 0 : 1_000 + random.below(9_000),
    steps: random.below(3) * 5,
    from: "",
    guards: isGuarded ? [{ cluster: "v2", rule: "cluster_error_rate<20%" }] : [],
    windowMs: 3_000,
    requestsMin: 20,
    anyKey: false,
  };
}

function fault(world: RuntimeWorld, faults: string[]): void {
  const { random, time } = world;
  const atMs = random.below(FAULTS_MS);
  const forMs = 200 + random.below(8_000);
  const names = world.living.map(({ self }) => self.node);
  const name = names[random.below(names.length)] ?? "";
  const node = () => world.living.find(({ self }) => self.node === name);
  const [text, begin, end] = (
    [
      [
        "partition",
        () => world.setSides(new Map(names.map((one) => [one, random.below(2)]))),
        () => world.setSides(new Map()),
      ],
      ["broker gone", () => world.setBroker(false), () => world.setBroker(true)],
      [`${name} stands still`, () => node()?.setStopped(true), () => node()?.setStopped(false)],
      [`${name} is killed`, () => node()?.die(), () => node() === undefined && world.join(name)],
      [
        "loss",
        () => Object.assign(world.weather, { loss: 0.3, duplicates: 0.2 }),
        () => Object.assign(world.weather, FAIR),
      ],
      ["disorder", () => Object.assign(world.weather, { disorder: 0.5 }), () => Object.assign(world.weather, FAIR)],
      ["newcomer", () => world.join(`late${world.nodes.length}`), () => {}],
    ] as const
  )[random.below(7)] ?? ["", () => {}, () => {}];
  faults.push(`${text} at ${atMs} for ${forMs} ms`);
  world.note(text.replace(/^n\d /, ""));
  time.after(atMs, begin);
  time.after(atMs + forMs, end);
}

/** All faults are over. */
function calm(world: RuntimeWorld): void {
  Object.assign(world.weather, FAIR);
  world.setSides(new Map());
  if (!world.isBrokerUp) world.setBroker(true);
  for (const node of world.living) node.setStopped(false);
}

function atRest(world: RuntimeWorld, isFailing: boolean): string[] {
  const breaches: string[] = [];
  const [one, ...others] = world.living;
  if (one === undefined) return [];
  for (const other of others) {
    if (hexOf(other.state.digest) !== hexOf(one.state.digest)) breaches.push(`${other.self.node} holds something else`);
    if (JSON.stringify(other.state.values) !== JSON.stringify(one.state.values)) breaches.push("values differ");
  }
  for (const { record } of one.state.records.values()) {
    const { key, phase, reason, guards } = record;
    if (phase === "running") breaches.push(`${key} still runs: ${reason}`);
    if (isFailing && guards.length > 0 && phase !== "rolled-back")
      breaches.push(`${key} is ${phase} though its cluster fails`);
    if (!isFailing && phase === "rolled-back") breaches.push(`${key} was put back without a reason`);
    if ((one.state.values[key] ?? "") !== runtimeText(record)) breaches.push(`${key} has another value`);
  }
  // What was accepted is known, unless everybody who knew it died.
  const isEverybodyHere = world.nodes.every(({ isDead }) => !isDead);
  for (const { key, version } of isEverybodyHere ? world.accepted : []) {
    if ((one.state.records.get(key)?.record.version ?? 0) < version)
      breaches.push(`version ${version} of ${key} is lost`);
  }
  return breaches;
}

const FAULTS_MS = 15_000;
/** The longest ramp, what it waits for, and a window. */
const REST_MS = 60_000;
const FAIR = { loss: 0, duplicates: 0, disorder: 0 };
