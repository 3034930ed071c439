// Counters of a cluster's active checks, under `cluster.<name>.health_check.` (and, for named ones, `….name.<check>.`), named as Envoy
// names them. All eight are there as soon as a cluster has checks, and none without.
import { type BlockSchema, blockSchema } from "./stats-block.ts";

const COUNTERS = ["attempt", "failure", "network_failure", "passive_failure", "success", "verify_cluster"] as const;
const GAUGES = ["degraded", "healthy"] as const;

/** HEALTH_CHECK blocks. */
export const HEALTH_CHECK: BlockSchema<(typeof COUNTERS)[number] | (typeof GAUGES)[number]> = blockSchema({
  id: "health_check",
  counters: COUNTERS,
  gauges: GAUGES,
});

/** HEALTH_CHECKS blocks: what several named checks of a cluster come to together, under `cluster.<name>.health_check.`. */
export const HEALTH_CHECKS: BlockSchema<(typeof GAUGES)[number]> = blockSchema({
  id: "health_checks",
  counters: [],
  gauges: GAUGES,
});
