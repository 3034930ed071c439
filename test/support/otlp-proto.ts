// Reads exports of metrics and logs as the .proto files of OpenTelemetry have them, into plain objects with the fields' names. Written from
// those files alone: it knows nothing of how Starling writes.
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** A message: texts, numbers as texts, lists, messages. A field that is not there is not in it. */
export interface Message {
  readonly [field: string]: Value;
}

/** What a field holds. */
export type Value = string | number | Message | readonly Value[];

/** An ExportMetricsServiceRequest or ExportLogsServiceRequest. */
export function readExport(kind: "MetricsRequest" | "LogsRequest", bytes: Uint8Array): Message {
  return read(bytes, kind);
}

/** Names and values of a list of KeyValues, nested ones as JSON. */
export function attributesOf(message: Message, field = "attributes"): Record<string, string> {
  return Object.fromEntries(
    list(message[field]).map((pair) => [String(pair["key"]), anyText(pair["value"] as Message)]),
  );
}

/** The messages of a repeated field. */
export function list(value: Value | undefined): readonly Message[] {
  return (value ?? []) as readonly Message[];
}

/** An AnyValue: its text, or what it holds as JSON. */
export function anyText(value: Message | undefined): string {
  const text = value?.["string_value"];
  return typeof text === "string" ? text : JSON.stringify(value ?? null);
}

function read(bytes: Uint8Array, type: string): Message {
  const shape = SHAPES[type] ?? {};
  const reader = new BinaryReader(bytes);
  const message: Record<string, Value> = {};
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    const [name, kind, repeated] = shape[number] ?? [];
    if (name === undefined || kind === undefined) throw new Error(`${type} has no field ${number}`);
    const values = kind.startsWith("packed ") ? readPacked(reader, kind) : [readOne(reader, kind, wire)];
    if (repeated === "list") message[name] = [...((message[name] as readonly Value[] | undefined) ?? []), ...values];
    else message[name] = values[0] as Value;
  }
  return message;
}

function readOne(reader: BinaryReader, kind: string, wire: WireType): Value {
  const expected = WIRE[kind] ?? WireType.LengthDelimited;
  if (wire !== expected) throw new Error(`${kind} came as wire type ${wire}`);
  if (kind === "text") return reader.string();
  if (kind === "hex") return Buffer.from(reader.bytes()).toString("hex");
  if (kind === "int") return String(reader.int64());
  if (kind === "fixed64") return String(reader.fixed64());
  if (kind === "sfixed64") return String(reader.sfixed64());
  if (kind === "fixed32") return reader.fixed32();
  if (kind === "double") return reader.double();
  return read(reader.bytes(), kind);
}

function readPacked(reader: BinaryReader, kind: string): Value[] {
  const end = reader.uint32() + reader.pos;
  const values: Value[] = [];
  while (reader.pos < end) values.push(kind === "packed double" ? reader.double() : String(reader.fixed64()));
  return values;
}

const WIRE: Readonly<Record<string, WireType>> = {
  int: WireType.Varint,
  fixed64: WireType.Bit64,
  sfixed64: WireType.Bit64,
  double: WireType.Bit64,
  fixed32: WireType.Bit32,
};

type Shape = Readonly<Record<number, readonly [name: string, kind: string, repeated?: "list"]>>;

const SCOPE_OF_RESOURCE: Shape = { 1: ["resource", "Resource"], 3: ["schema_url", "text"] };
const SCOPE: Shape = { 1: ["scope", "Scope"], 3: ["schema_url", "text"] };

// opentelemetry-proto 1.5: collector/…/v1, resource/v1, common/v1, logs/v1, metrics/v1.
const SHAPES: Readonly<Record<string, Shape>> = {
  LogsRequest: { 1: ["resource_logs", "ResourceLogs", "list"] },
  ResourceLogs: { ...SCOPE_OF_RESOURCE, 2: ["scope_logs", "ScopeLogs", "list"] },
  ScopeLogs: { ...SCOPE, 2: ["log_records", "LogRecord", "list"] },
  LogRecord: {
    1: ["time_unix_nano", "fixed64"],
    11: ["observed_time_unix_nano", "fixed64"],
    2: ["severity_number", "int"],
    3: ["severity_text", "text"],
    5: ["body", "AnyValue"],
    6: ["attributes", "KeyValue", "list"],
    7: ["dropped_attributes_count", "int"],
    8: ["flags", "fixed32"],
    9: ["trace_id", "hex"],
    10: ["span_id", "hex"],
  },
  MetricsRequest: { 1: ["resource_metrics", "ResourceMetrics", "list"] },
  ResourceMetrics: { ...SCOPE_OF_RESOURCE, 2: ["scope_metrics", "ScopeMetrics", "list"] },
  ScopeMetrics: { ...SCOPE, 2: ["metrics", "Metric", "list"] },
  Metric: {
    1: ["name", "text"],
    2: ["description", "text"],
    3: ["unit", "text"],
    5: ["gauge", "Gauge"],
    7: ["sum", "Sum"],
    9: ["histogram", "Histogram"],
  },
  Gauge: { 1: ["data_points", "NumberDataPoint", "list"] },
  Sum: {
    1: ["data_points", "NumberDataPoint", "list"],
    2: ["aggregation_temporality", "int"],
    3: ["is_monotonic", "int"],
  },
  Histogram: { 1: ["data_points", "HistogramDataPoint", "list"], 2: ["aggregation_temporality", "int"] },
  NumberDataPoint: {
    7: ["attributes", "KeyValue", "list"],
    2: ["start_time_unix_nano", "fixed64"],
    3: ["time_unix_nano", "fixed64"],
    4: ["as_double", "double"],
    6: ["as_int", "sfixed64"],
    8: ["flags", "int"],
  },
  HistogramDataPoint: {
    9: ["attributes", "KeyValue", "list"],
    2: ["start_time_unix_nano", "fixed64"],
    3: ["time_unix_nano", "fixed64"],
    4: ["count", "fixed64"],
    5: ["sum", "double"],
    6: ["bucket_counts", "packed fixed64", "list"],
    7: ["explicit_bounds", "packed double", "list"],
    10: ["flags", "int"],
    11: ["min", "double"],
    12: ["max", "double"],
  },
  Resource: { 1: ["attributes", "KeyValue", "list"], 2: ["dropped_attributes_count", "int"] },
  Scope: { 1: ["name", "text"], 2: ["version", "text"], 3: ["attributes", "KeyValue", "list"] },
  KeyValue: { 1: ["key", "text"], 2: ["value", "AnyValue"] },
  KeyValueList: { 1: ["values", "KeyValue", "list"] },
  ArrayValue: { 1: ["values", "AnyValue", "list"] },
  AnyValue: {
    1: ["string_value", "text"],
    2: ["bool_value", "int"],
    3: ["int_value", "int"],
    4: ["double_value", "double"],
    5: ["array_value", "ArrayValue"],
    6: ["kvlist_value", "KeyValueList"],
    7: ["bytes_value", "hex"],
  },
};
