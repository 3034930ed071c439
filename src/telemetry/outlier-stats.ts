// Counters of a cluster's outlier detection, under `cluster.<name>.outlier_detection.`, named as Envoy 1.40 names them. All are there as
// soon as a cluster has outlier detection, and none without it.
import { type BlockSchema, blockSchema } from "./stats-block.ts";

const COUNTERS = [
  "ejections_consecutive_5xx",
  "ejections_detected_consecutive_5xx",
  "ejections_detected_consecutive_gateway_failure",
  "ejections_detected_consecutive_local_origin_failure",
  "ejections_detected_degradation",
  "ejections_detected_failure_percentage",
  "ejections_detected_local_origin_failure_percentage",
  "ejections_detected_local_origin_success_rate",
  "ejections_detected_success_rate",
  "ejections_enforced_consecutive_5xx",
  "ejections_enforced_consecutive_gateway_failure",
  "ejections_enforced_consecutive_local_origin_failure",
  "ejections_enforced_failure_percentage",
  "ejections_enforced_local_origin_failure_percentage",
  "ejections_enforced_local_origin_success_rate",
  "ejections_enforced_success_rate",
  "ejections_enforced_total",
  "ejections_overflow",
  "ejections_success_rate",
  "ejections_total",
] as const;

const GAUGES = ["ejections_active"] as const;

/** One of the names. */
export type OutlierStat = (typeof COUNTERS)[number] | (typeof GAUGES)[number];

/** OUTLIER blocks. */
export const OUTLIER: BlockSchema<OutlierStat> = blockSchema({
  id: "outlier",
  counters: COUNTERS,
  gauges: GAUGES,
});
