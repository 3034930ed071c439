// The endpoint set of one cluster on this worker. Applies full copies and deltas; answers what the next request picks from. Work after
// a change is a pass over arrays; objects are made only for endpoints that are new. Called by upstream-cluster.ts.
import { addressText } from "../../config/plan/address.ts";
import type {
  EndpointFacts,
  EndpointSetDelta,
  EndpointSetFull,
  EndpointSetUpdate,
} from "../../config/plan/endpoint-set.ts";
import type { HealthTable } from "../../telemetry/health-table.ts";
import { type PriorityRules, PrioritySet } from "./balance/host-set.ts";
import { type EndpointHome, UpstreamEndpoint } from "./endpoint.ts";

/** The endpoints of one cluster. */
export class EndpointTable {
  /** Version of the last update; 0 before the first. */
  version: number = 0;
  /** Row in the node-wide tables; -1 before the first update. */
  row: number = -1;
  private readonly home: EndpointHome;
  private readonly bySlot = new Map<number, UpstreamEndpoint>();
  private readonly rules: PriorityRules;
  private readonly priorities: PrioritySet<UpstreamEndpoint>;
  private readonly view: PriorityView;
  /** Those that failed at the last pick. */
  private failing: readonly UpstreamEndpoint[] = [];

  constructor(home: EndpointHome, rules: PriorityRules) {
    this.home = home;
    this.rules = rules;
    this.priorities = new PrioritySet(rules);
    this.view = new PriorityView(home.health, this.priorities);
  }

  /** Number of endpoints. */
  get size(): number {
    return this.bySlot.size;
  }

  /** Applies an update; false when it is a delta on another version: ask for a full copy. */
  apply(update: EndpointSetUpdate): boolean {
    if (update.kind === "delta" && update.baseVersion !== this.version) return false;
    if (update.kind === "full") this.applyFull(update);
    else this.applyDelta(update);
    this.version = update.version;
    this.view.markStale();
    return true;
  }

  /** The priorities as health is now: their `choose` gives the list that a pick is made from. */
  current(): PrioritySet<UpstreamEndpoint> {
    if (this.row >= 0 && this.view.refresh(this.row)) {
      this.reviewFailing();
      if (this.home.slowStart !== null)
        for (const { members } of this.priorities.sets) this.home.slowStart.review(members);
    }
    return this.priorities;
  }

  /** A view of some of the endpoints, by the same rules; empty until it is filled. */
  subset(): EndpointSubset {
    return new EndpointSubset(this, new PrioritySet(this.rules), this.home.health);
  }

  /** Every endpoint in order of priority: for tests, draining and taking over; not for the path. */
  endpoints(): readonly UpstreamEndpoint[] {
    return this.priorities.sets.flatMap((set) => set.members);
  }

  /** Tells those that begin to fail, and those that fail no more. */
  private reviewFailing(): void {
    const before = this.failing;
    this.failing = this.priorities.sets.flatMap(({ failing }) => failing);
    for (const endpoint of before) endpoint.reviewHealth();
    for (const endpoint of this.failing) endpoint.reviewHealth();
  }

  private applyFull(update: EndpointSetFull): void {
    this.row = update.row;
    const members: UpstreamEndpoint[][] = this.priorities.sets.map(() => []);
    const gone = new Map(this.bySlot);
    this.bySlot.clear();
    for (const facts of update.endpoints) {
      if (this.bySlot.has(facts.slot)) continue;
      const held = gone.get(facts.slot);
      const endpoint = this.taken(held, facts);
      if (endpoint === held) gone.delete(facts.slot);
      this.bySlot.set(facts.slot, endpoint);
      while (members.length <= facts.priority) members.push([]);
      (members[facts.priority] as UpstreamEndpoint[]).push(endpoint);
    }
    for (const [priority, list] of members.entries()) this.priorities.at(priority).replace(list);
    for (const endpoint of gone.values()) endpoint.retire();
  }

