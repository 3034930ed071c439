// Spans as OTLP: an ExportTraceServiceRequest (opentelemetry/proto/collector/trace/v1), written field by field because there are many.
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { NUMERIC_ATTRIBUTES, readSpanLine, type SpanRecord } from "../../telemetry/span-record.ts";

/** The request's bytes. `resource`: attributes of whose spans they are; `lines`: as `spanLine` makes them. */
export function otlpRequest(
  resource: ReadonlyMap<string, string>,
  version: string,
  lines: readonly string[],
): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(RESOURCE_SPANS, WireType.LengthDelimited).fork();
  writer.tag(RESOURCE, WireType.LengthDelimited).fork();
  for (const [name, value] of resource) attribute(writer, RESOURCE_ATTRIBUTES, name, value);
  writer.join();
  writer.tag(SCOPE_SPANS, WireType.LengthDelimited).fork();
  writer.tag(SCOPE, WireType.LengthDelimited).fork();
  writer.tag(SCOPE_NAME, WireType.LengthDelimited).string("starling");
  writer.tag(SCOPE_VERSION, WireType.LengthDelimited).string(version).join();
  for (const line of lines) {
    writer.tag(SPANS, WireType.LengthDelimited).fork();
    writeSpan(writer, readSpanLine(line));
    writer.join();
  }
  return writer.join().join().finish();
}

function writeSpan(writer: BinaryWriter, span: SpanRecord): void {
  const { attributes } = span;
  const startNs = BigInt(span.startUs) * 1_000n;
  writer.tag(1, WireType.LengthDelimited).bytes(Buffer.from(span.traceId, "hex"));
  writer.tag(2, WireType.LengthDelimited).bytes(Buffer.from(span.spanId, "hex"));
  if (span.traceState !== "") writer.tag(3, WireType.LengthDelimited).string(span.traceState);
  if (span.parentId !== "") writer.tag(4, WireType.LengthDelimited).bytes(Buffer.from(span.parentId, "hex"));
  writer.tag(5, WireType.LengthDelimited).string(span.name);
  writer.tag(6, WireType.Varint).int32(span.kind === "client" ? KIND_CLIENT : KIND_SERVER);
  writer.tag(7, WireType.Bit64).fixed64(startNs);
  writer.tag(8, WireType.Bit64).fixed64(startNs + BigInt(span.durationUs) * 1_000n);
  for (let i = 0; i + 1 < attributes.length; i += 2)
    attribute(writer, SPAN_ATTRIBUTES, attributes[i] as string, attributes[i + 1] as string);
  for (const event of span.events) {
    writer.tag(SPAN_EVENTS, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.Bit64).fixed64(startNs + BigInt(event.offsetUs) * 1_000n);
    writer.tag(2, WireType.LengthDelimited).string(event.name);
    attribute(writer, EVENT_ATTRIBUTES, event.attribute, event.value);
    writer.join();
  }
  if (!span.isError) return;
  writer.tag(SPAN_STATUS, WireType.LengthDelimited).fork();
  writer.tag(3, WireType.Varint).int32(STATUS_ERROR).join();
}

/** A KeyValue: a text, or a whole number where the attribute is one. */
function attribute(writer: BinaryWriter, field: number, name: string, value: string): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.LengthDelimited).string(name);
  writer.tag(2, WireType.LengthDelimited).fork();
  if (NUMERIC_ATTRIBUTES.has(name) && DIGITS.test(value)) writer.tag(3, WireType.Varint).int64(value);
  else writer.tag(1, WireType.LengthDelimited).string(value);
  writer.join().join();
}

// ExportTraceServiceRequest, ResourceSpans, Resource, ScopeSpans, InstrumentationScope; numbers of Span stand where they are written.
const RESOURCE_SPANS = 1;
const RESOURCE = 1;
const RESOURCE_ATTRIBUTES = 1;
const SCOPE_SPANS = 2;
const SCOPE = 1;
const SCOPE_NAME = 1;
const SCOPE_VERSION = 2;
const SPANS = 2;
const SPAN_ATTRIBUTES = 9;
const SPAN_EVENTS = 11;
const EVENT_ATTRIBUTES = 3;
const SPAN_STATUS = 15;
const KIND_SERVER = 2;
const KIND_CLIENT = 3;
const STATUS_ERROR = 2;
const DIGITS = /^\d{1,15}$/;
