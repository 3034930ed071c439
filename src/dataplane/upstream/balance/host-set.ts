// The hosts of a cluster by priority and the view that picks are made from: healthy and degraded lists, loads of priorities, panic.
// Membership is changed by endpoint-table.ts; the view is rebuilt on the first pick after a change.
import type { Random } from "../../../base/random.ts";
import { DEGRADED_FLAGS, EXCLUDED_FLAGS, UNHEALTHY_FLAGS } from "../../../telemetry/health-table.ts";
import { type PriorityCounts, type PriorityLoads, priorityLoads } from "../../../telemetry/priority-load.ts";
import type { Host } from "./host.ts";
import { HostList } from "./host-list.ts";

/** A host whose health flags can be read. */
export interface FlaggedHost extends Host {
  /** HealthFlag bits as they are now. */
  healthFlags(): number;
}

/** The cluster's percentages; asked for each view, because the runtime may change them. */
export interface PriorityRules {
  readonly overprovisioningPercent: number;
  readonly panicThresholdPercent: number;
}

/** The hosts of one priority. */
export class HostSet<H extends FlaggedHost> {
  readonly all: HostList<H> = new HostList("panic");
  readonly healthy: HostList<H> = new HostList("usual");
  readonly degraded: HostList<H> = new HostList("usual");
  /** Those that are not used but in a panic. */
  failing: readonly H[] = [];
  /** In the order in which they came. */
  private list: H[] = [];
  /** How many have each weight; null: to be counted. */
  private weights: Map<number, number> | null = null;
  /** Whether all but the `unseen` ones had no flag when they were looked at. */
  private isWell = false;
  private unseen: H[] = [];
  /** The healthy ones while not all are: filled anew at each verdict, because a fresh array of 20,000 costs more than the pass over them. */
  private readonly sorted: H[] = [];
  private someLeft = false;
  private counts: PriorityCounts = { hosts: 0, healthy: 0, degraded: 0, excluded: 0 };

  /** All hosts. */
  get members(): readonly H[] {
    return this.list;
  }

  /** Takes these members and no others. */
  replace(members: readonly H[]): void {
    this.list = members.slice();
    this.someLeft = true;
    this.weights = null;
    this.isWell = false;
  }

  /** Takes members out and adds others at the end; their weights are those that they had when they came, or `reviewed` was called. */
  change(leaving: readonly H[], added: readonly H[]): void {
    this.someLeft ||= leaving.length > 0;
    if (leaving.length > FEW) {
      const gone = new Set(leaving);
      this.list = this.list.filter((host) => !gone.has(host));
    } else {
      for (const host of leaving) {
        const at = this.list.indexOf(host);
        if (at >= 0) this.list.splice(at, 1);
      }
    }
    for (const host of leaving) this.countWeight(host.weight, -1);
    for (const host of added) {
      this.list.push(host);
      this.unseen.push(host);
      this.countWeight(host.weight, 1);
    }
  }

  /** Facts of members changed: weights or flags of their own. */
  reviewed(): void {
    this.weights = null;
    this.isWell = false;
  }

  /** Sorts the members by their flags. `flagsChanged`: flags of any of them may have changed since the last time. */
  refresh(flagsChanged: boolean): PriorityCounts {
    const { unseen } = this;
    this.unseen = [];
    const isWell = this.isWell && !flagsChanged ? areWell(unseen) : areWell(this.list);
    this.isWell = isWell;
    this.weights ??= weightCounts(this.list);
    const weightsAreEqual = this.weights.size < 2;
    this.all.fill(this.list, weightsAreEqual);
    if (isWell) {
      this.healthy.fill(this.list, weightsAreEqual);
      this.degraded.fill([], true);
      this.failing = [];
      if (this.someLeft) this.sorted.length = 0; // who left is not kept alive by it
      this.counts = { hosts: this.list.length, healthy: this.list.length, degraded: 0, excluded: 0 };
    } else this.sort(weightsAreEqual);
    this.someLeft = false;
    return this.counts;
  }

