// Brings endpoints to their readers (listener workers, the health side) and their numbers into /stats: the endpoint book with its doors,
// and the flags that an endpoint begins and ends with. Made by the supervisor.
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";
import type { ClusterPlan, EndpointPlan } from "../config/plan/cluster.ts";
import type { EndpointFacts, EndpointSetFull, EndpointSetUpdate } from "../config/plan/endpoint-set.ts";
import { HealthFlag, type HealthTable, healthStatusFlags } from "../telemetry/health-table.ts";
import { type NodeMemory, nodeTables } from "../telemetry/node-memory.ts";
import type { OutlierTable } from "../telemetry/outlier-table.ts";
import type { StatsWriter } from "../telemetry/stats-memory.ts";
import { EndpointBook, type SetChange } from "./endpoint-book.ts";
import { HashGauges } from "./hash-gauges.ts";
import { beginMembership, countMembershipChange, MembershipCounts } from "./membership-stats.ts";
import { countClusterUpdate } from "./node-stats.ts";
import { SubsetStats } from "./subset-stats.ts";

/** What it stands on. */
export interface EndpointRollOutParts {
  /** Limits: the tables' sizes. */
  readonly memory: NodeMemory;
  readonly stats: StatsWriter;
  readonly wheel: TimerWheel;
}

/** Who gets endpoints. */
export interface EndpointReader {
  /** Gets a batch, and answers it before it gets the next. */
  send(updates: readonly EndpointSetUpdate[]): void;
  /** Whether it is to know a cluster; what it says may only grow, by `widen`. */
  wants(cluster: string): boolean;
}

/** The endpoints of a node on their way to its readers. */
export class EndpointRollOut {
  private readonly parts: EndpointRollOutParts;
  private readonly health: HealthTable;
  private readonly outliers: OutlierTable;
  private readonly book: EndpointBook;
  private readonly readers = new Map<number, EndpointReader>();
  private readonly reviewing: Timer = new Timer(() => this.review());
  private readonly subsets: SubsetStats;
  private plans: ReadonlyMap<string, ClusterPlan> = new Map();

  constructor(parts: EndpointRollOutParts) {
    const { memory } = parts;
    this.parts = parts;
    this.subsets = new SubsetStats(parts.stats);
    const tables = nodeTables(memory, 0);
    this.health = tables.health;
    this.outliers = tables.outliers;
    const limits = { slotsMax: memory.slots, rowsMax: memory.rows };
    this.book = new EndpointBook(limits, {
      onTaken: (cluster, facts) => this.begin(cluster, facts),
      onGiven: (slot) => this.forget(slot),
      stays: (cluster, facts) => this.stays(cluster, facts),
      onLingering: (slot, isLingering) => this.markLingering(slot, isLingering),
    });
  }

  /** Every set as it is now. */
  all(): readonly EndpointSetFull[] {
    return this.book.all();
  }

  /** Endpoints of a cluster whose checks are not disabled. */
  checkedIn(cluster: string): number {
    let count = 0;
    this.book.each(cluster, ({ check }) => {
      if (!check.disabled) count++;
    });
    return count;
  }

  /** Clusters that may still come in the life of this process. */
  get clustersLeft(): number {
    return this.book.rowsLeft;
  }

  /** A cluster's row in the node's tables; -1 when the plan has none of this name. */
  rowOf(cluster: string): number {
    return this.book.rowOf(cluster);
  }

  /** HealthFlag bits of an endpoint: those of the shared table and those that its configured status means. */
  flagsOf({ slot, health }: EndpointFacts): number {
    return Atomics.load(this.health.flags, slot) | healthStatusFlags(health);
  }

  /** Takes the clusters of a plan in. */
  assign(plans: readonly ClusterPlan[]): void {
    const before = this.plans;
    this.plans = new Map(plans.map((plan) => [plan.name, plan]));
    this.subsets.keep(this.plans);
    const moved = this.book.assign(plans);
    for (const plan of plans) if (isChecked(before.get(plan.name)) && !isChecked(plan)) this.uncheck(plan.name);
    for (const { name, statName } of plans) {
      beginMembership(this.parts.stats, statName);
      if (moved.has(name)) countMembershipChange(this.parts.stats, statName);
    }
    for (const plan of plans) this.show(plan);
    this.sendAll();
  }

  /** Discovery found these endpoints of a cluster, and no others. */
  resolved(cluster: string, endpoints: readonly EndpointPlan[]): void {
    this.changing(cluster, () => this.book.replace(cluster, endpoints));
  }

  /** Discovery found that some endpoints of a cluster went and others came. */
  moved(cluster: string, removed: readonly EndpointPlan[], added: readonly EndpointPlan[]): void {
    if (this.changing(cluster, () => this.book.change(cluster, removed, added))) countClusterUpdate(this.parts.stats);
  }

  /** Whether this reader holds everything that it wants as it is now. */
  isUpToDate(id: number): boolean {
    return this.book.isUpToDate(id);
  }

  /** A reader begins with nothing. */
  openReader(id: number, reader: EndpointReader): void {
    this.readers.set(id, reader);
    this.book.open(id, reader.wants);
    this.sendTo(id, reader);
  }

  /** A reader is gone. */
  closeReader(id: number): void {
    this.readers.delete(id);
    this.book.close(id);
  }

