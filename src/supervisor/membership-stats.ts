// How many endpoints each cluster has, as gauges of the main thread: one writer for static and discovered clusters alike, so that the
// sum over threads is the number and a dead thread leaves it alone.
import type { EndpointFacts } from "../config/plan/endpoint-set.ts";
import { CLUSTER } from "../telemetry/cluster-stats.ts";
import { DEGRADED_FLAGS, EXCLUDED_FLAGS, UNHEALTHY_FLAGS } from "../telemetry/health-table.ts";
import type { StatsWriter } from "../telemetry/stats-memory.ts";

/** Gives a cluster its block. */
export function beginMembership(stats: StatsWriter, statName: string): void {
  stats.block(CLUSTER, `cluster.${statName}.`);
}

/** Endpoints of a cluster came or went. */
export function countMembershipChange(stats: StatsWriter, statName: string): void {
  const block = stats.block(CLUSTER, `cluster.${statName}.`);
  block[CLUSTER.at.membership_change] = (block[CLUSTER.at.membership_change] as number) + 1;
}

/** Counts the endpoints of one cluster and sets its membership gauges. */
export class MembershipCounts {
  private total = 0;
  private healthy = 0;
  private degraded = 0;
  private excluded = 0;
  private weightMax = 0;

  /** One endpoint with its HealthFlag bits. */
  add({ weight }: EndpointFacts, flags: number): void {
    this.total++;
    if ((flags & EXCLUDED_FLAGS) !== 0) this.excluded++;
    if ((flags & (UNHEALTHY_FLAGS | DEGRADED_FLAGS)) === 0) this.healthy++;
    else if ((flags & UNHEALTHY_FLAGS) === 0) this.degraded++;
    if (weight > this.weightMax) this.weightMax = weight;
  }

  /** Shows what was counted. */
  show(stats: StatsWriter, statName: string): void {
    const block = stats.block(CLUSTER, `cluster.${statName}.`);
    block[CLUSTER.at.membership_total] = this.total;
    block[CLUSTER.at.membership_healthy] = this.healthy;
    block[CLUSTER.at.membership_degraded] = this.degraded;
    block[CLUSTER.at.membership_excluded] = this.excluded;
    block[CLUSTER.at.max_host_weight] = this.weightMax;
  }
}
