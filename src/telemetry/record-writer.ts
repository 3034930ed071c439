// Writes the records of an access log that is sent over OTLP: operators have their values here, on the worker; all else is done on the
// telemetry thread. Used by open-logs.ts.
import type { OtlpLogPlan } from "../config/plan/otlp.ts";
import { inUnicode, type LineSource } from "./access-line.ts";
import { formatText } from "./format.ts";
import type { LineBatches } from "./line-batches.ts";
import type { LoggedSource } from "./log-filter.ts";
import { logLine, textsOf } from "./log-record.ts";

/** Writes one record of a source. */
export function recordWriter(plan: OtlpLogPlan, batches: LineBatches<OtlpLogPlan>): (source: LoggedSource) => void {
  const formats = textsOf(plan);
  const firstTag = formats.length - plan.tags.length;
  const missing = formats.map((_, at) => (at < firstTag ? "-" : ""));
  const textAt = (source: LineSource, at: number): string =>
    formatText(formats[at] ?? [], source, missing[at] ?? "") || (plan.tags[at - firstTag]?.otherwise ?? "");
  return (source) => {
    const values = inUnicode(source);
    const record = {
      startUs: Math.round(source.startWallMs * 1_000),
      traceId: source.operator("TRACE_ID", NO_ARGUMENTS) ?? "",
      spanId: source.operator("SPAN_ID", NO_ARGUMENTS) ?? "",
      texts: formats.map((_, at) => textAt(values, at)),
    };
    batches.add(plan, logLine(record));
  };
}

const NO_ARGUMENTS: readonly string[] = [];