  /** A reader has answered its batch. */
  applied(id: number, missed: readonly string[]): void {
    this.book.applied(id, missed);
    const reader = this.readers.get(id);
    if (reader !== undefined) this.sendTo(id, reader);
  }

  /** A reader wants these clusters, which it may not have wanted before. */
  widen(id: number, clusters: Iterable<string>): void {
    const reader = this.readers.get(id);
    if (reader === undefined) return;
    for (const cluster of clusters) this.book.widen(id, cluster);
    this.sendTo(id, reader);
  }

  /** Sets the gauges that depend on flags: somebody looks. */
  showHealth(): void {
    for (const plan of this.plans.values()) if (isChecked(plan) || plan.outlier !== null) this.show(plan);
  }

  /** Ends its timer. */
  stop(): void {
    this.parts.wheel.remove(this.reviewing);
  }

  /** Answers whether endpoints came or went. */
  private changing(cluster: string, change: () => SetChange): boolean {
    const plan = this.plans.get(cluster);
    if (plan === undefined) return false; // of a plan that is gone
    const before = this.book.sizeOf(cluster);
    const what = change();
    if (this.book.hasLingering) this.parts.wheel.arm(this.reviewing, REVIEW_MS);
    if (what === "none") return false;
    // A logical host stays one host when its address changes.
    const isMove = plan.discovery.kind !== "logical_dns" || before !== this.book.sizeOf(cluster);
    const hasMoved = what === "members" && isMove;
    if (hasMoved) countMembershipChange(this.parts.stats, plan.statName);
    this.show(plan);
    this.sendAll();
    return hasMoved;
  }

  /** An endpoint of a cluster with active checks fails them until they pass; nobody knows it yet. */
  private begin(cluster: string, { slot, check }: EndpointFacts): void {
    const plan = this.plans.get(cluster);
    if (plan === undefined || !isChecked(plan) || check.disabled) return;
    // As in Envoy, where no static cluster has new endpoints.
    const isPending = plan.ignoreNewHostsUntilFirstCheck && plan.discovery.kind !== "static";
    this.health.set(slot, HealthFlag.FailedActiveHc | (isPending ? HealthFlag.PendingActiveHc : 0));
  }

  /** Whoever gets this number next begins with nothing. */
  private forget(slot: number): void {
    this.health.clear(slot, ALL_FLAGS);
    this.outliers.clear(slot);
  }

  /** As in Envoy an endpoint that discovery dropped is used on while its active checks pass. One that was announced is not: its lease says. */
  private stays(cluster: string, facts: EndpointFacts): boolean {
    const plan = this.plans.get(cluster);
    if (plan === undefined || plan.discovery.kind === "static" || plan.discovery.kind === "mesh") return false;
    if (!isChecked(plan) || plan.ignoreHealthOnHostRemoval || facts.check.disabled) return false;
    return (this.flagsOf(facts) & (HealthFlag.FailedActiveHc | HealthFlag.FailedEdsHealth)) === 0;
  }

  private markLingering(slot: number, isLingering: boolean): void {
    if (isLingering) this.health.set(slot, HealthFlag.PendingDynamicRemoval);
    else this.health.clear(slot, HealthFlag.PendingDynamicRemoval);
  }

  /** Whether endpoints that stayed have failed since. */
  private review(): void {
    for (const cluster of this.book.review()) {
      const plan = this.plans.get(cluster);
      if (plan === undefined) continue;
      countMembershipChange(this.parts.stats, plan.statName);
      this.show(plan);
    }
    this.sendAll();
    if (this.book.hasLingering) this.parts.wheel.arm(this.reviewing, REVIEW_MS);
  }

  /** No check will lower what the checks of the plan before have raised. */
  private uncheck(cluster: string): void {
    this.book.each(cluster, ({ slot }) => this.health.clear(slot, ACTIVE_FLAGS));
    this.health.bump(this.book.rowOf(cluster));
  }

  private sendAll(): void {
    for (const [id, reader] of this.readers) this.sendTo(id, reader);
  }

  private sendTo(id: number, reader: EndpointReader): void {
    const updates = this.book.next(id);
    if (updates !== null) reader.send(updates);
  }

  private show(plan: ClusterPlan): void {
    const { balancer, name, statName } = plan;
    const counts = new MembershipCounts();
    const members: EndpointFacts[] = [];
    const hashes = "hashPolicy" in balancer ? new HashGauges(plan, balancer) : null;
    this.book.each(name, (facts) => {
      const flags = this.flagsOf(facts);
      counts.add(facts, flags);
      hashes?.add(facts, flags);
      if (plan.subsets !== null) members.push(facts);
    });
    counts.show(this.parts.stats, statName);
    hashes?.show(this.parts.stats);
    this.subsets.count(plan, members);
  }
}

function isChecked(plan: ClusterPlan | undefined): boolean {
  return plan !== undefined && plan.healthChecks.length > 0;
}

/** How long an endpoint that was dropped may be there after its first failed check. */
const REVIEW_MS = 100;
const ALL_FLAGS = 0xffff;
const ACTIVE_FLAGS: number =
  HealthFlag.FailedActiveHc |
  HealthFlag.DegradedActiveHc |
  HealthFlag.PendingDynamicRemoval |
  HealthFlag.PendingActiveHc |
  HealthFlag.ExcludedViaImmediateHcFail |
  HealthFlag.ActiveHcTimeout;
