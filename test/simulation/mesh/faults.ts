// What can go wrong in a simulated world. Each fault begins, lasts, and is undone; all are drawn from the world's seed.
import type { Mood } from "./endpoints.ts";
import type { World } from "./world.ts";

/** One fault: when it begins, how long it lasts, and what to print of it. */
export interface Fault {
  readonly atMs: number;
  readonly forMs: number;
  readonly text: string;
  begin(): void;
  end(): void;
}

/** Between 6 and 13 faults within `withinMs` from now, all undone by then. */
export function drawFaults(world: World, names: readonly string[], withinMs: number): Fault[] {
  const { random, time } = world;
  const count = 6 + random.below(8);
  const faults: Fault[] = [];
  for (let i = 0; i < count; i++) {
    const startMs = random.below(withinMs - 500);
    const forMs = 300 + random.below(Math.min(8_000, withinMs - startMs) - 300);
    const draw = DRAWS[random.below(DRAWS.length)] as Draw;
    const node = names[random.below(names.length)] as string;
    const { latestMs = Number.POSITIVE_INFINITY, ...fault } = draw(world, node, time.nowMs + withinMs);
    faults.push({ ...fault, atMs: Math.min(time.nowMs + startMs, latestMs), forMs });
  }
  return faults.sort((one, other) => one.atMs - other.atMs);
}

type Effect = Pick<Fault, "text" | "begin" | "end">;
/** `latestMs`: it is not undone in time when it begins later. */
type Drawn = Effect & { readonly latestMs?: number };
type Draw = (world: World, node: string, untilMs: number) => Drawn;

const nothing = (): void => {};

function storm({ network, random }: World): Effect {
  const loss = (5 + random.below(30)) / 100;
  const duplicates = random.below(20) / 100;
  const disorder = random.below(30) / 100;
  const { weather } = network;
  return {
    text: `loss ${loss}, duplicates ${duplicates}, disorder ${disorder}`,
    begin: () => Object.assign(weather, { loss, duplicates, disorder, lateMs: 400 }),
    end: () => Object.assign(weather, { loss: 0, duplicates: 0, disorder: 0, lateMs: 0 }),
  };
}

function partition({ network, random }: World, node: string): Effect {
  const sides = new Map([...network.nodes].map(({ name }) => [name, random.below(2)]));
  sides.set(node, 1);
  return {
    text: `partition: ${[...sides].map(([name, side]) => `${name}=${side}`).join(" ")}`,
    begin: () => network.setSides(sides),
    end: () => network.setSides(new Map()),
  };
}

function pause(world: World, node: string): Effect {
  let until = 0;
  return {
    text: `${node} stands still`,
    begin: () => {
      until = world.time.nowMs;
      world.nodes.get(node)?.pause(PAUSE_MS);
    },
    end: () => world.nodes.get(node)?.resumeIf(until + PAUSE_MS),
  };
}

function crash(world: World, node: string): Effect {
  return {
    text: `${node} is killed, and starts again`,
    begin: () => world.crash(node),
    end: () => world.restart(node),
  };
}

/** For good, if enough are left to share the work. */
function kill(world: World, node: string): Effect {
  return {
    text: `${node} is killed for good`,
    begin: () => {
      if (world.nodes.size > 3) world.crash(node);
    },
    end: nothing,
  };
}

function leave(world: World, node: string): Effect {
  return {
    text: `${node} leaves, and starts again`,
    begin: () => world.nodes.get(node)?.tell({ type: "stop" }),
    end: () => {
      world.crash(node);
      world.restart(node);
    },
  };
}

/** One at a time, and not soon after another: two bad ones would be right about each other. */
function badNetwork({ network, time }: World, node: string): Effect {
  return {
    text: `probes of ${node} fail`,
    begin: () => {
      if (network.badProbes.size > 0 || time.nowMs < network.wellSinceMs + APART_MS) return;
      network.badProbes.set(node, 1);
      network.wereBad.add(node);
    },
    end: () => {
      if (network.badProbes.delete(node)) network.wellSinceMs = time.nowMs;
    },
  };
}

