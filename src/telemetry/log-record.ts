// A record of an access log that is sent over OTLP, as one line of text: what listener workers hand over and the telemetry thread exports.
// The values of its operators stand between NULs in the plan's order; what they are values of says the plan.
import type { FormatPartPlan } from "../config/plan/access-log.ts";
import type { LogFieldPlan, LogValuePlan, OtlpLogPlan } from "../config/plan/otlp.ts";

/** One record, as it was handed over. */
export interface LogRecord {
  /** Since 1970, in microseconds. */
  readonly startUs: number;
  /** 32 and 16 hexadecimal digits; empty: there is no span. */
  readonly traceId: string;
  readonly spanId: string;
  /** In the order of `textsOf`; of a tag without a value empty. */
  readonly texts: readonly string[];
}

/** The texts of a plan's records: of the body, of the attributes, of the tags, each from left to right. */
export function textsOf({ body, attributes, tags }: OtlpLogPlan): readonly (readonly FormatPartPlan[])[] {
  return [...(body === null ? [] : ofValue(body)), ...ofFields(attributes), ...tags.map(({ parts }) => parts)];
}

/** The line, its end included. */
export function logLine({ startUs, traceId, spanId, texts }: LogRecord): string {
  let line = `${startUs}\0${traceId}\0${spanId}`;
  for (const text of texts) line += `\0${SEPARATORS.test(text) ? masked(text) : text}`;
  return `${line}\n`;
}

/** What a line says. */
export function readLogLine(line: string): LogRecord {
  const [startUs = "", traceId = "", spanId = "", ...texts] = line.split("\0");
  const read = texts.map((text) => (text.includes(LINE_END) ? text.replaceAll(LINE_END, "\n") : text));
  return { startUs: Number(startUs), traceId, spanId, texts: read };
}

function ofValue(value: LogValuePlan): (readonly FormatPartPlan[])[] {
  switch (value.kind) {
    case "text":
      return [value.parts];
    case "list":
      return value.values.flatMap(ofValue);
    case "map":
      return ofFields(value.fields);
  }
}

function ofFields(fields: readonly LogFieldPlan[]): (readonly FormatPartPlan[])[] {
  return fields.flatMap(({ value }) => ofValue(value));
}

/** No field of HTTP has these, but a format may. */
function masked(text: string): string {
  return text.replaceAll("\0", " ").replaceAll("\n", LINE_END);
}

const LINE_END = "\x1e";
const SEPARATORS = /[\0\n]/;
