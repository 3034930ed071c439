// The endpoint set of one cluster on this worker. Applies full copies and deltas; answers what the next request picks from. Work after
// a change is a pass over arrays; objects are made only for endpoints that are new. Called by upstream-cluster.ts.
import type { Random } from "../../base/random.ts";
import { addressText } from "../../config/plan/address.ts";
import type {
  EndpointFacts,
  EndpointSetDelta,
  EndpointSetFull,
  EndpointSetUpdate,
} from "../../config/plan/endpoint-set.ts";
import type { HostList } from "./balance/host-list.ts";
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
  private readonly priorities: PrioritySet<UpstreamEndpoint>;
  /** Those that failed at the last pick. */
  private failing: readonly UpstreamEndpoint[] = [];
  private seenGeneration = 0;
  private isStale = true;

  constructor(home: EndpointHome, rules: PriorityRules) {
    this.home = home;
    this.priorities = new PrioritySet(rules);
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
    this.isStale = true;
    return true;
  }

  /** The list that this pick is made from, by health and priority; its hosts may be empty. */
  list(random: Random): HostList<UpstreamEndpoint> {
    return this.current().choose(random);
  }

  /** The priorities as health is now. */
  current(): PrioritySet<UpstreamEndpoint> {
    if (this.row >= 0) {
      const generation = this.home.health.generation(this.row);
      if (generation !== this.seenGeneration || this.isStale) {
        // The word is read before the flags: a change in between is seen by the next pick.
        const flagsChanged = generation !== this.seenGeneration;
        this.seenGeneration = generation;
        this.isStale = false;
        this.priorities.refresh(flagsChanged);
        this.reviewFailing();
      }
    }
    return this.priorities;
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

/** What a delta does to one priority. */
interface SetChange {
  readonly leaving: UpstreamEndpoint[];
  readonly added: UpstreamEndpoint[];
  /** Facts of an endpoint that was there changed. */
  isReviewed: boolean;
}
