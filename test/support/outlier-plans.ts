// Outlier detection plans for tests: Envoy's defaults, so that a case shows only what it is about.
import type { OutlierPlan } from "../../src/config/plan/health-check.ts";

/** Envoy's defaults with some of them changed. */
export function outlierPlan(more: Partial<OutlierPlan> = {}): OutlierPlan {
  return {
    consecutive5xx: 5,
    enforcingConsecutive5xx: 100,
    consecutiveGatewayFailure: 5,
    enforcingConsecutiveGatewayFailure: 0,
    consecutiveLocalOriginFailure: 5,
    enforcingConsecutiveLocalOriginFailure: 100,
    splitExternalLocalOriginErrors: false,
    intervalMs: 10_000,
    baseEjectionTimeMs: 30_000,
    maxEjectionTimeMs: 300_000,
    maxEjectionTimeJitterMs: 0,
    maxEjectionPercent: 10,
    alwaysEjectOneHost: false,
    successRateMinimumHosts: 5,
    successRateRequestVolume: 100,
    successRateStdevFactor: 1_900,
    enforcingSuccessRate: 100,
    enforcingLocalOriginSuccessRate: 100,
    failurePercentageThreshold: 85,
    failurePercentageMinimumHosts: 5,
    failurePercentageRequestVolume: 50,
    enforcingFailurePercentage: 0,
    enforcingFailurePercentageLocalOrigin: 0,
    detectsDegraded: false,
    successfulActiveCheckUnejects: true,
    ...more,
  };
}
