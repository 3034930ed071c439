// One simulated world that merges load, from one seed: nodes start, faults come and go, and then every count has to be at the server, once.
import { drawLoadFaults, type LoadFault } from "./load-faults.ts";
import { LoadWorld } from "./load-world.ts";

/** What came of it. */
export interface LoadSeedResult {
  readonly seed: number;
  readonly faults: readonly LoadFault[];
  readonly breaches: readonly string[];
  readonly world: LoadWorld;
}

/** Runs it: every third world with a server that does not acknowledge, every fourth with wrong clocks, every fifth with other subscriptions. */
export function runLoadSeed(
  seed: number,
  { drops = true }: { readonly drops?: boolean } = {},
  tell: ((line: string) => void) | null = null,
): LoadSeedResult {
  const isForeign = seed % 3 === 0;
  const changes = seed % 5 === 0;
  const world = new LoadWorld({
    seed,
    acks: !isForeign,
    drifts: seed % 4 === 0,
    intervalMs: [1_000, 2_500, 300][seed % 3] ?? 0,
  });
  const { random, server, time } = world;
  server.drops = drops;
  const names = ["a", "b", "c", "d", "e"].slice(0, 2 + random.below(4));
  if (tell !== null) narrate(world, tell);
  for (const name of names) time.after(random.below(1_500), () => world.start(name));
  world.runMs(2_000);
  const faults = drawLoadFaults(world, names, FAULTS_MS, changes);
  for (const { atMs, forMs, text, begin, end } of faults) {
    time.after(atMs, () => {
      tell?.(`${time.nowMs.toFixed(0)} FAULT for ${forMs} ms: ${text}`);
      begin();
    });
    time.after(atMs + forMs, () => {
      tell?.(`${time.nowMs.toFixed(0)} over: ${text}`);
      end();
    });
  }
  world.runMs(FAULTS_MS + 9_000);
  world.isTrafficOn = false;
  world.runMs(3_000);
  // The last change of one is a request, of the next a connection without one that ends.
  const nodes = [...world.nodes.values()];
  for (const { counters } of nodes) counters.begin("one");
  const connected = nodes.filter((_, at) => at % 2 === 1);
  for (const { counters } of connected) counters.end("one", "success");
  world.runMs(4_000);
  for (const { counters } of connected) counters.close("one");
  world.runMs(REST_MS);
  return {
    seed,
    faults,
    world,
    breaches: [...breachesOfConservation(world, changes), ...breachesAtRest(world, changes)],
  };
}

/** Every batch is in the server's totals once, or died with all who had it. */
function breachesOfConservation(world: LoadWorld, changes: boolean): string[] {
  const { server, cut, diedWith, lives } = world;
  const found: string[] = [];
  let sum = 0;
  let isOff = false;
  for (const node of lives) {
    const batches = cut.get(node.instance) ?? new Map<number, number>();
    const taken = [...batches.values()].reduce((all, one) => all + one, 0);
    if (taken !== node.counters.taken) found.push(`${node.name}: took ${node.counters.taken}, cut ${taken}`);
    for (const [sequence, counts] of batches) {
      if (counts === 0) continue; // of gauges alone no share tells
      const key = `${node.instance} ${sequence}`;
      const there = server.batches.get(node.instance)?.get(sequence);
      const times = there?.times ?? 0;
      sum += there?.counted ?? 0;
      if (times === 1 && there?.counted !== counts && !changes)
        found.push(`batch ${key}: ${there?.counted} of ${counts}`);
      if (times === 1 || (times === 0 && (diedWith.has(key) || changes))) continue;
      isOff = true;
      if (server.acks)
        found.push(`batch ${sequence} of ${node.name} (${node.instance.slice(-3)}) arrived ${times} times`);
    }
  }
  if (sum !== server.total) found.push(`the server's total is ${server.total}, its batches make ${sum}`);
  const uncertain = lives.reduce((all, node) => all + node.uncertain, 0);
  const couldHaveDied = lives.some(({ isDead }) => isDead);
  if (isOff && !server.acks && uncertain === 0 && !couldHaveDied)
    found.push("a count was lost or repeated, and nobody said so");
  return found;
}

function breachesAtRest(world: LoadWorld, changes: boolean): string[] {
  const { nodes, server } = world;
  const found: string[] = [];
  const leaders = [...nodes.values()].filter(({ state }) => state.leads).map(({ name }) => name);
  if (leaders.length !== 1) found.push(`reporters: ${leaders.join(", ") || "none"}`);
  for (const { name, counters, state } of nodes.values()) {
    const { queue, relays, heldBytes } = state;
    if (counters.counted !== counters.taken && !changes)
      found.push(`${name}: ${counters.counted - counters.taken} not taken`);
    if (queue.length > 0 || relays.length > 0 || heldBytes !== 0) {
      found.push(`${name}: ${queue.length} batches, ${relays.length} relays, ${heldBytes} bytes wait`);
    }
  }
  const under = [...nodes.values()].reduce((sum, { counters }) => sum + counters.inProgress, 0);
  const told = [...server.gauges.values()].reduce((sum, one) => sum + one, 0);
  if (under !== told && !changes) found.push(`${under} requests and connections under way, ${told} told`);
  return found;
}

function narrate(world: LoadWorld, tell: (line: string) => void): void {
  world.onSaw = (node, effect) => {
    if (effect.type === "arm-timer" || effect.type === "disarm-timer") return;
    tell(`${world.time.nowMs.toFixed(0)} ${node.name} ${JSON.stringify(effect).slice(0, 300)}`);
  };
}

const FAULTS_MS = 25_000;
const REST_MS = 25_000;
