// Where the breaker resources of a cluster lie in a row of the node's breaker table, and their limits. Written by the workers'
// pools, read by them and by the main thread's gauges.
import type { BreakerPlan, ClusterPlan } from "../config/plan/cluster.ts";

/** What a breaker limits; `Pools` are connection pools. */
export const Resource = { Connections: 0, Pending: 1, Requests: 2, Retries: 3, Pools: 4 } as const;

/** Index of a routing priority in all that is kept per priority. */
export const PriorityIndex = { default: 0, high: 1 } as const;

/** Column of a resource. `priority`: a PriorityIndex. */
export function breakerColumn(priority: number, resource: number): number {
  return priority * RESOURCES + resource;
}

/** The limits of a cluster by column. */
export function breakerLimits({ breakers }: ClusterPlan): readonly number[] {
  return [...limitsOf(breakers.default), ...limitsOf(breakers.high)];
}

function limitsOf(plan: BreakerPlan): readonly number[] {
  return [plan.connectionsMax, plan.pendingMax, plan.requestsMax, plan.retriesMax, plan.poolsMax];
}

const RESOURCES = 5;
