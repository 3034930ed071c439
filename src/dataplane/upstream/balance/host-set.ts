// The hosts of a cluster by priority and the view that picks are made from: healthy and degraded lists, loads of priorities, panic.
// Membership is changed by endpoint-table.ts; the view is rebuilt on the first pick after a change.
import type { Random } from "../../../base/random.ts";
import { DEGRADED_FLAGS, EXCLUDED_FLAGS, UNHEALTHY_FLAGS } from "../../../telemetry/health-table.ts";
import type { Host } from "./host.ts";
import { HostList } from "./host-list.ts";
import { type PriorityCounts, type PriorityLoads, priorityLoads } from "./priority-load.ts";

/** A host whose health flags can be read. */
export interface FlaggedHost extends Host {
  /** HealthFlag bits as they are now. */
  healthFlags(): number;
}

/** The hosts of one priority. */
export class HostSet<H extends FlaggedHost> {
  /** All hosts in the order in which they came. Changed through `replace` only. */
  members: readonly H[] = [];
  readonly all: HostList<H> = new HostList("panic");
  readonly healthy: HostList<H> = new HostList("usual");
  readonly degraded: HostList<H> = new HostList("usual");
  private weightsAreEqual = true;

  /** Takes new members, or the same ones with other weights. */
  replace(members: readonly H[]): void {
    this.members = members;
    this.weightsAreEqual = equalWeights(members);
    this.all.fill(members, this.weightsAreEqual);
  }

  /** Sorts the members by their flags. */
  refresh(): PriorityCounts {
    const { members } = this;
    const count = members.length;
    let excluded = 0;
    let usable = 0;
    // Most of the time all hosts are healthy: the lists are made only when one is not.
    for (; usable < count; usable++) if ((members[usable] as H).healthFlags() !== 0) break;
    if (usable === count) {
      this.healthy.fill(members, this.weightsAreEqual);
      this.degraded.fill([], true);
      return { hosts: count, healthy: count, degraded: 0, excluded: 0 };
    }
    const healthy = members.slice(0, usable);
    const degraded: H[] = [];
    for (let i = usable; i < count; i++) {
      const host = members[i] as H;
      const flags = host.healthFlags();
      if ((flags & EXCLUDED_FLAGS) !== 0) excluded++;
      if ((flags & UNHEALTHY_FLAGS) !== 0) continue;
      if ((flags & DEGRADED_FLAGS) !== 0) degraded.push(host);
      else healthy.push(host);
    }
    this.healthy.fill(healthy, this.weightsAreEqual || equalWeights(healthy));
    this.degraded.fill(degraded, this.weightsAreEqual || equalWeights(degraded));
    return { hosts: count, healthy: healthy.length, degraded: degraded.length, excluded };
  }
}

/** All priorities of a cluster. */
export class PrioritySet<H extends FlaggedHost> {
  /** By priority; there is always a first one. */
  readonly sets: HostSet<H>[] = [new HostSet()];
  private readonly overprovisioningPercent: number;
  private readonly panicThresholdPercent: number;
  private loads: PriorityLoads = { healthy: [100], degraded: [0], panic: [false] };
  /** The one list that every pick uses, when there is only one. */
  private only: HostList<H> | null = null;

  constructor(overprovisioningPercent: number, panicThresholdPercent: number) {
    this.overprovisioningPercent = overprovisioningPercent;
    this.panicThresholdPercent = panicThresholdPercent;
  }

  /** The set of a priority, made with all below it when there is none. */
  at(priority: number): HostSet<H> {
    while (this.sets.length <= priority) this.sets.push(new HostSet());
    return this.sets[priority] as HostSet<H>;
  }

  /** Computes the view anew, after membership or flags changed. */
  refresh(): void {
    const counts = this.sets.map((set) => set.refresh());
    this.loads = priorityLoads(counts, this.overprovisioningPercent, this.panicThresholdPercent);
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

  private listOf(priority: number, isDegraded: boolean): HostList<H> {
    const set = this.sets[priority] as HostSet<H>;
    if (this.loads.panic[priority] === true) return set.all;
    return isDegraded ? set.degraded : set.healthy;
  }
}

function equalWeights(hosts: readonly Host[]): boolean {
  if (hosts.length < 2) return true;
  const { weight } = hosts[0] as Host;
  for (let i = 1; i < hosts.length; i++) if ((hosts[i] as Host).weight !== weight) return false;
  return true;
}
