// A checked message in protobuf's binary form, for xDS requests and load reports. The inverse of read-wire.ts with the checks.
// Called by the control plane. Fields at proto3's default value are left out.
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { loadDescriptorSet } from "../schema/descriptor-set.ts";
import type { FieldShape, ScalarKind } from "../schema/shape.ts";
import type { CheckedMap, CheckedMessage, CheckedValue, JsonValue } from "./checked.ts";
import { timeOf } from "./rfc3339.ts";

/** The message's bytes. */
export function toWire(message: CheckedMessage): Uint8Array {
  const writer = new BinaryWriter();
  writeMessage(writer, message);
  return writer.finish();
}

function writeMessage(writer: BinaryWriter, message: CheckedMessage): void {
  if (message.type.startsWith("google.protobuf.")) {
    const value = message.fields["value"];
    if (value !== undefined) writeBody(writer, message.type, value);
    return;
  }
  for (const field of loadDescriptorSet().message(message.type)?.fields ?? []) {
    const value = message.fields[field.name];
    if (value !== undefined) writeField(writer, field, value);
  }
}

function writeField(writer: BinaryWriter, field: FieldShape, value: CheckedValue): void {
  if (field.mapKey !== undefined) writeMap(writer, field, field.mapKey, value as CheckedMap);
  else if (field.repeated !== true) writeOne(writer, field, value, field.oneof !== undefined);
  else if (field.type === "string" || field.type === "bytes" || field.type === "message") {
    for (const one of value as readonly CheckedValue[]) writeOne(writer, field, one, true);
  } else if ((value as readonly CheckedValue[]).length > 0) {
    writer.tag(field.number, WireType.LengthDelimited).fork();
    for (const one of value as readonly CheckedValue[]) writeScalar(writer, field, one);
    writer.join();
  }
}

function writeMap(writer: BinaryWriter, field: FieldShape, mapKey: ScalarKind, map: CheckedMap): void {
  const keyField: FieldShape = { name: "key", jsonName: "key", number: 1, type: mapKey };
  const valueField: FieldShape = { ...field, number: 2 };
  for (const [key, value] of Object.entries(map.entries)) {
    writer.tag(field.number, WireType.LengthDelimited).fork();
    const scalar = mapKey === "string" ? key : mapKey === "bool" ? key === "true" : Number(key);
    writeOne(writer, keyField, scalar, true);
    writeOne(writer, valueField, value, true);
    writer.join();
  }
}

function writeOne(writer: BinaryWriter, field: FieldShape, value: CheckedValue, always: boolean): void {
  if (field.type === "message") {
    writer.tag(field.number, WireType.LengthDelimited).fork();
    writeBody(writer, field.typeName ?? "", value);
    writer.join();
  } else if (always || !isDefault(field, value)) {
    writer.tag(field.number, wireTypes[field.type === "enum" ? "int32" : field.type]);
    writeScalar(writer, field, value);
  }
}

function writeScalar(writer: BinaryWriter, field: FieldShape, value: CheckedValue): void {
  if (field.type === "enum") writer.int32(enumNumber(field, value));
  else if (field.type === "string") writer.string(value as string);
  else if (field.type === "bytes") writer.bytes(value as Uint8Array);
  else if (field.type === "bool") writer.bool(value as boolean);
  else writer[field.type as "int32"](value as number);
}

function writeBody(writer: BinaryWriter, typeName: string, value: CheckedValue): void {
  if (typeName === "google.protobuf.Any") writeAny(writer, value as CheckedMessage);
  else if (typeof value === "object" && "kind" in value && value.kind === "message") writeMessage(writer, value);
  else if (typeof value === "object" && "kind" in value && value.kind === "json")
    writeJson(writer, typeName, value.value);
  else if (typeName === "google.protobuf.Duration") {
    const seconds = Math.floor((value as number) / 1000);
    writeTime(writer, seconds, Math.round(((value as number) - seconds * 1000) * 1e6));
  } else if (typeName === "google.protobuf.Timestamp") {
    const time = timeOf(value as string);
    writeTime(writer, time?.seconds ?? 0, time?.nanos ?? 0);
  } else if (typeName === "google.protobuf.FieldMask") {
    for (const path of (value as string).split(",").filter((one) => one !== "")) {
      writer.tag(1, WireType.LengthDelimited).string(path);
    }
  } else writeWrapper(writer, typeName, value);
}

