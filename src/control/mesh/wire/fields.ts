// What one field of a message is on the wire, in both directions, with its limits: the words of which shapes.ts makes the messages. On
// reading everything that is wrong is a WireFault (or what the library throws); on writing it is a bug of ours.
import { type BinaryReader, type BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Shape } from "./shape.ts";

/** A field's type. */
export interface FieldType<Value> {
  readonly wire: WireType;
  /** What a field that does not come is. */
  absent(): Value;
  isAbsent(value: Value): boolean;
  /** Asked of every field, absent ones too. */
  isValid(value: Value): boolean;
  write(writer: BinaryWriter, number: number, value: Value): void;
  /** `before`: what the field was so far. */
  read(reader: BinaryReader, before: Value): Value;
}

/** Bytes that are no message. */
export class WireFault extends Error {
  readonly reason: "malformed" | "out-of-range";

  constructor(reason: "malformed" | "out-of-range", what: string) {
    super(what);
    this.reason = reason;
  }
}

/** A whole number. */
export function count(max: number, min: number = 0): FieldType<number> {
  return {
    wire: WireType.Varint,
    absent: () => 0,
    isAbsent: (value) => value === 0,
    isValid: (value) => Number.isInteger(value) && value >= min && value <= max,
    write: (writer, number, value) => writer.tag(number, WireType.Varint).uint64(value),
    read: (reader) => Number(reader.uint64()),
  };
}

/** A yes or no. */
export const flag: FieldType<boolean> = {
  wire: WireType.Varint,
  absent: () => false,
  isAbsent: (value) => !value,
  isValid: () => true,
  write: (writer, number, value) => writer.tag(number, WireType.Varint).bool(value),
  read: (reader) => reader.bool(),
};

/** Text of so many bytes. */
export function text(bytesMax: number, bytesMin: number = 0): FieldType<string> {
  return {
    wire: WireType.LengthDelimited,
    absent: () => "",
    isAbsent: (value) => value === "",
    isValid: (value) => {
      const bytes = value.length <= bytesMax ? Buffer.byteLength(value) : value.length;
      return bytes >= bytesMin && bytes <= bytesMax && value.isWellFormed();
    },
    write: (writer, number, value) => writer.tag(number, WireType.LengthDelimited).string(value),
    read: (reader) => reader.string(true),
  };
}

/** Text that is shown on admin pages and in logs. */
export function shownText(bytesMax: number, bytesMin: number = 0): FieldType<string> {
  const plain = text(bytesMax, bytesMin);
  return { ...plain, isValid: (value) => plain.isValid(value) && !CONTROL.test(value) };
}

/** 64 bits: 16 lower-case hex digits; fixed64 on the wire. */
export const hex64: FieldType<string> = {
  wire: WireType.Bit64,
  absent: () => NO_BITS,
  isAbsent: (value) => value === NO_BITS,
  isValid: (value) => value.length === NO_BITS.length && LOWER_HEX.test(value),
  write: (writer, number, value) => {
    const high = Number.parseInt(value.slice(0, 8), 16);
    writer
      .tag(number, WireType.Bit64)
      .fixed32(Number.parseInt(value.slice(8), 16))
      .fixed32(high);
  },
  read: (reader) => {
    SCRATCH.writeUInt32BE(reader.fixed32(), 4);
    SCRATCH.writeUInt32BE(reader.fixed32(), 0);
    return SCRATCH.toString("hex");
  },
};

/** 128 bits: 32 lower-case hex digits; 16 bytes on the wire. */
export const hex128: FieldType<string> = {
  wire: WireType.LengthDelimited,
  absent: () => "",
  isAbsent: () => false,
  isValid: (value) => value.length === 32 && LOWER_HEX.test(value),
  write: (writer, number, value) => writer.tag(number, WireType.LengthDelimited).bytes(Buffer.from(value, "hex")),
  read: (reader) => {
    const bytes = reader.bytes();
    return bytes.length === 16 ? Buffer.from(bytes).toString("hex") : "";
  },
};

/** One of these words, numbered from 1. */
export function choice<Word extends string>(words: readonly Word[]): FieldType<Word> {
  return {
    wire: WireType.Varint,
    absent: () => "" as Word,
    isAbsent: () => false,
    isValid: (value) => words.includes(value),
    write: (writer, number, value) => writer.tag(number, WireType.Varint).uint32(words.indexOf(value) + 1),
    read: (reader) => words[reader.uint32() - 1] ?? ("" as Word),
  };
}

/** One of these words, or nothing. */
export function choiceOrNull<Word extends string>(words: readonly Word[]): FieldType<Word | null> {
  const one = choice(words);
  return {
    wire: one.wire,
    absent: () => null,
    isAbsent: (value) => value === null,
    isValid: (value) => value === null || words.includes(value),
    write: (writer, number, value) => one.write(writer, number, value as Word),
    read: (reader) => one.read(reader, "" as Word),
  };
}

/** Some of these words, each once; packed. */
export function choices<Word extends string>(words: readonly Word[]): FieldType<readonly Word[]> {
  return {
    wire: WireType.LengthDelimited,
    absent: () => [],
    isAbsent: (value) => value.length === 0,
    isValid: (value) => new Set(value).size === value.length && value.every((word) => words.includes(word)),
    write: (writer, number, value) => {
      writer.tag(number, WireType.LengthDelimited).fork();
      for (const word of value) writer.uint32(words.indexOf(word) + 1);
      writer.join();
    },
    read: (reader) => {
      const bytes = reader.bytes();
      if (bytes.length > words.length) throw new WireFault("out-of-range", "more words than there are");
      return Array.from(bytes, (byte) => words[byte - 1] ?? ("" as Word));
    },
  };
}

/** One message in another. */
export function nested<Value>(shape: Shape<Value>): FieldType<Value | null> {
  return {
    wire: WireType.LengthDelimited,
    absent: () => null,
    isAbsent: () => false,
    isValid: (value) => value !== null,
    write: (writer, number, value) => writeNested(writer, number, shape, value as Value),
    read: (reader) => readNested(reader, shape),
  };
}

/** Several messages in another. */
export function list<Value>(shape: Shape<Value>, max: number, min: number = 0): FieldType<readonly Value[]> {
  return {
    wire: WireType.LengthDelimited,
    absent: () => [],
    isAbsent: () => false,
    isValid: (value) => value.length >= min && value.length <= max,
    write: (writer, number, value) => {
      for (const one of value) writeNested(writer, number, shape, one);
    },
    read: (reader, before) => {
      if (before.length === max) throw new WireFault("out-of-range", "too many in a list");
      (before as Value[]).push(readNested(reader, shape));
      return before;
    },
  };
}

function writeNested<Value>(writer: BinaryWriter, number: number, shape: Shape<Value>, value: Value): void {
  writer.tag(number, WireType.LengthDelimited).fork();
  shape.write(writer, value);
  writer.join();
}

/** What goes beyond the length is found at the end of the outer message, since nothing reads backwards. */
function readNested<Value>(reader: BinaryReader, shape: Shape<Value>): Value {
  const length = reader.uint32();
  return shape.read(reader, reader.pos + length);
}

const NO_BITS = "0000000000000000";
const LOWER_HEX = /^[0-9a-f]*$/;
const SCRATCH = Buffer.alloc(8);
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
