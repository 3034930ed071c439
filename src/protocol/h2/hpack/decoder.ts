// HPACK decoding (RFC 7541): one header block from bytes to calls of a receiver, byte ranges only. One per connection, owned by it.
import { nameIdOfBytes } from "../../header-names.ts";
import { nameFlaws, valueFlaws } from "../field-flaws.ts";
import { DynamicTable } from "./dynamic-table.ts";
import { huffmanDecode, huffmanDecodedMax } from "./huffman.ts";
import { STATIC_COUNT, STATIC_NAME_ID, STATIC_VALUE } from "./static-table.ts";

/** Receives the fields of a block in wire order. */
export interface FieldReceiver {
  /**
   * One field. `id` is its name's id; only when it is 0 the name is `name[nameStart, nameEnd)`. Ranges are valid during the call.
   * `flaws`: bits of `Flaw`.
   */
  onField(
    id: number,
    name: Uint8Array,
    nameStart: number,
    nameEnd: number,
    value: Uint8Array,
    start: number,
    end: number,
    flaws: number,
  ): void;
}

/** What every peer may use for its table before it has read our SETTINGS (RFC 9113 §6.5.2). */
export const TABLE_BYTES_INITIAL = 4096;

/** Decodes the blocks of one direction of one connection, in order. */
export class HpackDecoder {
  private readonly table: DynamicTable = new DynamicTable(TABLE_BYTES_INITIAL);
  private readonly receiver: FieldReceiver;
  private tableBytesMax: number;
  private updateDue = false;
  private next = 0;
  private text: Uint8Array = NOTHING;
  private textStart = 0;
  private textEnd = 0;
  private scratchUsed = 0;

  /** `tableBytesMax`: what our SETTINGS announce. */
  constructor(receiver: FieldReceiver, tableBytesMax: number) {
    this.receiver = receiver;
    this.tableBytesMax = Math.max(tableBytesMax, TABLE_BYTES_INITIAL);
  }

  /** The peer acknowledged the table size we announced: a greater one is wrong from here on, and must be given up first (RFC 7541 §4.2). */
  acknowledge(tableBytesMax: number): void {
    this.tableBytesMax = tableBytesMax;
    this.updateDue = this.table.sizeBytesMax > tableBytesMax;
  }

  /** Decodes one whole block. Answers what is wrong with it, empty when nothing is; after a wrong block the connection is lost. */
  decode(bytes: Uint8Array, start: number, end: number): string {
    let fields = 0;
    this.next = start;
    this.scratchUsed = 0;
    if (scratch.length < huffmanDecodedMax(end - start) + SCRATCH_SPARE) growScratch(end - start);
    while (this.next < end) {
      const first = bytes[this.next++] as number;
      if (first >= 0x80) {
        if (this.updateDue) return UPDATE_MISSING;
        const index = (first & 0x7f) === 0x7f ? this.longInteger(bytes, end, 0x7f) : first & 0x7f;
        if (!this.indexed(index)) return BAD_INDEX;
        fields++;
      } else if (first >= 0x40 || first < 0x20) {
        if (this.updateDue) return UPDATE_MISSING;
        const wrong = this.literal(bytes, end, first);
        if (wrong !== "") return wrong;
        fields++;
      } else {
        const size = (first & 0x1f) === 0x1f ? this.longInteger(bytes, end, 0x1f) : first & 0x1f;
        if (fields > 0 || size < 0 || size > this.tableBytesMax) return BAD_UPDATE;
        this.table.resize(size);
        this.updateDue = false;
      }
    }
    return "";
  }

  private indexed(index: number): boolean {
    if (index > STATIC_COUNT) {
      const age = index - STATIC_COUNT - 1;
      const table = this.table;
      if (age >= table.count) return false;
      const at = table.at(table.inserted - age);
      const entries = table.entries;
      const nameStart = entries[at + 1] as number;
      const start = entries[at + 3] as number;
      const end = start + (entries[at + 4] as number);
      const arena = table.arena;
      this.receiver.onField(
        entries[at] as number,
        arena,
        nameStart,
        start,
        arena,
        start,
        end,
        entries[at + 5] as number,
      );
      return true;
    }
    if (index <= 0) return false;
    const value = STATIC_VALUE[index] as Uint8Array;
    this.receiver.onField(STATIC_NAME_ID[index] as number, NOTHING, 0, 0, value, 0, value.length, 0);
    return true;
  }

