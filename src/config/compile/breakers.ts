// envoy.config.cluster.v3.CircuitBreakers to the limits of a cluster. Called by cluster.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, count, decimal, flag, has, text } from "../load/fields.ts";
import type { BreakerPlan, ClusterPlan } from "../plan/cluster.ts";
import type { CompileContext } from "./context.ts";

/** Compiles the limits of both priorities; what the file is silent of has Envoy's defaults. */
export function compileBreakers(context: CompileContext, cluster: CheckedMessage): ClusterPlan["breakers"] {
  const breakers = child(cluster, "circuit_breakers");
  const thresholds = breakers === undefined ? [] : children(breakers, "thresholds");
  const compiled = { default: DEFAULT_BREAKER, high: DEFAULT_BREAKER };
  const seen = new Set<string>();
  for (const threshold of thresholds) {
    const priority = text(threshold, "priority") === "HIGH" ? "high" : "default";
    if (seen.has(priority)) {
      context.warn(threshold, "", "a second threshold of the same priority is not acted on, as in Envoy");
      continue;
    }
    seen.add(priority);
    compiled[priority] = breakerOf(threshold);
  }
  for (const threshold of breakers === undefined ? [] : children(breakers, "per_host_thresholds")) {
    const priority = text(threshold, "priority") === "HIGH" ? "high" : "default";
    const perHost = count(threshold, "max_connections");
    if (UNSUPPORTED_PER_HOST.some((field) => has(threshold, field))) {
      context.error(threshold, "", "Unsupported field in per_host_thresholds");
    }
    if (perHost !== undefined) compiled[priority] = { ...compiled[priority], perHostConnectionsMax: perHost };
  }
  return compiled;
}

function breakerOf(threshold: CheckedMessage): BreakerPlan {
  return {
    connectionsMax: count(threshold, "max_connections") ?? DEFAULT_BREAKER.connectionsMax,
    pendingMax: count(threshold, "max_pending_requests") ?? DEFAULT_BREAKER.pendingMax,
    requestsMax: count(threshold, "max_requests") ?? DEFAULT_BREAKER.requestsMax,
    retriesMax: count(threshold, "max_retries") ?? DEFAULT_BREAKER.retriesMax,
    retryBudget: retryBudgetOf(threshold),
    perHostConnectionsMax: DEFAULT_BREAKER.perHostConnectionsMax,
    poolsMax: count(threshold, "max_connection_pools") ?? DEFAULT_BREAKER.poolsMax,
    trackRemaining: flag(threshold, "track_remaining") ?? DEFAULT_BREAKER.trackRemaining,
  };
}

function retryBudgetOf(threshold: CheckedMessage): BreakerPlan["retryBudget"] {
  const budget = child(threshold, "retry_budget");
  if (budget === undefined) return null;
  const percent = child(budget, "budget_percent");
  return {
    percent: percent === undefined ? 20 : (decimal(percent, "value") ?? 0),
    retriesMin: count(budget, "min_retry_concurrency") ?? 3,
  };
}

const DEFAULT_BREAKER: BreakerPlan = {
  connectionsMax: 1_024,
  pendingMax: 1_024,
  requestsMax: 1_024,
  perHostConnectionsMax: Number.POSITIVE_INFINITY,
  retriesMax: 3,
  retryBudget: null,
  poolsMax: Number.POSITIVE_INFINITY,
  trackRemaining: false,
};

/** As Envoy: of an endpoint only its connections are limited. */
const UNSUPPORTED_PER_HOST: readonly string[] = [
  "max_pending_requests",
  "max_requests",
  "max_retries",
  "retry_budget",
  "track_remaining",
  "max_connection_pools",
];
