// The runtime keys that stand over a cluster's outlier detection: the same for all clusters of a node, as in Envoy. The workers ask for
// thresholds, the detector for everything.
import type { OutlierPlan } from "./health-check.ts";
import { type RuntimeView, runtimeInteger } from "./runtime.ts";

/** A field that is a number: each has a key. */
export type OutlierNumber = {
  [Field in keyof OutlierPlan]: OutlierPlan[Field] extends number ? Field : never;
}[keyof OutlierPlan];

/** The keys. */
export const OUTLIER_KEYS: Readonly<Record<OutlierNumber, string>> = {
  consecutive5xx: "outlier_detection.consecutive_5xx",
  enforcingConsecutive5xx: "outlier_detection.enforcing_consecutive_5xx",
  consecutiveGatewayFailure: "outlier_detection.consecutive_gateway_failure",
  enforcingConsecutiveGatewayFailure: "outlier_detection.enforcing_consecutive_gateway_failure",
  consecutiveLocalOriginFailure: "outlier_detection.consecutive_local_origin_failure",
  enforcingConsecutiveLocalOriginFailure: "outlier_detection.enforcing_consecutive_local_origin_failure",
  intervalMs: "outlier_detection.interval_ms",
  baseEjectionTimeMs: "outlier_detection.base_ejection_time_ms",
  maxEjectionTimeMs: "outlier_detection.max_ejection_time_ms",
  maxEjectionTimeJitterMs: "outlier_detection.max_ejection_time_jitter_ms",
  maxEjectionPercent: "outlier_detection.max_ejection_percent",
  successRateMinimumHosts: "outlier_detection.success_rate_minimum_hosts",
  successRateRequestVolume: "outlier_detection.success_rate_request_volume",
  successRateStdevFactor: "outlier_detection.success_rate_stdev_factor",
  enforcingSuccessRate: "outlier_detection.enforcing_success_rate",
  enforcingLocalOriginSuccessRate: "outlier_detection.enforcing_local_origin_success_rate",
  failurePercentageThreshold: "outlier_detection.failure_percentage_threshold",
  failurePercentageMinimumHosts: "outlier_detection.failure_percentage_minimum_hosts",
  failurePercentageRequestVolume: "outlier_detection.failure_percentage_request_volume",
  enforcingFailurePercentage: "outlier_detection.enforcing_failure_percentage",
  enforcingFailurePercentageLocalOrigin: "outlier_detection.enforcing_failure_percentage_local_origin",
};

/** A cluster's detection as the runtime has it now. */
export function outlierUnder(plan: OutlierPlan, runtime: RuntimeView): OutlierPlan {
  const now: { -readonly [Field in keyof OutlierPlan]: OutlierPlan[Field] } = { ...plan };
  for (const field of FIELDS) now[field] = runtimeInteger(runtime, OUTLIER_KEYS[field], plan[field]);
  // At least one: nothing may judge without a pause.
  now.intervalMs = Math.max(1, now.intervalMs);
  return now;
}

const FIELDS = Object.keys(OUTLIER_KEYS) as OutlierNumber[];
