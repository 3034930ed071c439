// Where the breaker resources of a cluster lie in a row of the node's breaker table, and their limits. Written by the workers'
// pools, read by them and by the main thread's gauges.
import type { BreakerPlan, ClusterPlan, RetryBudgetPlan } from "../config/plan/cluster.ts";
import { type RuntimeView, runtimeDecimal, runtimeInteger } from "../config/plan/runtime.ts";

/** What a breaker limits; `Pools` are connection pools. */
export const Resource = { Connections: 0, Pending: 1, Requests: 2, Retries: 3, Pools: 4 } as const;

/** Index of a routing priority in all that is kept per priority. */
export const PriorityIndex = { default: 0, high: 1 } as const;

/** Column of a resource. `priority`: a PriorityIndex. */
export function breakerColumn(priority: number, resource: number): number {
  return priority * RESOURCES + resource;
}

/** The breakers of a cluster as its plan and the runtime (`circuit_breakers.<cluster>.<priority>.max_connections` …) say now. */
export function breakersNow({ breakers, name }: ClusterPlan, runtime: RuntimeView): ClusterPlan["breakers"] {
  const prefix = `circuit_breakers.${name}`;
  return {
    default: withRuntime(breakers.default, runtime, `${prefix}.default.`),
    high: withRuntime(breakers.high, runtime, `${prefix}.high.`),
  };
}

/** Their limits by column. */
export function breakerLimits(breakers: ClusterPlan["breakers"]): readonly number[] {
  return [...limitsOf(breakers.default), ...limitsOf(breakers.high)];
}

/** How many retries a budget allows while so many requests run and wait. */
export function budgetedRetries({ percent, retriesMin }: RetryBudgetPlan, running: number): number {
  return Math.max(Math.floor((percent / 100) * running), retriesMin);
}

function withRuntime(plan: BreakerPlan, runtime: RuntimeView, prefix: string): BreakerPlan {
  const limit = (key: string, otherwise: number): number => runtimeInteger(runtime, prefix + key, otherwise);
  return {
    ...plan,
    connectionsMax: limit("max_connections", plan.connectionsMax),
    pendingMax: limit("max_pending_requests", plan.pendingMax),
    requestsMax: limit("max_requests", plan.requestsMax),
    retriesMax: limit("max_retries", plan.retriesMax),
    poolsMax: limit("max_connection_pools", plan.poolsMax),
    retryBudget: budgetWithRuntime(plan.retryBudget, runtime, `${prefix}retry_budget.`),
  };
}

function budgetWithRuntime(plan: RetryBudgetPlan | null, runtime: RuntimeView, prefix: string): RetryBudgetPlan | null {
  const percent = runtime.get(`${prefix}budget_percent`);
  const least = runtime.get(`${prefix}min_retry_concurrency`);
  if (percent === undefined && least === undefined) return plan;
  return {
    percent: runtimeDecimal(runtime, `${prefix}budget_percent`, plan?.percent ?? 20),
    retriesMin: runtimeInteger(runtime, `${prefix}min_retry_concurrency`, plan?.retriesMin ?? 3),
  };
}

function limitsOf(plan: BreakerPlan): readonly number[] {
  return [plan.connectionsMax, plan.pendingMax, plan.requestsMax, plan.retriesMax, plan.poolsMax];
}

const RESOURCES = 5;
