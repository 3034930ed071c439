// Counters of the export of spans under `tracing.opentelemetry.`. One writer: the telemetry thread.
import { type BlockSchema, blockSchema } from "./stats-block.ts";

const COUNTERS = [
  /** Spans that a collector has taken. */
  "spans_sent",
  /** Spans that nobody has: the queue was full, or a collector refused them or could not be reached in time. */
  "spans_dropped",
  /** Exports that failed; each is tried again a few times. */
  "exports_failed",
  /** Exports that were taken. */
  "exports_sent",
] as const;

const GAUGES = [
  /** Spans that wait. */
  "spans_queued",
] as const;

/** The block. */
export const TRACES: BlockSchema<(typeof COUNTERS)[number] | (typeof GAUGES)[number]> = blockSchema({
  id: "traces",
  counters: COUNTERS,
  gauges: GAUGES,
});
