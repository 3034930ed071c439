// The newest endpoints of every cluster, numbered, and what each worker has of them. A worker gets one batch at a time; what changes
// until it answers merges into the next one, so a slow worker never queues. A change costs what it changes, not what there is. Pure:
// answers with the updates to send.
import { equalData } from "../base/equal-data.ts";
import { addressText } from "../config/plan/address.ts";
import type { ClusterPlan, EndpointPlan } from "../config/plan/cluster.ts";
import type { EndpointFacts, EndpointSetFull, EndpointSetUpdate } from "../config/plan/endpoint-set.ts";
import { SlotPool } from "./slot-pool.ts";

/** Endpoints and clusters that a node's tables have room for. */
export interface BookLimits {
  readonly slotsMax: number;
  readonly rowsMax: number;
}

/** The endpoint sets of a node. */
export class EndpointBook {
  private readonly slots: SlotPool;
  private readonly rows: SlotPool;
  private readonly clusters = new Map<string, ClusterEntry>();
  private readonly readers = new Map<number, Reader>();
  /** Numbers of dropped clusters: workers still know them until the plan after next. Rows are not used again. */
  private readonly resting: number[] = [];
  private passes = 0;

  constructor(limits: BookLimits) {
    this.slots = new SlotPool(limits.slotsMax);
    this.rows = new SlotPool(limits.rowsMax);
  }

  /** Every set as it is now, for admin pages. */
  all(): readonly EndpointSetFull[] {
    return [...this.clusters.values()].map(full);
  }

  /** Shows each endpoint of one cluster; none when the plan has none of this name. */
  each(name: string, show: (facts: EndpointFacts) => void): void {
    for (const { facts } of this.clusters.get(name)?.endpoints.values() ?? []) show(facts);
  }

  /** A cluster's row in the node's tables; -1 when the plan has none of this name. */
  rowOf(name: string): number {
    return this.clusters.get(name)?.row ?? -1;
  }

  /** Takes a plan's clusters in: static ones bring their endpoints, others begin empty or keep what they have. */
  assign(plans: readonly ClusterPlan[]): void {
    const names = new Set(plans.map(({ name }) => name));
    for (const slot of this.resting.splice(0)) this.slots.give(slot);
    for (const [name, entry] of this.clusters) if (!names.has(name)) this.drop(name, entry);
    for (const { name, discovery } of plans) {
      if (!this.clusters.has(name)) this.begin(name);
      if (discovery.kind === "static") this.replace(name, discovery.endpoints);
    }
  }

  /** The endpoints of a cluster are these from now on. Those that it had keep their number; false when nothing changed. */
  replace(name: string, endpoints: readonly EndpointPlan[]): boolean {
    const entry = this.clusters.get(name);
    if (entry === undefined) return false; // of a plan that is gone
    const version = entry.version + 1;
    const pass = ++this.passes;
    for (const plan of endpoints) {
      const text = keyOf(plan);
      let key = text;
      for (let twin = 1; entry.endpoints.get(key)?.seenIn === pass; twin++) key = twinKey(text, twin);
      this.put(entry, version, key, plan).seenIn = pass;
    }
    if (entry.endpoints.size > endpoints.length) {
      for (const [key, { seenIn }] of entry.endpoints) if (seenIn !== pass) takeOut(entry, version, key);
    }
    return this.finish(entry, version);
  }

  /** Some endpoints of a cluster went and others came; one that went is told from its like at the same address by its facts. */
  change(name: string, removed: readonly EndpointPlan[], added: readonly EndpointPlan[]): boolean {
    const entry = this.clusters.get(name);
    if (entry === undefined) return false;
    const version = entry.version + 1;
    for (const plan of removed) takeOutOne(entry, version, plan);
    for (const plan of added) {
      const text = keyOf(plan);
      let key = text;
      for (let twin = 1; entry.endpoints.has(key); twin++) key = twinKey(text, twin);
      this.put(entry, version, key, plan);
    }
    return this.finish(entry, version);
  }

  /** A worker begins, or begins again, with nothing: `next` gives it full copies. */
  open(reader: number): void {
    this.readers.set(reader, { held: new Map(), sent: null, behind: new Set(this.clusters.values()) });
  }

  /** A worker is gone. */
  close(reader: number): void {
    this.readers.delete(reader);
    for (const entry of this.clusters.values()) this.reclaim(entry);
  }

  /** What a worker that has answered is behind by; null when it is up to date, gone, or has not answered yet. */
  next(reader: number): readonly EndpointSetUpdate[] | null {
    const state = this.readers.get(reader);
    if (state === undefined || state.sent !== null || state.behind.size === 0) return null;
    const updates = [...state.behind].map((entry) => {
      const held = state.held.get(entry.name);
      return held === undefined ? full(entry) : delta(entry, held);
    });
    state.behind.clear();
    state.sent = new Map(updates.map(({ cluster, version }) => [cluster, version]));
    return updates;
  }

  /** A worker has applied its batch but for the clusters in `missed`, which it needs whole. */
  applied(reader: number, missed: readonly string[]): void {
    const state = this.readers.get(reader);
    if (state === undefined || state.sent === null) return;
    const { sent } = state;
    state.sent = null;
    for (const [name, version] of sent) {
      const entry = this.clusters.get(name);
      if (entry === undefined) continue;
      if (missed.includes(name)) {
        state.held.delete(name);
        state.behind.add(entry);
      } else state.held.set(name, version);
      this.reclaim(entry);
    }
  }

  private begin(name: string): void {
    const entry = newEntry(name, this.rows.take());
    this.clusters.set(name, entry);
    for (const { behind } of this.readers.values()) behind.add(entry);
  }