  private sort(weightsAreEqual: boolean): void {
    const { list, sorted: healthy } = this;
    const degraded: H[] = [];
    const failing: H[] = [];
    let excluded = 0;
    let kept = 0;
    for (let i = 0; i < list.length; i++) {
      const host = list[i] as H;
      const flags = host.healthFlags();
      if ((flags & EXCLUDED_FLAGS) !== 0) excluded++;
      if ((flags & UNHEALTHY_FLAGS) !== 0) failing.push(host);
      else if ((flags & DEGRADED_FLAGS) !== 0) degraded.push(host);
      else healthy[kept++] = host;
    }
    healthy.length = kept;
    this.failing = failing;
    this.healthy.fill(healthy, weightsAreEqual || weightCounts(healthy).size < 2);
    this.degraded.fill(degraded, weightsAreEqual || weightCounts(degraded).size < 2);
    this.counts = { hosts: this.list.length, healthy: healthy.length, degraded: degraded.length, excluded };
  }

  private countWeight(weight: number, change: number): void {
    const { weights } = this;
    if (weights === null) return;
    const count = (weights.get(weight) ?? 0) + change;
    if (count === 0) weights.delete(weight);
    else weights.set(weight, count);
  }
}

/** All priorities of a cluster. */
export class PrioritySet<H extends FlaggedHost> {
  /** By priority; there is always a first one. */
  readonly sets: HostSet<H>[] = [new HostSet()];
  private readonly rules: PriorityRules;
  private loads: PriorityLoads = { healthy: [100], degraded: [0], panic: [false] };
  /** The one list that every pick uses, when there is only one. */
  private only: HostList<H> | null = null;

  constructor(rules: PriorityRules) {
    this.rules = rules;
  }

  /** The set of a priority, made with all below it when there is none. */
  at(priority: number): HostSet<H> {
    while (this.sets.length <= priority) this.sets.push(new HostSet());
    return this.sets[priority] as HostSet<H>;
  }

  /** Computes the view anew, after membership changed and perhaps flags. */
  refresh(flagsChanged: boolean): void {
    const counts = this.sets.map((set) => set.refresh(flagsChanged));
    const { overprovisioningPercent, panicThresholdPercent } = this.rules;
    this.loads = priorityLoads(counts, overprovisioningPercent, panicThresholdPercent);
    const whole = this.loads.healthy.indexOf(100);
    this.only = whole < 0 ? null : this.listOf(whole, false);
  }

  /** The list to pick from. */
  choose(random: Random): HostList<H> {
    if (this.only !== null) return this.only;
    const { healthy, degraded } = this.loads;
    let left = random.below(100) + 1;
    for (let priority = 0; priority < healthy.length; priority++) {
      left -= healthy[priority] as number;
      if (left <= 0) return this.listOf(priority, false);
    }
    for (let priority = 0; priority < degraded.length; priority++) {
      left -= degraded[priority] as number;
      if (left <= 0) return this.listOf(priority, true);
    }
    throw new Error("priority loads do not add up to 100");
  }

  /** The priority of a point from 1 to 100, the same for the same point while health is. */
  priorityAt(point: number): number {
    const { healthy, degraded } = this.loads;
    let left = point;
    for (const loads of [healthy, degraded]) {
      for (let priority = 0; priority < loads.length; priority++) {
        left -= loads[priority] as number;
        if (left <= 0) return priority;
      }
    }
    throw new Error("priority loads do not add up to 100");
  }

  /** The healthy hosts of a priority, or all of them in a panic. */
  usual(priority: number): HostList<H> {
    return this.listOf(priority, false);
  }

  private listOf(priority: number, isDegraded: boolean): HostList<H> {
    const set = this.sets[priority] as HostSet<H>;
    if (this.loads.panic[priority] === true) return set.all;
    return isDegraded ? set.degraded : set.healthy;
  }
}

function areWell(hosts: readonly FlaggedHost[]): boolean {
  for (let i = 0; i < hosts.length; i++) if ((hosts[i] as FlaggedHost).healthFlags() !== 0) return false;
  return true;
}

function weightCounts(hosts: readonly Host[]): Map<number, number> {
  const counts = new Map<number, number>();
  let weight = -1;
  let count = 0;
  // Runs of equal weights are counted as one: most lists are a single run.
  for (let i = 0; i < hosts.length; i++) {
    const next = (hosts[i] as Host).weight;
    if (next !== weight) {
      if (count > 0) counts.set(weight, (counts.get(weight) ?? 0) + count);
      weight = next;
      count = 0;
    }
    count++;
  }
  if (count > 0) counts.set(weight, (counts.get(weight) ?? 0) + count);
  return counts;
}

/** Up to so many members are taken out one by one. */
const FEW = 8;
