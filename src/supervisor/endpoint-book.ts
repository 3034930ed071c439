// The newest endpoints of every cluster, numbered, and what each reader (a worker, the health side) has of them. A reader gets one batch
// at a time; what changes until it answers merges into the next one, so a slow one never queues. A change costs what it changes, not what
// there is. Pure: answers with the updates to send.
import type { ClusterPlan, EndpointPlan } from "../config/plan/cluster.ts";
import type { EndpointFacts, EndpointSetFull, EndpointSetUpdate } from "../config/plan/endpoint-set.ts";
import {
  type ClusterEntry,
  delta,
  find,
  firstAfter,
  freeKey,
  full,
  type Numbered,
  newEntry,
  sameFacts,
  takeOut,
} from "./endpoint-entry.ts";
import { SlotPool } from "./slot-pool.ts";

/** Endpoints and clusters that a node's tables have room for. */
export interface BookLimits {
  readonly slotsMax: number;
  readonly rowsMax: number;
}

/** Decides about endpoints and hears of their lives. */
export interface BookOwner {
  /** An endpoint of a cluster got its number; no reader knows it yet. */
  onTaken(cluster: string, facts: EndpointFacts): void;
  /** No reader can know the endpoint of this number any more. */
  onGiven(slot: number): void;
  /** Whether an endpoint that discovery dropped stays for now. */
  stays(cluster: string, facts: EndpointFacts): boolean;
  /** An endpoint was dropped and stays, or came back. */
  onLingering(slot: number, isLingering: boolean): void;
}

/** What became of a set: nothing, endpoints that stay have other facts, or endpoints came or went. */
export type SetChange = "none" | "facts" | "members";

/** The endpoint sets of a node. */
export class EndpointBook {
  private readonly owner: BookOwner;
  private readonly slots: SlotPool;
  private readonly rows: SlotPool;
  private readonly clusters = new Map<string, ClusterEntry>();
  private readonly readers = new Map<number, Reader>();
  /** Numbers of dropped clusters: readers still know them until the plan after next. Rows are not used again. */
  private readonly resting: number[] = [];
  /** Clusters with endpoints that were dropped and stay. */
  private readonly lingering = new Set<ClusterEntry>();
  private passes = 0;

  constructor(limits: BookLimits, owner: BookOwner) {
    this.owner = owner;
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

  /** Endpoints of a cluster; 0 when the plan has none of this name. */
  sizeOf(name: string): number {
    return this.clusters.get(name)?.endpoints.size ?? 0;
  }

  /** A cluster's row in the node's tables; -1 when the plan has none of this name. */
  rowOf(name: string): number {
    return this.clusters.get(name)?.row ?? -1;
  }

  /** Clusters that may still come: a row is not used again. */
  get rowsLeft(): number {
    return this.rows.left;
  }

  /** Takes a plan's clusters in: static ones bring their endpoints, others begin empty or keep what they have. Answers whose members moved. */
  assign(plans: readonly ClusterPlan[]): ReadonlySet<string> {
    const moved = new Set<string>();
    const names = new Set(plans.map(({ name }) => name));
    for (const slot of this.resting.splice(0)) this.give(slot);
    for (const [name, entry] of this.clusters) if (!names.has(name)) this.drop(name, entry);
    for (const { name, discovery } of plans) {
      if (!this.clusters.has(name)) this.begin(name);
      if (discovery.kind === "static" && this.replace(name, discovery.endpoints) === "members") moved.add(name);
    }
    return moved;
  }

  /** The endpoints of a cluster are these from now on. Those that it had keep their number. */
  replace(name: string, endpoints: readonly EndpointPlan[]): SetChange {
    const entry = this.clusters.get(name);
    if (entry === undefined) return "none"; // of a plan that is gone
    const version = entry.version + 1;
    const pass = ++this.passes;
    for (const plan of endpoints) {
      this.put(
        entry,
        version,
        freeKey(entry, plan, ({ seenIn }) => seenIn === pass),
        plan,
      ).seenIn = pass;
    }
    if (entry.endpoints.size > endpoints.length) {
      for (const one of [...entry.endpoints.values()]) if (one.seenIn !== pass) this.leave(entry, version, one);
    }
    return this.finish(entry, version);
  }

  /** Some endpoints of a cluster went and others came; one that went is told from its like at the same address by its facts. */
  change(name: string, removed: readonly EndpointPlan[], added: readonly EndpointPlan[]): SetChange {
    const entry = this.clusters.get(name);
    if (entry === undefined) return "none";
    const version = entry.version + 1;
    for (const plan of removed) {
      const numbered = find(entry, plan);
      if (numbered !== null) this.leave(entry, version, numbered);
    }
    for (const plan of added) {
      this.put(
        entry,
        version,
        freeKey(entry, plan, ({ isLingering }) => !isLingering),
        plan,
      );
    }
    return this.finish(entry, version);
  }

  /** Whether there are endpoints that were dropped and stay. */
  get hasLingering(): boolean {
    return this.lingering.size > 0;
  }

  /** Looks again at endpoints that were dropped and stayed; answers with the clusters that some have left now. */
  review(): string[] {
    return [...this.lingering]
      .filter((entry) => {
        const version = entry.version + 1;
        for (const numbered of [...entry.lingering]) this.leave(entry, version, numbered);
        if (entry.lingering.size === 0) this.lingering.delete(entry);
        return this.finish(entry, version) !== "none";
      })
      .map(({ name }) => name);
  }

  /** A reader begins, or begins again, with nothing: `next` gives it full copies of the clusters that it wants. */
  open(reader: number, wants: (cluster: string) => boolean = () => true): void {
    this.readers.set(reader, { held: new Map(), sent: null, behind: new Set(), wants });
    for (const name of this.clusters.keys()) this.widen(reader, name);
  }

  /** A reader may want a cluster that it did not want before. */
  widen(reader: number, cluster: string): void {
    const state = this.readers.get(reader);
    const entry = this.clusters.get(cluster);
    if (state === undefined || entry === undefined || !state.wants(cluster)) return;
    if (!state.held.has(cluster) && state.sent?.has(cluster) !== true) state.behind.add(entry);
  }

  /** Whether a reader has answered, and is behind by nothing. */
  isUpToDate(reader: number): boolean {
    const state = this.readers.get(reader);
    return state === undefined || (state.sent === null && state.behind.size === 0);
  }

  /** A reader is gone. */
  close(reader: number): void {
    this.readers.delete(reader);
    for (const entry of this.clusters.values()) this.reclaim(entry);
  }

  /** What a reader that has answered is behind by; null when it is up to date, gone, or has not answered yet. */
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

  /** A reader has applied its batch but for the clusters in `missed`, which it needs whole. */
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
    for (const { behind, wants } of this.readers.values()) if (wants(name)) behind.add(entry);
  }

