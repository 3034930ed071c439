// Counters of a local rate limit, under `<stat_prefix>.http_local_rate_limit.`.
import { type BlockSchema, blockSchema } from "./stats-block.ts";

const COUNTERS = ["enabled", "enforced", "ok", "rate_limited", "shadow_mode"] as const;

/** Block of one stat_prefix. */
export const RATE_LIMIT: BlockSchema<(typeof COUNTERS)[number]> = blockSchema({
  id: "rate-limit",
  counters: COUNTERS,
  gauges: [],
});
