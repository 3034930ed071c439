// Spans as OTLP: an ExportTraceServiceRequest (opentelemetry/proto/collector/trace/v1) around spans that were written where they ended.
import { exportHead, type OtlpOrigin } from "./otlp-writer.ts";

/** The request's bytes in parts, `spans` among them: as OtlpSpanWriter writes them, one or several in each. */
export function spansRequest(origin: OtlpOrigin, spans: readonly Uint8Array[]): readonly Uint8Array[] {
  let spansBytes = 0;
  for (const some of spans) spansBytes += some.length;
  return [exportHead(origin, spansBytes), ...spans];
}