  /** Gives what has this key these facts, or makes it. */
  private put(entry: ClusterEntry, version: number, key: string, plan: EndpointPlan): Numbered {
    let numbered = entry.endpoints.get(key);
    if (numbered === undefined) {
      numbered = { facts: { ...plan, slot: this.slots.take() }, seenIn: 0, isGone: false, isLingering: false };
      entry.endpoints.set(key, numbered);
      entry.grownAt = version;
      this.owner.onTaken(entry.name, numbered.facts);
    } else {
      if (numbered.isLingering) this.linger(entry, numbered, false);
      if (sameFacts(numbered.facts, plan)) return numbered;
      numbered.facts = { ...plan, slot: numbered.facts.slot };
    }
    entry.changed.push({ numbered, at: version });
    return numbered;
  }

  /** Discovery does not name an endpoint any more. */
  private leave(entry: ClusterEntry, version: number, numbered: Numbered): void {
    if (!this.owner.stays(entry.name, numbered.facts)) takeOut(entry, version, numbered);
    else if (!numbered.isLingering) this.linger(entry, numbered, true);
  }

  private linger(entry: ClusterEntry, numbered: Numbered, isLingering: boolean): void {
    numbered.isLingering = isLingering;
    this.owner.onLingering(numbered.facts.slot, isLingering);
    if (isLingering) entry.lingering.add(numbered);
    else entry.lingering.delete(numbered);
    if (entry.lingering.size > 0) this.lingering.add(entry);
  }

  private finish(entry: ClusterEntry, version: number): SetChange {
    const hasMoved = entry.grownAt === version || entry.removed.at(-1)?.at === version;
    if (!hasMoved && entry.changed.at(-1)?.at !== version) return "none";
    entry.version = version;
    for (const { behind, wants } of this.readers.values()) if (wants(entry.name)) behind.add(entry);
    this.reclaim(entry);
    return hasMoved ? "members" : "facts";
  }

  /** Forgets the changes that every reader has, and gives back the numbers of endpoints that none can still know. */
  private reclaim(entry: ClusterEntry): void {
    let oldest = entry.version;
    for (const { held, sent } of this.readers.values()) {
      oldest = Math.min(oldest, held.get(entry.name) ?? oldest, sent?.get(entry.name) ?? oldest);
    }
    entry.changed.splice(0, firstAfter(entry.changed, oldest));
    for (const { numbered } of entry.removed.splice(0, firstAfter(entry.removed, oldest))) {
      this.give(numbered.facts.slot);
    }
  }

  private give(slot: number): void {
    this.owner.onGiven(slot);
    this.slots.give(slot);
  }

  private drop(name: string, entry: ClusterEntry): void {
    this.clusters.delete(name);
    this.lingering.delete(entry);
    for (const { facts } of entry.endpoints.values()) this.resting.push(facts.slot);
    for (const { numbered } of entry.removed) this.resting.push(numbered.facts.slot);
    for (const { held, sent, behind } of this.readers.values()) {
      held.delete(name);
      sent?.delete(name); // the next cluster of this name has other versions
      behind.delete(entry);
    }
  }
}

interface Reader {
  /** Version of each cluster that it has applied. */
  readonly held: Map<string, number>;
  /** Versions of the batch that it has not answered. */
  sent: Map<string, number> | null;
  /** Clusters of which it was not sent the newest version. */
  readonly behind: Set<ClusterEntry>;
  readonly wants: (cluster: string) => boolean;
}
