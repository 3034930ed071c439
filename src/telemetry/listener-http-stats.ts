// Answers by class of one connection manager on one listener, under `listener.<token>.http.<stat_prefix>.`.
import { type BlockSchema, blockSchema } from "./stats-block.ts";

const COUNTERS = [
  "downstream_rq_1xx",
  "downstream_rq_2xx",
  "downstream_rq_3xx",
  "downstream_rq_4xx",
  "downstream_rq_5xx",
  "downstream_rq_completed",
] as const;

const GAUGES = [] as const;

/** Block of one manager on one listener. */
export const LISTENER_HTTP: BlockSchema<(typeof COUNTERS)[number] | (typeof GAUGES)[number]> = blockSchema({
  id: "listener-http",
  counters: COUNTERS,
  gauges: GAUGES,
});