function broker({ network }: World): Effect {
  return { text: "the broker is gone", begin: () => network.setBroker(false), end: () => network.setBroker(true) };
}

function hungJudge(world: World, node: string): Effect {
  return {
    text: `the judge of ${node} hangs`,
    begin: () => world.nodes.get(node)?.judge.hang(),
    end: () => world.nodes.get(node)?.judge.goOn(),
  };
}

function mood(name: Mood): Draw {
  return (world) => {
    const endpoint = world.endpoints[world.random.below(world.endpoints.length)] ?? world.endpoints[0];
    return {
      text: `${endpoint?.name} is ${name}`,
      begin: () => endpoint?.turn(name, world.time.nowMs),
      end: () => endpoint?.turn("well", world.time.nowMs),
    };
  };
}

function blip(world: World, _node: string, untilMs: number): Drawn {
  const turnAll = (to: Mood): void => {
    for (const endpoint of world.endpoints) endpoint.turn(to, world.time.nowMs);
  };
  return {
    text: "all endpoints hang for 1.6 s",
    latestMs: untilMs - BLIP_MS,
    begin: () => {
      turnAll("hanging");
      world.time.after(BLIP_MS, () => turnAll("well"));
    },
    end: nothing,
  };
}

/** Requests of a node find something, five times a second. */
function doubts(world: World, node: string): Effect {
  const slot = world.random.below(world.endpoints.length);
  let isOver = false;
  const doubt = (): void => {
    if (isOver) return;
    const reports = [{ type: "doubted", slot, evidence: "connect" } as const];
    world.nodes.get(node)?.tell({ type: "reported", reports });
    world.time.after(200, doubt);
  };
  return {
    text: `requests of ${node} to slot ${slot} find it refusing`,
    begin: doubt,
    end: () => {
      isOver = true;
    },
  };
}

function withdraws(world: World, node: string): Effect {
  return {
    text: `${node} takes back what it announces`,
    begin: () => world.nodes.get(node)?.announcer.announce(false),
    end: () => world.nodes.get(node)?.announcer.announce(true),
  };
}

/** Down and up again and again, each for long enough that nodes notice. One that comes late begins in time for two rounds. */
function flap(world: World, _node: string, untilMs: number): Drawn {
  const endpoint = world.endpoints[world.random.below(world.endpoints.length)] ?? world.endpoints[0];
  const { intervalMs, unhealthyThreshold } = world.facts;
  const phaseMs = unhealthyThreshold * intervalMs + FLAP_MS;
  const next = (to: Mood): void => {
    endpoint?.turn(to, world.time.nowMs);
    if (to === "well" && world.time.nowMs > untilMs - 2 * phaseMs) return;
    world.time.after(phaseMs, () => next(to === "well" ? "refusing" : "well"));
  };
  const text = `${endpoint?.name} flaps as long as there are faults`;
  return { text, latestMs: untilMs - 4 * phaseMs, begin: () => next("refusing"), end: nothing };
}

function otherSet(world: World, node: string): Effect {
  const slot = world.random.below(world.endpoints.length);
  const endpoint = world.endpoints[slot] ?? world.endpoints[0];
  return {
    text: `${node} does not have ${endpoint?.name}`,
    begin: () => world.nodes.get(node)?.judge.remove(slot),
    end: () => {
      const judge = world.nodes.get(node)?.judge;
      if (judge !== undefined && endpoint !== undefined && !judge.has(slot)) judge.add(slot, endpoint);
    },
  };
}

const DRAWS: readonly Draw[] = [
  storm,
  storm,
  partition,
  pause,
  crash,
  crash,
  kill,
  leave,
  badNetwork,
  badNetwork,
  broker,
  hungJudge,
  mood("refusing"),
  mood("refusing"),
  mood("hanging"),
  blip,
  otherSet,
  doubts,
  withdraws,
  flap,
];

/** All hang for so long. */
const BLIP_MS = 1_600;

/** An endpoint that flaps stays as it is for so long beyond the probes that find out. */
const FLAP_MS = 300;

/** A pause is ended by its fault. */
const PAUSE_MS = 600_000;

/** Between bad networks of two nodes: what the first saw is forgotten by then. */
const APART_MS = 8_000;
