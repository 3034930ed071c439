// envoy.config.cluster.v3.OutlierDetection to OutlierPlan. Called by cluster.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { child, count, flag, millis } from "../load/fields.ts";
import type { OutlierPlan } from "../plan/health-check.ts";
import type { CompileContext } from "./context.ts";

/** Compiles Cluster.outlier_detection; null without it. */
export function compileOutlier(context: CompileContext, cluster: CheckedMessage): OutlierPlan | null {
  const detection = child(cluster, "outlier_detection");
  if (detection === undefined) return null;
  return {
    ...consecutiveOf(detection),
    ...timesOf(context, detection),
    maxEjectionPercent: count(detection, "max_ejection_percent") ?? 10,
    alwaysEjectOneHost: flag(detection, "always_eject_one_host") ?? false,
    ...successRateOf(detection),
    failurePercentageThreshold: count(detection, "failure_percentage_threshold") ?? 85,
    failurePercentageMinimumHosts: count(detection, "failure_percentage_minimum_hosts") ?? 5,
    failurePercentageRequestVolume: count(detection, "failure_percentage_request_volume") ?? 50,
    enforcingFailurePercentage: count(detection, "enforcing_failure_percentage") ?? 0,
    enforcingFailurePercentageLocalOrigin: count(detection, "enforcing_failure_percentage_local_origin") ?? 0,
    detectsDegraded: flag(detection, "detect_degraded_hosts") ?? false,
    successfulActiveCheckUnejects: flag(detection, "successful_active_health_check_uneject_host") ?? true,
  };
}

function consecutiveOf(
  detection: CheckedMessage,
): Pick<
  OutlierPlan,
  | "consecutive5xx"
  | "enforcingConsecutive5xx"
  | "consecutiveGatewayFailure"
  | "enforcingConsecutiveGatewayFailure"
  | "consecutiveLocalOriginFailure"
  | "enforcingConsecutiveLocalOriginFailure"
  | "splitExternalLocalOriginErrors"
> {
  return {
    consecutive5xx: count(detection, "consecutive_5xx") ?? 5,
    enforcingConsecutive5xx: count(detection, "enforcing_consecutive_5xx") ?? 100,
    consecutiveGatewayFailure: count(detection, "consecutive_gateway_failure") ?? 5,
    enforcingConsecutiveGatewayFailure: count(detection, "enforcing_consecutive_gateway_failure") ?? 0,
    consecutiveLocalOriginFailure: count(detection, "consecutive_local_origin_failure") ?? 5,
    enforcingConsecutiveLocalOriginFailure: count(detection, "enforcing_consecutive_local_origin_failure") ?? 100,
    splitExternalLocalOriginErrors: flag(detection, "split_external_local_origin_errors") ?? false,
  };
}

function timesOf(
  context: CompileContext,
  detection: CheckedMessage,
): Pick<OutlierPlan, "intervalMs" | "baseEjectionTimeMs" | "maxEjectionTimeMs" | "maxEjectionTimeJitterMs"> {
  const baseEjectionTimeMs = wholeMs(detection, "base_ejection_time") ?? 30_000;
  const maxEjectionTimeMs = wholeMs(detection, "max_ejection_time") ?? Math.max(300_000, baseEjectionTimeMs);
  if (maxEjectionTimeMs < baseEjectionTimeMs) {
    const says = "outlier detector's max_ejection_time cannot be smaller than base_ejection_time";
    context.error(detection, "max_ejection_time", says);
  }
  return {
    // At least one: nothing may judge without a pause.
    intervalMs: Math.max(1, wholeMs(detection, "interval") ?? 10_000),
    baseEjectionTimeMs,
    maxEjectionTimeMs,
    maxEjectionTimeJitterMs: wholeMs(detection, "max_ejection_time_jitter") ?? 0,
  };
}

function successRateOf(
  detection: CheckedMessage,
): Pick<
  OutlierPlan,
  | "successRateMinimumHosts"
  | "successRateRequestVolume"
  | "successRateStdevFactor"
  | "enforcingSuccessRate"
  | "enforcingLocalOriginSuccessRate"
> {
  return {
    successRateMinimumHosts: count(detection, "success_rate_minimum_hosts") ?? 5,
    successRateRequestVolume: count(detection, "success_rate_request_volume") ?? 100,
    successRateStdevFactor: count(detection, "success_rate_stdev_factor") ?? 1_900,
    enforcingSuccessRate: count(detection, "enforcing_success_rate") ?? 100,
    enforcingLocalOriginSuccessRate: count(detection, "enforcing_local_origin_success_rate") ?? 100,
  };
}

function wholeMs(detection: CheckedMessage, field: string): number | undefined {
  const value = millis(detection, field);
  return value === undefined ? undefined : Math.trunc(value);
}
