// A protobuf message as text in one line, as Go's library of the document's day prints it: `cluster_name:"a" locality:<> `. Written straight
// from the bytes, so it says what was sent; fields without a place in the descriptor set are left out. Called by log-lines.ts.
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { loadDescriptorSet } from "../../../config/schema/descriptor-set.ts";
import type { FieldShape } from "../../../config/schema/shape.ts";

/** The text of a message; fields that begin after `lengthMax` characters are left out. Throws on bytes that are none. */
export function protoText(type: string, bytes: Uint8Array, lengthMax: number = Number.POSITIVE_INFINITY): string {
  return fieldsOf(type, bytes, { left: lengthMax }).join(" ");
}

/** Characters that there is room for. */
interface Room {
  left: number;
}

/** In the order of their numbers, as Go prints them whatever the order of the bytes. */
function fieldsOf(type: string, bytes: Uint8Array, room: Room): string[] {
  const numbers = type === DURATION ? DURATION_FIELDS : numbersOf(type);
  const reader = new BinaryReader(bytes);
  const found: { readonly number: number; readonly text: string }[] = [];
  while (reader.pos < reader.len && room.left > 0) {
    const [number, wire] = reader.tag();
    const field = numbers.get(number);
    const text = field === undefined || field.mapKey !== undefined ? null : valueText(field, reader, { wire, room });
    if (text === null) reader.skip(wire, number);
    else {
      found.push({ number, text: `${field?.name}:${text}` });
      room.left -= text.length;
    }
  }
  return found.sort((a, b) => a.number - b.number).map(({ text }) => text);
}

/** Null, and nothing read, for what this text does not show. */
function valueText(
  field: FieldShape,
  reader: BinaryReader,
  { wire, room }: { readonly wire: WireType; readonly room: Room },
): string | null {
  if (wire === WireType.LengthDelimited && field.type === "string") return quoted(reader.bytes());
  if (wire === WireType.LengthDelimited && field.type === "message") {
    const type = field.typeName ?? "";
    if (type !== DURATION && loadDescriptorSet().message(type) === undefined) return null;
    return `<${fieldsOf(type, reader.bytes(), room)
      .map((one) => `${one} `)
      .join("")}>`;
  }
  if (wire === WireType.Bit64 && field.type === "double") return String(reader.double());
  if (wire !== WireType.Varint) return null;
  if (field.type === "bool") return String(reader.bool());
  return INTEGERS.has(field.type) ? String(field.type.startsWith("u") ? reader.uint64() : reader.int64()) : null;
}

function numbersOf(type: string): ReadonlyMap<number, FieldShape> {
  const held = known.get(type);
  if (held !== undefined) return held;
  const fields = loadDescriptorSet().message(type)?.fields ?? [];
  const made = new Map(fields.map((field) => [field.number, field]));
  known.set(type, made);
  return made;
}

/** Quotes, backslashes and what a terminal acts on are escaped, bytes of no text in octal. */
function quoted(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  const escaped = text.replace(ESCAPED, (char) => ESCAPES[char] ?? octal(char));
  return `"${escaped}"`;
}

function octal(char: string): string {
  return [...Buffer.from(char)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}

const DURATION = "google.protobuf.Duration";
const DURATION_FIELDS: ReadonlyMap<number, FieldShape> = new Map([
  [1, { name: "seconds", jsonName: "seconds", number: 1, type: "int64" }],
  [2, { name: "nanos", jsonName: "nanos", number: 2, type: "int32" }],
]);
const INTEGERS: ReadonlySet<string> = new Set(["int32", "int64", "uint32", "uint64"]);
const ESCAPED = /["\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const ESCAPES: Readonly<Record<string, string>> = { '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };
const known = new Map<string, ReadonlyMap<number, FieldShape>>();
