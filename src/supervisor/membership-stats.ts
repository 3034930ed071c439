// How many endpoints each cluster has, as gauges of the main thread: one writer for static and discovered clusters alike, so that the
// sum over threads is the number and a dead thread leaves it alone.
import type { ClusterPlan } from "../config/plan/cluster.ts";
import type { EndpointFacts } from "../config/plan/endpoint-set.ts";
import { CLUSTER } from "../telemetry/cluster-stats.ts";
import type { StatsWriter } from "../telemetry/stats-memory.ts";

/** Gives every cluster its block, and counts the one membership change that a static cluster with endpoints makes. */
export function beginMembership(stats: StatsWriter, plans: readonly ClusterPlan[]): void {
  for (const { statName, discovery } of plans) {
    const block = stats.block(CLUSTER, `cluster.${statName}.`);
    if (discovery.kind === "static" && discovery.endpoints.length > 0) {
      block[CLUSTER.at.membership_change] = (block[CLUSTER.at.membership_change] as number) + 1;
    }
  }
}

/** Counts the endpoints of one cluster and sets its membership gauges. */
export class MembershipCounts {
  private total = 0;
  private healthy = 0;
  private degraded = 0;
  private weightMax = 0;

  /** One endpoint. */
  add({ health, weight }: EndpointFacts): void {
    this.total++;
    if (health === "degraded") this.degraded++;
    else if (health === "unknown" || health === "healthy") this.healthy++;
    if (weight > this.weightMax) this.weightMax = weight;
  }

  /** Shows what was counted. */
  show(stats: StatsWriter, statName: string): void {
    const block = stats.block(CLUSTER, `cluster.${statName}.`);
    block[CLUSTER.at.membership_total] = this.total;
    block[CLUSTER.at.membership_healthy] = this.healthy;
    block[CLUSTER.at.membership_degraded] = this.degraded;
    block[CLUSTER.at.max_host_weight] = this.weightMax;
  }
}
