// Reads chosen fields of a protobuf message by their names in the descriptor set and skips the rest: Envoy's node alone has five hundred
// entries that nobody reads. Called by read-message.ts.
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { loadDescriptorSet } from "../../../config/schema/descriptor-set.ts";
import { NAME_BYTES_MAX } from "./limits.ts";

/** Takes one field's value from the reader. */
export type FieldVisit<Target> = (target: Target, reader: BinaryReader) => void;

/** Reads messages of one type into targets. */
export class FieldReader<Target> {
  private readonly type: string;
  private readonly visits: readonly (FieldVisit<Target> | undefined)[];
  private readonly wires: readonly (WireType | undefined)[];

  /** Throws when the type has no such field. */
  constructor(type: string, visits: Readonly<Record<string, FieldVisit<Target>>>) {
    const shape = loadDescriptorSet().message(type);
    const byNumber: (FieldVisit<Target> | undefined)[] = [];
    const wires: (WireType | undefined)[] = [];
    for (const [name, visit] of Object.entries(visits)) {
      const field = shape === undefined ? undefined : loadDescriptorSet().fields(shape).get(name);
      if (field === undefined) throw new TypeError(`${type} has no ${name}`);
      byNumber[field.number] = visit;
      wires[field.number] = LENGTHS.has(field.type) ? WireType.LengthDelimited : WireType.Varint;
    }
    this.type = type;
    this.visits = byNumber;
    this.wires = wires;
  }

  /** Throws on bytes that are no such message. */
  read(bytes: Uint8Array, target: Target): Target {
    const reader = new BinaryReader(bytes);
    return this.readTo(reader.len, reader, target);
  }

  /** The same for a field of a message: without a reader of its own, of which a report with many endpoints would make thousands. */
  readField(reader: BinaryReader, target: Target): Target {
    const end = reader.uint32() + reader.pos;
    if (end > reader.len) throw new RangeError(`a ${this.type} is cut short`);
    return this.readTo(end, reader, target);
  }

  private readTo(end: number, reader: BinaryReader, target: Target): Target {
    while (reader.pos < end) {
      const [number, wire] = reader.tag();
      const visit = this.visits[number];
      if (visit === undefined) reader.skip(wire, number);
      else if (wire === this.wires[number]) visit(target, reader);
      else throw new RangeError(`field ${number} of ${this.type} has another type`);
    }
    if (reader.pos > end) throw new RangeError(`a ${this.type} is cut short`);
    return target;
  }
}

/** A count that arithmetic holds exactly; throws on a greater one. */
export function readCount(reader: BinaryReader): number {
  const count = Number(reader.uint64());
  if (count > COUNT_MAX) throw new RangeError("a count is greater than 2^48");
  return count;
}

/** A text of which no more than NAME_BYTES_MAX is kept. */
export function shortText(reader: BinaryReader): string {
  const bytes = reader.bytes();
  const short = bytes.length > NAME_BYTES_MAX ? bytes.subarray(0, NAME_BYTES_MAX) : bytes;
  return Buffer.from(short.buffer, short.byteOffset, short.byteLength).toString();
}

const LENGTHS: ReadonlySet<string> = new Set(["string", "bytes", "message"]);
/** Thirty thousand such counts add up exactly: nobody makes so many requests in an interval. */
const COUNT_MAX = 2 ** 48;
