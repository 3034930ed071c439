// What protobuf bytes say without their .proto file: fields by number. For sinks that must know nothing of how Starling writes.
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** Fields by number, each with all that it holds: bytes and texts as bytes, numbers as they are on the wire. */
export type WireFields = ReadonlyMap<number, readonly (Uint8Array | bigint)[]>;

/** A message's fields. */
export function fieldsOf(bytes: Uint8Array): WireFields {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, (Uint8Array | bigint)[]>();
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const list = fields.get(number) ?? [];
    fields.set(number, list);
    if (type === WireType.LengthDelimited) list.push(reader.bytes());
    else if (type === WireType.Bit64) list.push(BigInt(reader.fixed64()));
    else if (type === WireType.Varint) list.push(BigInt(reader.int64()));
    else reader.skip(type, number);
  }
  return fields;
}

/** What a field of bytes, texts or messages holds. */
export function bytesIn(fields: WireFields, number: number): readonly Uint8Array[] {
  return (fields.get(number) ?? []) as readonly Uint8Array[];
}

/** A single number; 0 where the field is not there. */
export function numberIn(fields: WireFields, number: number): bigint {
  return (fields.get(number)?.[0] as bigint | undefined) ?? 0n;
}

/** A single text; empty where the field is not there. */
export function textIn(fields: WireFields, number: number): string {
  return Buffer.from(bytesIn(fields, number)[0] ?? []).toString("utf8");
}

/** A single field of bytes in hexadecimal; empty where it is not there. */
export function hexIn(fields: WireFields, number: number): string {
  return Buffer.from(bytesIn(fields, number)[0] ?? []).toString("hex");
}
