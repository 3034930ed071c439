// Counters of the cors filter, under `http.<stat_prefix>.cors.`.
import { type BlockSchema, blockSchema } from "./stats-block.ts";

const COUNTERS = ["origin_invalid", "origin_valid"] as const;

/** Block of one connection manager. */
export const CORS: BlockSchema<(typeof COUNTERS)[number]> = blockSchema({ id: "cors", counters: COUNTERS, gauges: [] });
