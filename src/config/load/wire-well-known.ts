// The binary form of google.protobuf's own types as the trees that their JSON form would be. Called by read-wire.ts.
import { BinaryReader } from "@bufbuild/protobuf/wire";
import type { DescriptorSet } from "../schema/descriptor-set.ts";
import type { Position } from "./checked.ts";
import { timeText } from "./rfc3339.ts";
import type { Written, WrittenEntry } from "./written.ts";

/** What reading the wire needs: the schema, where to say that everything stands, and how deep it is. */
export interface WireContext {
  readonly set: DescriptorSet;
  readonly position: Position;
  depth: number;
}

/** Reads a message of any type; read-wire.ts gives itself. */
export type ReadMessage = (context: WireContext, typeName: string, bytes: Uint8Array) => Written;

/** The tree of a well-known type, or null for every other type. */
export function readWireWellKnown(
  context: WireContext,
  typeName: string,
  bytes: Uint8Array,
  readMessage: ReadMessage,
): Written | null {
  if (!typeName.startsWith("google.protobuf.")) return null;
  const { position } = context;
  switch (typeName) {
    case "google.protobuf.Any":
      return readAny(context, bytes, readMessage);
    case "google.protobuf.Struct":
      return map(
        position,
        repeated(bytes).flatMap((one) => structEntry(context, one, readMessage)),
      );
    case "google.protobuf.ListValue":
      return {
        kind: "list",
        items: repeated(bytes).map((one) => readMessage(context, "google.protobuf.Value", one)),
        position,
      };
    case "google.protobuf.Value":
      return readValue(context, bytes, readMessage);
    case "google.protobuf.Duration":
      return readDuration(position, bytes);
    case "google.protobuf.Timestamp":
      return readTimestamp(position, bytes);
    case "google.protobuf.FieldMask":
      return text(
        position,
        repeated(bytes)
          .map((one) => new TextDecoder().decode(one))
          .join(","),
      );
    case "google.protobuf.Empty":
      return map(position, []);
    default:
      return readWrapper(position, typeName.slice("google.protobuf.".length), bytes);
  }
}

function readAny(context: WireContext, bytes: Uint8Array, readMessage: ReadMessage): Written {
  const { position } = context;
  let url = "";
  let packed: Uint8Array = new Uint8Array(0);
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (number === 1) url = reader.string();
    else if (number === 2) packed = reader.bytes();
    else reader.skip(wire, number);
  }
  if (url === "") return map(position, []);
  const typeName = url.slice(url.lastIndexOf("/") + 1);
  const named = entry(position, "@type", text(position, url));
  const inner = readMessage(context, typeName, packed);
  if (typeName.startsWith("google.protobuf.") && typeName !== "google.protobuf.Empty") {
    return map(position, [named, entry(position, "value", inner)]);
  }
  return map(position, [named, ...(inner.kind === "map" ? inner.entries : [])]);
}

function structEntry(context: WireContext, bytes: Uint8Array, readMessage: ReadMessage): WrittenEntry {
  const { position } = context;
  let key = "";
  let value: Written = { kind: "null", position };
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (number === 1) key = reader.string();
    else if (number === 2) value = readMessage(context, "google.protobuf.Value", reader.bytes());
    else reader.skip(wire, number);
  }
  return entry(position, key, value);
}

function readValue(context: WireContext, bytes: Uint8Array, readMessage: ReadMessage): Written {
  const { position } = context;
  let value: Written = { kind: "null", position };
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (number === 2) value = plain(position, String(reader.double()));
    else if (number === 3) value = text(position, reader.string());
    else if (number === 4) value = plain(position, String(reader.bool()));
    else if (number === 5) value = readMessage(context, "google.protobuf.Struct", reader.bytes());
    else if (number === 6) value = readMessage(context, "google.protobuf.ListValue", reader.bytes());
    else reader.skip(wire, number);
  }
  return value;
}

function readDuration(position: Position, bytes: Uint8Array): Written {
  const { seconds, nanos } = secondsAndNanos(bytes);
  return map(position, [
    entry(position, "seconds", plain(position, String(seconds))),
    entry(position, "nanos", plain(position, String(nanos))),
  ]);
}

function readTimestamp(position: Position, bytes: Uint8Array): Written {
  const { seconds, nanos } = secondsAndNanos(bytes);
  return text(position, timeText(Number(seconds), nanos));
}

function secondsAndNanos(bytes: Uint8Array): { seconds: bigint | string; nanos: number } {
  let seconds: bigint | string = 0n;
  let nanos = 0;
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (number === 1) seconds = reader.int64();
    else if (number === 2) nanos = reader.int32();
    else reader.skip(wire, number);
  }
  return { seconds, nanos };
}

function readWrapper(position: Position, name: string, bytes: Uint8Array): Written | null {
  const kind = wrapperKinds[name];
  if (kind === undefined) return null;
  const reader = new BinaryReader(bytes);
  let written: Written =
    kind === "string" || kind === "bytes" ? text(position, "") : plain(position, kind === "bool" ? "false" : "0");
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (number !== 1) reader.skip(wire, number);
    else if (kind === "string") written = text(position, reader.string());
    else if (kind === "bytes") written = text(position, Buffer.from(reader.bytes()).toString("base64"));
    else written = plain(position, String(reader[kind]()));
  }
  return written;
}

// Field 1 as often as it stands there.
function repeated(bytes: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (number === 1) found.push(reader.bytes());
    else reader.skip(wire, number);
  }
  return found;
}

function map(position: Position, entries: readonly WrittenEntry[]): Written {
  return { kind: "map", entries, position };
}

function entry(position: Position, key: string, value: Written): WrittenEntry {
  return { key, position, value, merged: false };
}

function text(position: Position, value: string): Written {
  return { kind: "scalar", text: value, plain: false, position };
}

function plain(position: Position, value: string): Written {
  return { kind: "scalar", text: value, plain: true, position };
}

const wrapperKinds: Readonly<
  Record<string, "double" | "float" | "int64" | "uint64" | "int32" | "uint32" | "bool" | "string" | "bytes" | undefined>
> = {
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
