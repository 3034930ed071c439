// Counters of spans: `tracing.opentelemetry.` and `tracing.zipkin.`. Workers count what they made and still hold, the main thread what is on
// its way to the telemetry thread, that one what it holds, sent and dropped: over all threads made = sent + dropped + queued, but for a
// batch that a worker has sent and the main thread has not read yet.
import { add, count } from "./stats-add.ts";
import { type BlockSchema, blockSchema } from "./stats-block.ts";
import type { StatsWriter } from "./stats-memory.ts";

const COUNTERS = [
  /** Spans of requests that were over. */
  "spans_made",
  /** Spans that a collector has taken. */
  "spans_sent",
  /** Spans that nobody has: a queue was full, a thread died, or a collector refused them or could not be reached in time. */
  "spans_dropped",
] as const;
const OTEL_COUNTERS = [
  /** Exports that failed; each is tried again a few times. */
  "exports_failed",
  /** Exports that were taken. */
  "exports_sent",
] as const;
/** Envoy's names. */
const ZIPKIN_COUNTERS = [
  /** Exports because the time of what waited was over. */
  "timer_flushed",
  /** Exports that were taken. */
  "reports_sent",
  /** Exports that were answered with anything but a success. */
  "reports_dropped",
  /** Exports that nobody answered. */
  "reports_failed",
] as const;
const GAUGES = [
  /** Spans that wait or are on their way. */
  "spans_queued",
] as const;

/** Of OpenTelemetry's tracer. */
export const TRACES: BlockSchema<(typeof COUNTERS | typeof OTEL_COUNTERS | typeof GAUGES)[number]> = blockSchema({
  id: "traces",
  counters: [...COUNTERS, ...OTEL_COUNTERS],
  gauges: GAUGES,
});

/** Of Zipkin's. */
export const ZIPKIN: BlockSchema<(typeof COUNTERS | typeof ZIPKIN_COUNTERS | typeof GAUGES)[number]> = blockSchema({
  id: "zipkin",
  counters: [...COUNTERS, ...ZIPKIN_COUNTERS],
  gauges: GAUGES,
});

/** Whose counters. */
export type TracerName = "opentelemetry" | "zipkin";

/** What stands before the names of a tracer's counters. */
export function tracerPrefix(tracer: TracerName): string {
  return `tracing.${tracer}.`;
}

/** What a thread that exports nothing counts of one tracer's spans. */
export class SpanAccount {
  private readonly block: Float64Array;
  private readonly at: typeof TRACES.at | typeof ZIPKIN.at;

  constructor(stats: StatsWriter, tracer: TracerName) {
    const schema = tracer === "zipkin" ? ZIPKIN : TRACES;
    this.block = stats.block(schema, tracerPrefix(tracer));
    this.at = schema.at;
  }

  /** A span was made here, and waits. */
  made(): void {
    count(this.block, this.at.spans_made);
    add(this.block, this.at.spans_queued, 1);
  }

  /** So many came from another thread, or with less than 0 went to one. */
  moved(spans: number): void {
    add(this.block, this.at.spans_queued, spans);
  }

  /** Nobody has these, which this thread did not hold. */
  dropped(spans: number): void {
    add(this.block, this.at.spans_dropped, spans);
  }
}
