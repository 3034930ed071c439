// Counters of an access log that is sent over OTLP, under `access_logs.open_telemetry_access_log.`, and of the
// node's own log, under `log.opentelemetry.`. Writers: the telemetry thread, and the
// main thread for what it drops itself.
import { type BlockSchema, blockSchema } from "./stats-block.ts";

const COUNTERS = [
  /** Records that a collector has taken. */
  "logs_written",
  /** Records that nobody has: too many waited, or a collector refused them or could not be reached in time. */
  "logs_dropped",
  /** Exports that failed; each is tried again a few times. */
  "exports_failed",
  /** Exports that were taken. */
  "exports_sent",
] as const;

const GAUGES = [
  /** Records that wait. */
  "logs_queued",
] as const;

/** Where the lines of the node's own log count. */
export const OWN_LOG_PREFIX = "log.opentelemetry.";

/** The block. */
export const OTLP_LOG: BlockSchema<(typeof COUNTERS)[number] | (typeof GAUGES)[number]> = blockSchema({
  id: "otlp_log",
  counters: COUNTERS,
  gauges: GAUGES,
});
