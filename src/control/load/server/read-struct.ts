// Chosen fields of a google.protobuf.Struct from its bytes, as plain JSON. Numbers of fields are of struct.proto, which never changes.
// Called by read-message.ts.
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { Json } from "../node-shares.ts";

/** Puts the fields with these names into `found`; throws on bytes that are no Struct, or one that is too deep. */
export function readStructFields(bytes: Uint8Array, names: ReadonlySet<string>, found: Map<string, Json>): void {
  eachEntry(bytes, (key, value) => {
    if (names.has(key)) found.set(key, readValue(value, 0));
  });
}

function readValue(bytes: Uint8Array, depth: number): Json {
  if (depth > DEPTH_MAX) throw new RangeError("a Struct is too deep");
  const reader = new BinaryReader(bytes);
  let value: Json = null;
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (number === 2 && wire === WireType.Bit64) value = reader.double();
    else if (number === 3 && wire === WireType.LengthDelimited) value = reader.string();
    else if (number === 4 && wire === WireType.Varint) value = reader.bool();
    else if (number === 5 && wire === WireType.LengthDelimited) value = readObject(reader.bytes(), depth);
    else if (number === 6 && wire === WireType.LengthDelimited) value = readList(reader.bytes(), depth);
    else reader.skip(wire, number);
  }
  return value;
}

function readObject(bytes: Uint8Array, depth: number): Json {
  const fields: [string, Json][] = [];
  eachEntry(bytes, (key, value) => fields.push([key, readValue(value, depth + 1)]));
  return Object.fromEntries(fields);
}

function readList(bytes: Uint8Array, depth: number): Json {
  const values: Json[] = [];
  eachPart(bytes, (_, value) => values.push(readValue(value, depth + 1)));
  return values;
}

/** A map's entries are messages with the key in field 1 and the value in 2. */
function eachEntry(bytes: Uint8Array, visit: (key: string, value: Uint8Array) => void): void {
  eachPart(bytes, (_, entry) => {
    let key = "";
    let value: Uint8Array = NOTHING;
    eachPart(entry, (number, part) => {
      if (number === 1) key = Buffer.from(part).toString();
      else if (number === 2) value = part;
    });
    visit(key, value);
  });
}

function eachPart(bytes: Uint8Array, visit: (number: number, part: Uint8Array) => void): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (wire === WireType.LengthDelimited) visit(number, reader.bytes());
    else reader.skip(wire, number);
  }
}

const NOTHING = new Uint8Array();
const DEPTH_MAX = 16;
