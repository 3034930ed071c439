// What clients are told of an endpoint's health. Called by assignments.ts.
import type { EndpointFacts } from "../../config/plan/endpoint-set.ts";
import { DEGRADED_FLAGS, HealthFlag } from "../../telemetry/health-table.ts";

/** Names of envoy.config.core.v3.HealthStatus. */
export type HealthStatus = "UNKNOWN" | "HEALTHY" | "UNHEALTHY" | "DRAINING" | "TIMEOUT" | "DEGRADED";

/**
 * The verdict of the active checks, else what the configuration says; null: clients do not hear of the endpoint yet
 * (ignore_new_hosts_until_first_hc). What this node's own traffic met (outlier detection) is no verdict: each client has its own.
 */
export function healthStatus(flags: number, { health, check }: EndpointFacts, isChecked: boolean): HealthStatus | null {
  if ((flags & HealthFlag.PendingActiveHc) !== 0) return null;
  if (health === "draining") return "DRAINING";
  if (health === "timeout") return "TIMEOUT";
  if (health === "unhealthy" || (flags & HealthFlag.FailedActiveHc) !== 0) return "UNHEALTHY";
  if (health === "degraded" || (flags & DEGRADED_FLAGS & ~HealthFlag.DegradedOutlierDetection) !== 0) return "DEGRADED";
  return health === "healthy" || (isChecked && !check.disabled) ? "HEALTHY" : "UNKNOWN";
}
