// What becomes of lines of log files, under `filesystem.`: one block for every thread that writes some.
import { type BlockSchema, blockSchema } from "./stats-block.ts";

const COUNTERS = ["flushed_by_timer", "reopen_failed", "write_buffered", "write_completed", "write_failed"] as const;

const GAUGES = ["write_total_buffered"] as const;

/** Block of the log files of one thread. */
export const FILESYSTEM: BlockSchema<(typeof COUNTERS)[number] | (typeof GAUGES)[number]> = blockSchema({
  id: "filesystem",
  counters: COUNTERS,
  gauges: GAUGES,
});

/** Counter of lines that no file took: the disk refused them, or too many waited. Envoy keeps them in memory instead. */
export const LINES_DROPPED = "starling.log_lines_dropped";
