// Reads protobuf's binary form into the written tree, so that what an xDS server sends passes the same checks as a file.
// Called by load-wire.ts. Fields that the schema does not have are skipped, as Envoy skips them in what servers send.
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { FieldShape, ScalarKind } from "../schema/shape.ts";
import type { Position } from "./checked.ts";
import { readWireWellKnown, type WireContext } from "./wire-well-known.ts";
import type { Written, WrittenEntry } from "./written.ts";

/** The message of this type as a tree. Throws (RangeError, Error) on bytes that are no protobuf or nest over 100 deep. */
export function readWireMessage(context: WireContext, typeName: string, bytes: Uint8Array): Written {
  if (++context.depth > wireDepthMax) throw new RangeError(`messages nest more than ${wireDepthMax} deep`);
  const known = readWireWellKnown(context, typeName, bytes, readWireMessage);
  const written = known ?? readFields(context, typeName, bytes);
  context.depth--;
  return written;
}

function readFields(context: WireContext, typeName: string, bytes: Uint8Array): Written {
  const { position } = context;
  const shape = context.set.message(typeName);
  const values = new Map<FieldShape, Written[]>();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    const field = shape?.fields.find((one) => one.number === number);
    if (field === undefined) {
      reader.skip(wire, number);
      continue;
    }
    const found = values.get(field) ?? [];
    values.set(field, found);
    const packed = wire === WireType.LengthDelimited && field.repeated === true && isPackable(field);
    if (!packed) found.push(readOne(context, field, reader));
    else for (const end = reader.uint32() + reader.pos; reader.pos < end; ) found.push(readOne(context, field, reader));
  }
  const entries: WrittenEntry[] = [];
  for (const [field, found] of values) entries.push(entryOf(position, field, found));
  return { kind: "map", entries, position };
}

// A singular field that comes twice counts the last time; a map's entries are maps of key and value.
function entryOf(position: Position, field: FieldShape, found: readonly Written[]): WrittenEntry {
  const last = found.at(-1) ?? { kind: "null", position };
  if (field.repeated === true) return entry(position, field.name, { kind: "list", items: found, position });
  if (field.mapKey === undefined) return entry(position, field.name, last);
  const byKey = new Map<string, WrittenEntry>();
  for (const one of found) {
    for (const pair of one.kind === "map" ? one.entries : []) byKey.set(pair.key, pair);
  }
  return entry(position, field.name, { kind: "map", entries: [...byKey.values()], position });
}

function readOne(context: WireContext, field: FieldShape, reader: BinaryReader): Written {
  if (field.mapKey !== undefined) return readMapEntry(context, field, field.mapKey, reader);
  if (field.type === "message") return readWireMessage(context, field.typeName ?? "", reader.bytes());
  return readWireScalar(context.position, field.type === "enum" ? "int32" : field.type, reader);
}

function readMapEntry(context: WireContext, field: FieldShape, mapKey: ScalarKind, outer: BinaryReader): Written {
  const { position } = context;
  const reader = new BinaryReader(outer.bytes());
  let key = mapKey === "string" ? "" : mapKey === "bool" ? "false" : "0";
  let value: Written | undefined;
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (number === 1) {
      const written = readWireScalar(position, mapKey, reader);
      if (written.kind === "scalar") key = written.text;
    } else if (number === 2) value = readMapValue(context, field, reader);
    else reader.skip(wire, number);
  }
  const absent = field.type === "message" ? readWireMessage(context, field.typeName ?? "", new Uint8Array(0)) : null;
  return { kind: "map", entries: [entry(position, key, value ?? absent ?? { kind: "null", position })], position };
}

function readMapValue(context: WireContext, field: FieldShape, reader: BinaryReader): Written {
  if (field.type === "message") return readWireMessage(context, field.typeName ?? "", reader.bytes());
  return readWireScalar(context.position, field.type === "enum" ? "int32" : field.type, reader);
}

// A scalar of this kind as text: numbers plain, strings and bytes quoted.
function readWireScalar(position: Position, kind: ScalarKind, reader: BinaryReader): Written {
  if (kind === "string") return { kind: "scalar", text: reader.string(), plain: false, position };
  if (kind === "bytes") {
    return { kind: "scalar", text: Buffer.from(reader.bytes()).toString("base64"), plain: false, position };
  }
  const value = reader[kind]();
  const plain = typeof value !== "number" || Number.isFinite(value);
  return { kind: "scalar", text: String(value), plain, position };
}

function isPackable(field: FieldShape): boolean {
  return field.type !== "string" && field.type !== "bytes" && field.type !== "message";
}

function entry(position: Position, key: string, value: Written): WrittenEntry {
  return { key, position, value, merged: false };
}

const wireDepthMax = 100;
