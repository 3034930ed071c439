// Records of access logs and lines of the node's own log as OTLP: an ExportLogsServiceRequest (opentelemetry/proto/collector/logs/v1).
import { type BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { LogFieldPlan, LogValuePlan, OtlpLogPlan } from "../../config/plan/otlp.ts";
import type { LoggedLine, LogLevel } from "../../messages/log.ts";
import { type LogRecord, readLogLine } from "../../telemetry/log-record.ts";
import { exportRequest, ITEMS, KEY, type OtlpOrigin, STRING_VALUE, VALUE, writeText } from "./otlp-writer.ts";

/** The request of records that were handed over as lines (telemetry/log-record.ts). */
export function recordsRequest(origin: OtlpOrigin, plan: OtlpLogPlan, lines: readonly string[]): Uint8Array {
  return exportRequest(origin, (writer) => {
    for (const line of lines) {
      writer.tag(ITEMS, WireType.LengthDelimited).fork();
      writeRecord(writer, plan, readLogLine(line));
      writer.join();
    }
  });
}

/** The request of lines of the node's own log. */
export function linesRequest(origin: OtlpOrigin, lines: readonly LoggedLine[]): Uint8Array {
  return exportRequest(origin, (writer) => {
    for (const { component, level, text, wallMs } of lines) {
      const timeNs = BigInt(Math.round(wallMs * 1_000)) * 1_000n;
      writer.tag(ITEMS, WireType.LengthDelimited).fork();
      writer.tag(TIME, WireType.Bit64).fixed64(timeNs);
      writer.tag(SEVERITY_NUMBER, WireType.Varint).int32(SEVERITIES[level]);
      writer.tag(SEVERITY_TEXT, WireType.LengthDelimited).string(level);
      writer.tag(BODY, WireType.LengthDelimited).fork();
      writer.tag(STRING_VALUE, WireType.LengthDelimited).string(text).join();
      writeText(writer, ATTRIBUTES, "component", component);
      writer.tag(OBSERVED_TIME, WireType.Bit64).fixed64(timeNs);
      writer.join();
    }
  });
}

function writeRecord(writer: BinaryWriter, plan: OtlpLogPlan, record: LogRecord): void {
  const texts = record.texts.values();
  const next = (): string => texts.next().value ?? "";
  writer.tag(TIME, WireType.Bit64).fixed64(BigInt(record.startUs) * 1_000n);
  if (plan.body !== null) {
    writer.tag(BODY, WireType.LengthDelimited).fork();
    writeValue(writer, plan.body, next);
    writer.join();
  }
  writeFields(writer, ATTRIBUTES, plan.attributes, next);
  for (const { name } of plan.tags) {
    const text = next();
    if (text !== "") writeText(writer, ATTRIBUTES, name, text);
  }
  if (record.traceId !== "") writer.tag(TRACE_ID, WireType.LengthDelimited).bytes(Buffer.from(record.traceId, "hex"));
  if (record.spanId !== "") writer.tag(SPAN_ID, WireType.LengthDelimited).bytes(Buffer.from(record.spanId, "hex"));
}

/** The content of an AnyValue. */
function writeValue(writer: BinaryWriter, value: LogValuePlan, next: () => string): void {
  switch (value.kind) {
    case "text":
      writer.tag(STRING_VALUE, WireType.LengthDelimited).string(next());
      return;
    case "list":
      writer.tag(ARRAY_VALUE, WireType.LengthDelimited).fork();
      for (const one of value.values) {
        writer.tag(VALUES, WireType.LengthDelimited).fork();
        writeValue(writer, one, next);
        writer.join();
      }
      writer.join();
      return;
    case "map":
      writer.tag(MAP_VALUE, WireType.LengthDelimited).fork();
      writeFields(writer, VALUES, value.fields, next);
      writer.join();
      return;
  }
}

function writeFields(writer: BinaryWriter, field: number, fields: readonly LogFieldPlan[], next: () => string): void {
  for (const { key, value } of fields) {
    writer.tag(field, WireType.LengthDelimited).fork();
    writer.tag(KEY, WireType.LengthDelimited).string(key);
    writer.tag(VALUE, WireType.LengthDelimited).fork();
    writeValue(writer, value, next);
    writer.join().join();
  }
}

// LogRecord, ArrayValue and KeyValueList.
const TIME = 1;
const SEVERITY_NUMBER = 2;
const SEVERITY_TEXT = 3;
const BODY = 5;
const ATTRIBUTES = 6;
const TRACE_ID = 9;
const SPAN_ID = 10;
const OBSERVED_TIME = 11;
const ARRAY_VALUE = 5;
const MAP_VALUE = 6;
const VALUES = 1;
/** SeverityNumber: the first of its range, and the last of errors for what is critical. */
const SEVERITIES: Readonly<Record<LogLevel, number>> = {
  trace: 1,
  debug: 5,
  info: 9,
  warning: 13,
  error: 17,
  critical: 21,
  off: 0,
};
