// Requests that one worker refused without asking an endpoint, as load reports tell them; not part of /stats. There from the first one on.
import { type BlockSchema, blockSchema } from "./stats-block.ts";

const COUNTERS = [
  /** A circuit breaker was full. */
  "rq_dropped",
  /** The share that drop_overloads says. */
  "rq_drop_overload",
] as const;

/** Block of one cluster, under `drop.<cluster>.`. */
export const DROP: BlockSchema<(typeof COUNTERS)[number]> = blockSchema({
  id: "drop",
  counters: COUNTERS,
  gauges: [],
  visible: false,
});