function writeWrapper(writer: BinaryWriter, typeName: string, value: CheckedValue): void {
  const kind = wrapperKinds[typeName.slice("google.protobuf.".length)];
  if (kind === undefined) throw new TypeError(`a value of ${typeName} cannot be written`);
  writeOne(writer, { name: "value", jsonName: "value", number: 1, type: kind }, value, false);
}

function writeAny(writer: BinaryWriter, message: CheckedMessage): void {
  if (message.type === "google.protobuf.Any") return;
  writer.tag(1, WireType.LengthDelimited).string(`type.googleapis.com/${message.type}`);
  const body = toWire(message);
  if (body.length > 0) writer.tag(2, WireType.LengthDelimited).bytes(body);
}

function writeTime(writer: BinaryWriter, seconds: number, nanos: number): void {
  if (seconds !== 0) writer.tag(1, WireType.Varint).int64(seconds);
  if (nanos !== 0) writer.tag(2, WireType.Varint).int32(nanos);
}

function writeJson(writer: BinaryWriter, typeName: string, value: JsonValue): void {
  if (typeName === "google.protobuf.Struct") writeStruct(writer, value as { [name: string]: JsonValue });
  else if (typeName === "google.protobuf.ListValue") {
    for (const item of value as readonly JsonValue[]) writeJsonBelow(writer, 1, "google.protobuf.Value", item);
  } else if (value === null) writer.tag(1, WireType.Varint).int32(0);
  else if (typeof value === "number") writer.tag(2, WireType.Bit64).double(value);
  else if (typeof value === "string") writer.tag(3, WireType.LengthDelimited).string(value);
  else if (typeof value === "boolean") writer.tag(4, WireType.Varint).bool(value);
  else if (Array.isArray(value)) writeJsonBelow(writer, 6, "google.protobuf.ListValue", value as JsonValue);
  else writeJsonBelow(writer, 5, "google.protobuf.Struct", value);
}

function writeStruct(writer: BinaryWriter, value: { readonly [name: string]: JsonValue }): void {
  for (const [key, one] of Object.entries(value)) {
    writer.tag(1, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).string(key);
    writeJsonBelow(writer, 2, "google.protobuf.Value", one);
    writer.join();
  }
}

function writeJsonBelow(writer: BinaryWriter, number: number, typeName: string, value: JsonValue): void {
  writer.tag(number, WireType.LengthDelimited).fork();
  writeJson(writer, typeName, value);
  writer.join();
}

function enumNumber(field: FieldShape, value: CheckedValue): number {
  return loadDescriptorSet().enum(field.typeName ?? "")?.values[String(value)] ?? Number(value);
}

function isDefault(field: FieldShape, value: CheckedValue): boolean {
  if (field.type === "enum") return enumNumber(field, value) === 0;
  return value === "" || value === 0 || value === false || (value instanceof Uint8Array && value.length === 0);
}

const wireTypes: Readonly<Record<ScalarKind, WireType>> = {
  double: WireType.Bit64,
  float: WireType.Bit32,
  int32: WireType.Varint,
  int64: WireType.Varint,
  uint32: WireType.Varint,
  uint64: WireType.Varint,
  sint32: WireType.Varint,
  sint64: WireType.Varint,
  fixed32: WireType.Bit32,
  fixed64: WireType.Bit64,
  sfixed32: WireType.Bit32,
  sfixed64: WireType.Bit64,
  bool: WireType.Varint,
  string: WireType.LengthDelimited,
  bytes: WireType.LengthDelimited,
};
const wrapperKinds: Readonly<Record<string, ScalarKind | undefined>> = {
  DoubleValue: "double",
  FloatValue: "float",
  Int64Value: "int64",
  UInt64Value: "uint64",
  Int32Value: "int32",
  UInt32Value: "uint32",
  BoolValue: "bool",
  StringValue: "string",
  BytesValue: "bytes",
};