  private literal(bytes: Uint8Array, end: number, first: number): string {
    const indexing = first >= 0x40;
    const prefix = indexing ? 0x3f : 0x0f;
    const index = (first & prefix) === prefix ? this.longInteger(bytes, end, prefix) : first & prefix;
    this.scratchUsed = 0;
    let id = 0;
    let flaws = 0;
    let name: Uint8Array = NOTHING;
    let nameStart = 0;
    let nameEnd = 0;
    if (index === 0) {
      if (!this.readString(bytes, end)) return BAD_STRING;
      id = nameIdOfBytes(this.text, this.textStart, this.textEnd);
      if (id === 0) {
        name = this.text;
        nameStart = this.textStart;
        nameEnd = this.textEnd;
        flaws = nameFlaws(name, nameStart, nameEnd);
      }
    } else if (index > STATIC_COUNT) {
      const age = index - STATIC_COUNT - 1;
      const table = this.table;
      if (age >= table.count) return BAD_INDEX;
      const at = table.at(table.inserted - age);
      id = table.entries[at] as number;
      flaws = (table.entries[at + 5] as number) & ~VALUE_FLAW;
      if (id === 0) {
        // The entry may be evicted, and its bytes moved, by the very insertion that uses its name.
        nameEnd = this.copyToScratch(table.arena, table.entries[at + 1] as number, table.entries[at + 2] as number);
        name = scratch;
      }
    } else if (index > 0) {
      id = STATIC_NAME_ID[index] as number;
    } else {
      return BAD_INTEGER;
    }
    if (!this.readString(bytes, end)) return BAD_STRING;
    flaws |= valueFlaws(this.text, this.textStart, this.textEnd);
    if (indexing) {
      const at = this.table.insert(id, name, nameStart, nameEnd, this.text, this.textStart, this.textEnd);
      if (at >= 0) this.table.entries[at + 5] = flaws;
    }
    this.receiver.onField(id, name, nameStart, nameEnd, this.text, this.textStart, this.textEnd, flaws);
    return "";
  }

  /** Reads a string (RFC 7541 §5.2) at `next` and leaves it in `text`. */
  private readString(bytes: Uint8Array, end: number): boolean {
    if (this.next >= end) return false;
    const first = bytes[this.next++] as number;
    const length = (first & 0x7f) === 0x7f ? this.longInteger(bytes, end, 0x7f) : first & 0x7f;
    const start = this.next;
    if (length < 0 || length > end - start) return false;
    this.next = start + length;
    if (first < 0x80) {
      this.text = bytes;
      this.textStart = start;
      this.textEnd = this.next;
      return true;
    }
    const written = huffmanDecode(bytes, start, this.next, scratch, this.scratchUsed);
    if (written < 0) return false;
    this.text = scratch;
    this.textStart = this.scratchUsed;
    this.textEnd = written;
    this.scratchUsed = written;
    return true;
  }

  private copyToScratch(from: Uint8Array, start: number, length: number): number {
    if (scratch.length < length + SCRATCH_SPARE) growScratch(length);
    scratch.set(from.subarray(start, start + length));
    this.scratchUsed = length;
    return length;
  }

  /** The rest of an integer whose prefix was full (RFC 7541 §5.1); -1 when it is unfinished or greater than 2^28 or so. */
  private longInteger(bytes: Uint8Array, end: number, prefix: number): number {
    let value = prefix;
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.next >= end) return -1;
      const byte = bytes[this.next++] as number;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return -1;
  }
}

const BAD_INDEX = "RFC 7541 §2.3.3";
const BAD_INTEGER = "RFC 7541 §5.1";
const BAD_STRING = "RFC 7541 §5.2";
const BAD_UPDATE = "RFC 7541 §6.3";
const UPDATE_MISSING = "RFC 7541 §4.2";
const VALUE_FLAW = 2;
const NOTHING: Uint8Array = Buffer.alloc(0);

// One per thread: a block is decoded in one go, and nobody keeps a range of it. The spare part takes a name of a table entry.
const SCRATCH_SPARE = 8192;
let scratch: Buffer = Buffer.allocUnsafeSlow(32_768);

function growScratch(bytes: number): void {
  scratch = Buffer.allocUnsafeSlow(huffmanDecodedMax(bytes) + SCRATCH_SPARE + scratch.length);
}