  /** Gives what has this key these facts, or makes it. */
  private put(entry: ClusterEntry, version: number, key: string, plan: EndpointPlan): Numbered {
    let numbered = entry.endpoints.get(key);
    if (numbered === undefined) {
      numbered = { facts: { ...plan, slot: this.slots.take() }, seenIn: 0, isGone: false };
      entry.endpoints.set(key, numbered);
    } else if (sameFacts(numbered.facts, plan)) return numbered;
    else numbered.facts = { ...plan, slot: numbered.facts.slot };
    entry.changed.push({ numbered, at: version });
    return numbered;
  }

  private finish(entry: ClusterEntry, version: number): boolean {
    if (entry.changed.at(-1)?.at !== version && entry.removed.at(-1)?.at !== version) return false;
    entry.version = version;
    for (const { behind } of this.readers.values()) behind.add(entry);
    this.reclaim(entry);
    return true;
  }

  /** Forgets the changes that every worker has, and gives back the numbers of endpoints that none can still know. */
  private reclaim(entry: ClusterEntry): void {
    let oldest = entry.version;
    for (const { held, sent } of this.readers.values()) {
      oldest = Math.min(oldest, held.get(entry.name) ?? oldest, sent?.get(entry.name) ?? oldest);
    }
    entry.changed.splice(0, firstAfter(entry.changed, oldest));
    for (const { numbered } of entry.removed.splice(0, firstAfter(entry.removed, oldest))) {
      this.slots.give(numbered.facts.slot);
    }
  }

  private drop(name: string, entry: ClusterEntry): void {
    this.clusters.delete(name);
    for (const { facts } of entry.endpoints.values()) this.resting.push(facts.slot);
    for (const { numbered } of entry.removed) this.resting.push(numbered.facts.slot);
    for (const { held, sent, behind } of this.readers.values()) {
      held.delete(name);
      sent?.delete(name); // the next cluster of this name has other versions
      behind.delete(entry);
    }
  }
}

interface Numbered {
  facts: EndpointFacts;
  /** The pass of `replace` that named it last. */
  seenIn: number;
  isGone: boolean;
}

/** Something that happened to an endpoint, and the version that brought it. */
interface Step {
  readonly numbered: Numbered;
  readonly at: number;
}

interface ClusterEntry {
  readonly name: string;
  readonly row: number;
  version: number;
  /** By address and priority, twins apart. What stays keeps its place, what is new comes behind, as a delta's reader has it. */
  readonly endpoints: Map<string, Numbered>;
  /** New endpoints and new facts that some worker may lack, oldest first. */
  readonly changed: Step[];
  /** Endpoints that some worker may still know, oldest first. */
  readonly removed: Step[];
}

interface Reader {
  /** Version of each cluster that it has applied. */
  readonly held: Map<string, number>;
  /** Versions of the batch that it has not answered. */
  sent: Map<string, number> | null;
  /** Clusters of which it was not sent the newest version. */
  readonly behind: Set<ClusterEntry>;
}

function newEntry(name: string, row: number): ClusterEntry {
  return { name, row, version: 1, endpoints: new Map(), changed: [], removed: [] };
}

function full(entry: ClusterEntry): EndpointSetFull {
  const endpoints = Array.from(entry.endpoints.values(), ({ facts }) => facts);
  return { kind: "full", cluster: entry.name, row: entry.row, version: entry.version, endpoints };
}

function delta(entry: ClusterEntry, baseVersion: number): EndpointSetUpdate {
  const removed = since(entry.removed, baseVersion).map(({ facts }) => facts.slot);
  const changed = new Set(since(entry.changed, baseVersion).filter(({ isGone }) => !isGone));
  const { name, version } = entry;
  return {
    kind: "delta",
    cluster: name,
    baseVersion,
    version,
    removed,
    changed: Array.from(changed, ({ facts }) => facts),
  };
}

function since(steps: readonly Step[], version: number): Numbered[] {
  return steps.slice(firstAfter(steps, version)).map(({ numbered }) => numbered);
}

/** Where the steps after a version begin. */
function firstAfter(steps: readonly Step[], version: number): number {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] as Step).at > version) high = middle;
    else low = middle + 1;
  }
  return low;
}

function takeOut(entry: ClusterEntry, version: number, key: string): void {
  const numbered = entry.endpoints.get(key) as Numbered;
  entry.endpoints.delete(key);
  numbered.isGone = true;
  entry.removed.push({ numbered, at: version });
}

/** Takes out the one of these facts. The last of its twins moves to its key: numbers of twins have no gaps. */
function takeOutOne(entry: ClusterEntry, version: number, plan: EndpointPlan): void {
  const text = keyOf(plan);
  let found: string | null = null;
  let last = text;
  for (let key = text, twin = 1; ; key = twinKey(text, twin++)) {
    const numbered = entry.endpoints.get(key);
    if (numbered === undefined) break;
    if (found === null && sameFacts(numbered.facts, plan)) found = key;
    last = key;
  }
  if (found === null) return;
  const moved = entry.endpoints.get(last) as Numbered;
  takeOut(entry, version, found);
  if (last === found) return;
  entry.endpoints.delete(last);
  entry.endpoints.set(found, moved);
}

function keyOf({ address, priority }: EndpointPlan): string {
  return `${addressText(address)} ${priority}`;
}

function twinKey(text: string, twin: number): string {
  return `${text} ${twin}`;
}

function sameFacts(held: EndpointFacts, plan: EndpointPlan): boolean {
  for (const name of Object.keys(plan) as (keyof EndpointPlan)[]) {
    if (!equalData(held[name], plan[name])) return false;
  }
  return true;
}