  private applyDelta(update: EndpointSetDelta): void {
    const changes = new Map<number, SetChange>();
    const at = (priority: number): SetChange => {
      let change = changes.get(priority);
      if (change === undefined) {
        change = { leaving: [], added: [], isReviewed: false };
        changes.set(priority, change);
      }
      return change;
    };
    const retired: UpstreamEndpoint[] = [];
    for (const slot of update.removed) {
      const endpoint = this.bySlot.get(slot);
      if (endpoint === undefined) continue;
      this.bySlot.delete(slot);
      retired.push(endpoint);
      at(endpoint.facts.priority).leaving.push(endpoint);
    }
    for (const facts of update.changed) {
      const held = this.bySlot.get(facts.slot);
      const before = held === undefined ? null : at(held.facts.priority);
      const endpoint = this.taken(held, facts);
      const after = at(facts.priority);
      if (before !== null) before.isReviewed = true;
      if (held === endpoint && before === after) continue;
      // A new one, one that moves to another priority, or a slot whose address changed.
      if (held !== undefined) before?.leaving.push(held);
      if (held !== undefined && held !== endpoint) retired.push(held);
      this.bySlot.set(facts.slot, endpoint);
      after.added.push(endpoint);
    }
    for (const [priority, { leaving, added, isReviewed }] of changes) {
      const set = this.priorities.at(priority);
      set.change(leaving, added);
      if (isReviewed) set.reviewed();
    }
    for (const endpoint of retired) endpoint.retire();
  }

  /** The endpoint of these facts: the held one with its new facts, or a new one when there was none at this address. */
  private taken(held: UpstreamEndpoint | undefined, facts: EndpointFacts): UpstreamEndpoint {
    if (held === undefined || addressText(held.address) !== addressText(facts.address)) {
      return new UpstreamEndpoint(this.home, facts);
    }
    held.change(facts);
    return held;
  }
}

/** Some endpoints of a cluster, to pick from like from all of them. */
export class EndpointSubset {
  private readonly table: EndpointTable;
  private readonly priorities: PrioritySet<UpstreamEndpoint>;
  private readonly view: PriorityView;

  constructor(table: EndpointTable, priorities: PrioritySet<UpstreamEndpoint>, health: HealthTable) {
    this.table = table;
    this.priorities = priorities;
    this.view = new PriorityView(health, priorities);
  }

  /** Takes these endpoints and no others. */
  fill(endpoints: readonly UpstreamEndpoint[]): void {
    const members: UpstreamEndpoint[][] = this.priorities.sets.map(() => []);
    for (const endpoint of endpoints) {
      const { priority } = endpoint.facts;
      while (members.length <= priority) members.push([]);
      (members[priority] as UpstreamEndpoint[]).push(endpoint);
    }
    for (const [priority, list] of members.entries()) this.priorities.at(priority).replace(list);
    this.view.markStale();
  }

  /** As the table's. */
  current(): PrioritySet<UpstreamEndpoint> {
    this.view.refresh(this.table.row);
    return this.priorities;
  }
}

/** Keeps priorities as health is: a comparison of two numbers while nothing changes. */
class PriorityView {
  private readonly health: HealthTable;
  private readonly priorities: PrioritySet<UpstreamEndpoint>;
  private seenGeneration = 0;
  private isStale = true;

  constructor(health: HealthTable, priorities: PrioritySet<UpstreamEndpoint>) {
    this.health = health;
    this.priorities = priorities;
  }

  markStale(): void {
    this.isStale = true;
  }

  /** Whether anything had changed. */
  refresh(row: number): boolean {
    const generation = this.health.generation(row);
    if (generation === this.seenGeneration && !this.isStale) return false;
    // The word is read before the flags: a change in between is seen by the next pick.
    const flagsChanged = generation !== this.seenGeneration;
    this.seenGeneration = generation;
    this.isStale = false;
    this.priorities.refresh(flagsChanged);
    return true;
  }
}

/** What a delta does to one priority. */
interface SetChange {
  readonly leaving: UpstreamEndpoint[];
  readonly added: UpstreamEndpoint[];
  /** Facts of an endpoint that was there changed. */
  isReviewed: boolean;
}
