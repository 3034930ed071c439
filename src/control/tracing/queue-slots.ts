// Where the queues of exporters count: the counters of each kind by what a queue calls them.
import { OTLP_LOG } from "../../telemetry/otlp-log-stats.ts";
import { TRACES, ZIPKIN } from "../../telemetry/trace-stats.ts";
import type { QueueSlots } from "./export-queue.ts";

/** Spans of OpenTelemetry's tracer. */
export const OTEL_SPAN_SLOTS: QueueSlots = {
  sent: TRACES.at.spans_sent,
  dropped: TRACES.at.spans_dropped,
  exportsSent: TRACES.at.exports_sent,
  exportsRefused: TRACES.at.exports_failed,
  exportsFailed: TRACES.at.exports_failed,
  queued: TRACES.at.spans_queued,
};

/** Spans of Zipkin's. */
export const ZIPKIN_SPAN_SLOTS: QueueSlots = {
  sent: ZIPKIN.at.spans_sent,
  dropped: ZIPKIN.at.spans_dropped,
  exportsSent: ZIPKIN.at.reports_sent,
  exportsRefused: ZIPKIN.at.reports_dropped,
  exportsFailed: ZIPKIN.at.reports_failed,
  queued: ZIPKIN.at.spans_queued,
};

/** Records of access logs, and lines of the node's log. */
export const LOG_SLOTS: QueueSlots = {
  sent: OTLP_LOG.at.logs_written,
  dropped: OTLP_LOG.at.logs_dropped,
  exportsSent: OTLP_LOG.at.exports_sent,
  exportsRefused: OTLP_LOG.at.exports_failed,
  exportsFailed: OTLP_LOG.at.exports_failed,
  queued: OTLP_LOG.at.logs_queued,
};
