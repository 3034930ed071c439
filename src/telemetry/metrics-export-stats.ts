// Counters of the export of metrics, under `metrics.opentelemetry.`. Writers: the telemetry thread, and the main thread for the intervals that
// it lets go.
import { type BlockSchema, blockSchema } from "./stats-block.ts";

const COUNTERS = [
  /** Exports that a collector has taken; an interval is one unless max_data_points_per_request makes more of it. */
  "exports_sent",
  /** Exports that failed: what they had since the last one comes with the next where deltas are asked for. */
  "exports_failed",
  /** Intervals that were let go because the export of the one before was not over. */
  "intervals_dropped",
  /** Data points that a collector has taken. */
  "points_sent",
  /** Data points that nobody has: of exports that failed, or rejected by the collector. */
  "points_dropped",
] as const;

/** Where it stands. */
export const METRICS_PREFIX = "metrics.opentelemetry.";

/** The block. */
export const METRICS_EXPORT: BlockSchema<(typeof COUNTERS)[number]> = blockSchema({
  id: "metrics_export",
  counters: COUNTERS,
  gauges: [],
});
