// Counters of the requests of a virtual cluster, under `vhost.<host>.vcluster.<name>.`, or of a route with a stat_prefix, under
// `vhost.<host>.route.<prefix>.`. Answers by code come with the first of each.
import { type BlockSchema, blockSchema } from "./stats-block.ts";

const COUNTERS = [
  "upstream_rq_retry",
  "upstream_rq_retry_limit_exceeded",
  "upstream_rq_retry_overflow",
  "upstream_rq_retry_success",
  "upstream_rq_timeout",
  "upstream_rq_total",
] as const;

/** One of them. */
export type RequestStat = (typeof COUNTERS)[number];

/** Block of one virtual cluster or route. */
export const REQUESTS: BlockSchema<RequestStat> = blockSchema({ id: "requests", counters: COUNTERS, gauges: [] });
