// The newest endpoints of every cluster, numbered, and what each worker has of them. A worker gets one batch at a time; what changes
// until it answers merges into the next one, so a slow worker never queues. Pure: answers with the updates to send.
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

  constructor(limits: BookLimits) {
    this.slots = new SlotPool(limits.slotsMax);
    this.rows = new SlotPool(limits.rowsMax);
  }

  /** Every set as it is now, for admin pages. */
  all(): readonly EndpointSetFull[] {
    return [...this.clusters.values()].map(full);
  }

  /** The set of one cluster; null when the plan has none of this name. */
  setOf(name: string): EndpointSetFull | null {
    const entry = this.clusters.get(name);
    return entry === undefined ? null : full(entry);
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
      if (!this.clusters.has(name)) this.clusters.set(name, newEntry(name, this.rows.take()));
      if (discovery.kind === "static") this.replace(name, discovery.endpoints);
    }
  }

  /** The endpoints of a cluster are these from now on. Those that it had keep their number; false when nothing changed. */
  replace(name: string, endpoints: readonly EndpointPlan[]): boolean {
    const entry = this.clusters.get(name);
    if (entry === undefined) return false; // of a plan that is gone
    const held = new Map(entry.endpoints);
    const version = entry.version + 1;
    const next = new Map<string, Numbered>();
    for (const [key, plan] of keyed(endpoints)) {
      const before = held.get(key);
      held.delete(key);
      if (before === undefined) next.set(key, { facts: { ...plan, slot: this.slots.take() }, changedAt: version });
      else if (sameFacts(before.facts, plan)) next.set(key, before);
      else next.set(key, { facts: { ...plan, slot: before.facts.slot }, changedAt: version });
    }
    const changed = held.size > 0 || [...next.values()].some(({ changedAt }) => changedAt === version);
    if (!changed) return false;
    for (const { facts } of held.values()) entry.removed.push({ slot: facts.slot, removedAt: version });
    entry.version = version;
    entry.endpoints = inOldOrder(entry.endpoints, next);
    this.reclaim(entry);
    return true;
  }

  /** A worker begins, or begins again, with nothing: `next` gives it full copies. */
  open(reader: number): void {
    this.readers.set(reader, { held: new Map(), sent: null });
  }

  /** A worker is gone. */
  close(reader: number): void {
    this.readers.delete(reader);
    for (const entry of this.clusters.values()) this.reclaim(entry);
  }

  /** What a worker that has answered is behind by; null when it is up to date, gone, or has not answered yet. */
  next(reader: number): readonly EndpointSetUpdate[] | null {
    const state = this.readers.get(reader);
    if (state === undefined || state.sent !== null) return null;
    const updates: EndpointSetUpdate[] = [];
    for (const entry of this.clusters.values()) {
      const held = state.held.get(entry.name);
      if (held === undefined) updates.push(full(entry));
      else if (held !== entry.version) updates.push(delta(entry, held));
    }
    if (updates.length === 0) return null;
    state.sent = new Map(updates.map(({ cluster, version }) => [cluster, version]));
    return updates;
  }

  /** A worker has applied its batch but for the clusters in `missed`, which it needs whole. */
  applied(reader: number, missed: readonly string[]): void {
    const state = this.readers.get(reader);
    if (state === undefined || state.sent === null) return;
    for (const [cluster, version] of state.sent) state.held.set(cluster, version);
    for (const cluster of missed) state.held.delete(cluster);
    const touched = [...state.sent.keys()];
    state.sent = null;
    for (const name of touched) {
      const entry = this.clusters.get(name);
      if (entry !== undefined) this.reclaim(entry);
    }
  }

  /** Gives back the numbers of endpoints that no worker can still know. */
  private reclaim(entry: ClusterEntry): void {
    let oldest = entry.version;
    for (const { held, sent } of this.readers.values()) {
      oldest = Math.min(oldest, held.get(entry.name) ?? oldest, sent?.get(entry.name) ?? oldest);
    }
    const kept = entry.removed.filter(({ removedAt }) => removedAt > oldest);
    for (const { slot, removedAt } of entry.removed) if (removedAt <= oldest) this.slots.give(slot);
    entry.removed = kept;
  }

  private drop(name: string, entry: ClusterEntry): void {
    this.clusters.delete(name);
    for (const { facts } of entry.endpoints.values()) this.resting.push(facts.slot);
    for (const { slot } of entry.removed) this.resting.push(slot);
    for (const { held } of this.readers.values()) held.delete(name);
  }
}

interface Numbered {
  readonly facts: EndpointFacts;
  readonly changedAt: number;
}

interface ClusterEntry {
  readonly name: string;
  readonly row: number;
  version: number;
  /** By address and, for the same address given twice, its how-manieth it is. */
  endpoints: ReadonlyMap<string, Numbered>;
  /** Numbers that some worker may still know. */
  removed: { readonly slot: number; readonly removedAt: number }[];
}

interface Reader {
  /** Version of each cluster that it has applied. */
  readonly held: Map<string, number>;
  /** Versions of the batch that it has not answered. */
  sent: ReadonlyMap<string, number> | null;
}

function newEntry(name: string, row: number): ClusterEntry {
  return { name, row, version: 1, endpoints: new Map(), removed: [] };
}

function full(entry: ClusterEntry): EndpointSetFull {
  const endpoints = [...entry.endpoints.values()].map(({ facts }) => facts);
  return { kind: "full", cluster: entry.name, row: entry.row, version: entry.version, endpoints };
}

function delta(entry: ClusterEntry, baseVersion: number): EndpointSetUpdate {
  const removed = entry.removed.filter(({ removedAt }) => removedAt > baseVersion).map(({ slot }) => slot);
  const numbered = [...entry.endpoints.values()].filter(({ changedAt }) => changedAt > baseVersion);
  const changed = numbered.map(({ facts }) => facts);
  return { kind: "delta", cluster: entry.name, baseVersion, version: entry.version, removed, changed };
}

function keyed(endpoints: readonly EndpointPlan[]): [string, EndpointPlan][] {
  const seen = new Map<string, number>();
  return endpoints.map((plan) => {
    const text = `${addressText(plan.address)} ${plan.priority}`;
    const count = seen.get(text) ?? 0;
    seen.set(text, count + 1);
    return [`${text} ${count}`, plan];
  });
}

/** What stays keeps its place; what is new comes behind, as a delta's reader has it. */
function inOldOrder(old: ReadonlyMap<string, Numbered>, next: ReadonlyMap<string, Numbered>): Map<string, Numbered> {
  const ordered = new Map<string, Numbered>();
  for (const key of old.keys()) {
    const kept = next.get(key);
    if (kept !== undefined) ordered.set(key, kept);
  }
  for (const [key, numbered] of next) ordered.set(key, numbered);
  return ordered;
}

function sameFacts(held: EndpointFacts, plan: EndpointPlan): boolean {
  const { slot, ...facts } = held;
  return JSON.stringify(facts) === JSON.stringify(plan);
}
