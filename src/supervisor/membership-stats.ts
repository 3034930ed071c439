// How many endpoints each cluster has, as gauges of the main thread: one writer for static and discovered clusters alike, so that the
// sum over threads is the number and a dead thread leaves it alone.
import type { ClusterPlan } from "../config/plan/cluster.ts";
import type { EndpointSetFull } from "../config/plan/endpoint-set.ts";
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

/** Sets the membership gauges of one cluster to its endpoints. */
export function showMembership(stats: StatsWriter, statName: string, { endpoints }: EndpointSetFull): void {
  const block = stats.block(CLUSTER, `cluster.${statName}.`);
  let degraded = 0;
  let healthy = 0;
  let weightMax = 0;
  for (const { health, weight } of endpoints) {
    if (health === "degraded") degraded++;
    else if (health === "unknown" || health === "healthy") healthy++;
    weightMax = Math.max(weightMax, weight);
  }
  block[CLUSTER.at.membership_total] = endpoints.length;
  block[CLUSTER.at.membership_healthy] = healthy;
  block[CLUSTER.at.membership_degraded] = degraded;
  block[CLUSTER.at.max_host_weight] = weightMax;
}
