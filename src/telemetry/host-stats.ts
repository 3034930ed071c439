// Counters of one endpoint as /clusters shows them and load reports need them; not part of /stats.
import { type BlockSchema, blockSchema } from "./stats-block.ts";

const COUNTERS = ["cx_connect_fail", "cx_total", "rq_error", "rq_success", "rq_timeout", "rq_total"] as const;

const GAUGES = ["cx_active", "rq_active", "rq_pending_active"] as const;

/** Block of one endpoint of one cluster, under `host.<cluster>.<address>.`. */
export const HOST: BlockSchema<(typeof COUNTERS)[number] | (typeof GAUGES)[number]> = blockSchema({
  id: "host",
  counters: COUNTERS,
  gauges: GAUGES,
  visible: false,
});
