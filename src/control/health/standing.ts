// The thresholds: what an outcome does to the standing of one endpoint under one check. Envoy's rules
// (HealthCheckerImplBase::ActiveHealthCheckSession), as a table:
//
// | standing         | pass                                          | refusal | other failure                                  |
// | ---------------- | --------------------------------------------- | ------- | ---------------------------------------------- |
// | failed, unheard  | healthy at once                               | failed  | failed                                         |
// | failed, heard    | healthy after healthyThreshold in a row       | failed  | failed                                         |
// | healthy          | healthy                                       | failed  | failed after unhealthyThreshold in a row       |

/** Where an endpoint stands with one check. */
export interface Standing {
  isFailed: boolean;
  /** It has had an outcome. */
  isHeard: boolean;
  /** Passes in a row while it is failed. */
  passes: number;
  /** Failures in a row while it is not. */
  failures: number;
}

/** `pending`: on the way to the other side, which makes the next interval an edge interval. */
export type Transition = "unchanged" | "pending" | "changed";

/** A probe passed. */
export function pass(standing: Standing, healthyThreshold: number): Transition {
  const isFirst = !standing.isHeard;
  standing.isHeard = true;
  standing.failures = 0;
  if (!standing.isFailed) return "unchanged";
  if (!isFirst && ++standing.passes < healthyThreshold) return "pending";
  standing.isFailed = false;
  standing.passes = 0;
  return "changed";
}

/** A probe failed; a refusal (or a passive failure) is final, anything else counts up. */
export function fail(standing: Standing, unhealthyThreshold: number, kind: "refusal" | "counted"): Transition {
  standing.isHeard = true;
  standing.passes = 0;
  if (standing.isFailed) return "unchanged";
  if (kind === "counted" && ++standing.failures < unhealthyThreshold) return "pending";
  standing.isFailed = true;
  return "changed";
}
