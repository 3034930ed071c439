// HPACK encoding (RFC 7541): fields to bytes, indexing what repeats. One per connection, owned by it; the caller has reserved room.
// A field enters the table when it is seen the second time, so request ids and dates do not push out what is worth keeping.
import { H, KNOWN_NAME_BYTES, KNOWN_NAME_COUNT } from "../../header-names.ts";
import { DynamicTable } from "./dynamic-table.ts";
import { huffmanEncode, huffmanLength } from "./huffman.ts";
import { STATIC_COUNT, STATIC_INDEX_OF_NAME, STATIC_VALUE, STATIC_VALUES_OF_NAME } from "./static-table.ts";

/** Bytes a field may take beyond its name and value: two lengths and an index of up to five bytes each. */
export const FIELD_WIRE_OVERHEAD_MAX = 15;
/** Bytes that table size updates may take at the start of a block. */
export const BLOCK_WIRE_OVERHEAD_MAX = 12;

/** Encodes the blocks of one direction of one connection. `begin`, then fields, then `end` is where the block ends in `to`. */
export class HpackEncoder {
  /** Where the next byte goes in the buffer of the block. */
  end: number = 0;
  private to: Uint8Array = NOTHING;
  private readonly table: DynamicTable;
  private readonly tableBytesWanted: number;
  private dice = 1;
  private updateLeast = -1;
  private update = -1;
  /** Newest entry of each known name, then of each unknown name by the low bits of its hash. */
  private readonly newestOfName: Int32Array = new Int32Array(KNOWN_NAME_COUNT + NAME_SLOTS);
  private readonly newestOfHash: Int32Array = new Int32Array(HASH_SLOTS);
  /** Hashes of names and fields seen lately but not in the table. */
  private readonly seen: Int32Array = new Int32Array(SEEN_SLOTS);

  /** `tableBytesMax`: most memory spent on the table, whatever the peer allows. */
  constructor(tableBytesMax: number) {
    this.tableBytesWanted = tableBytesMax;
    this.table = new DynamicTable(Math.min(PEER_TABLE_BYTES_INITIAL, tableBytesMax));
    if (tableBytesMax < PEER_TABLE_BYTES_INITIAL) this.noteUpdate(tableBytesMax);
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE: the next block starts with a size update when that changes our table (RFC 7541 §4.2). */
  allow(tableBytesMax: number): void {
    const size = Math.min(tableBytesMax, this.tableBytesWanted);
    if (size === this.table.sizeBytesMax) return;
    this.table.resize(size);
    this.noteUpdate(size);
  }

  /** Starts a block at `at` of `to`. */
  begin(to: Uint8Array, at: number): void {
    this.to = to;
    this.end = at;
    if (this.update < 0) return;
    if (this.updateLeast < this.update) this.integer(0x20, 0x1f, this.updateLeast);
    this.integer(0x20, 0x1f, this.update);
    this.update = -1;
    this.updateLeast = -1;
  }

  /** Response code. */
  status(code: number): void {
    const index = STATIC_OF_STATUS[code] ?? 0;
    if (index !== 0) {
      this.to[this.end++] = 0x80 | index;
      return;
    }
    STATUS_TEXT[0] = 0x30 + Math.floor(code / 100);
    STATUS_TEXT[1] = 0x30 + (Math.floor(code / 10) % 10);
    STATUS_TEXT[2] = 0x30 + (code % 10);
    this.field(H.PSEUDO_STATUS, NOTHING, 0, 0, STATUS_TEXT, 0, 3);
  }

  /** A field that may be indexed. `name[nameStart, nameEnd)` counts only when `id` is 0. */
  field(
    id: number,
    name: Uint8Array,
    nameStart: number,
    nameEnd: number,
    value: Uint8Array,
    start: number,
    end: number,
  ): void {
    const table = this.table;
    const staticName = id === 0 ? 0 : (STATIC_INDEX_OF_NAME[id] as number);
    if (staticName !== 0 && STATIC_VALUES_OF_NAME[id] !== 0) {
      const full = staticHit(id, staticName, value, start, end);
      if (full !== 0) {
        this.to[this.end++] = 0x80 | full;
        return;
      }
    }
    const nameHash = id !== 0 ? Math.imul(id, 0x9e3779b1) : hashOf(0x2f0b4a27, name, nameStart, nameEnd);
    const nameSlot = id !== 0 ? id : KNOWN_NAME_COUNT + (nameHash & (NAME_SLOTS - 1));
    const oldest = table.inserted - table.count;
    let number = this.newestOfName[nameSlot] as number;
    let nameIndex = staticName;
    const nameSlotFree = number <= oldest;
    if (!nameSlotFree && (id !== 0 || this.sameName(number, name, nameStart, nameEnd))) {
      if (this.sameValue(number, value, start, end)) {
        this.integer(0x80, 0x7f, STATIC_COUNT + 1 + table.inserted - number);
        return;
      }
      if (nameIndex === 0) nameIndex = STATIC_COUNT + 1 + table.inserted - number;
    }
    const hash = hashOf(nameHash, value, start, end);
    number = this.newestOfHash[hash & (HASH_SLOTS - 1)] as number;
    while (number > oldest) {
      const at = table.at(number);
      if (
        table.entries[at + 6] === hash &&
        table.entries[at] === id &&
        this.sameValue(number, value, start, end) &&
        (id !== 0 || this.sameName(number, name, nameStart, nameEnd))
      ) {
        this.integer(0x80, 0x7f, STATIC_COUNT + 1 + table.inserted - number);
        return;
      }
      number = table.entries[at + 7] as number;
    }
    const worth = this.wasSeen(hash) || (nameIndex === 0 && nameSlotFree && this.wasSeen(nameHash ^ NAME_ONLY));
    if (worth && table.inserted < INSERTED_MAX) {
      this.literal(0x40, 0x3f, nameIndex, id, name, nameStart, nameEnd);
      this.codedString(value, start, end);
      this.insert(id, name, nameStart, nameEnd, value, start, end, nameSlot, hash);
      return;
    }
    this.literal(0x00, 0x0f, nameIndex, id, name, nameStart, nameEnd);
    this.plainString(value, start, end);
  }

  /** A field that no table on the way may ever hold (RFC 7541 §7.1.3). */
  sensitive(id: number, value: Uint8Array, start: number, end: number): void {
    this.literal(0x10, 0x0f, STATIC_INDEX_OF_NAME[id] as number, id, NOTHING, 0, 0);
    this.codedString(value, start, end);
  }

  private insert(
    id: number,
    name: Uint8Array,
    nameStart: number,
    nameEnd: number,
    value: Uint8Array,
    start: number,
    end: number,
    nameSlot: number,
    hash: number,
  ): void {
    const table = this.table;
    const at = table.insert(id, name, nameStart, nameEnd, value, start, end);
    if (at < 0) return;
    const bucket = hash & (HASH_SLOTS - 1);
    table.entries[at + 6] = hash;
    table.entries[at + 7] = this.newestOfHash[bucket] as number;
    this.newestOfHash[bucket] = table.inserted;
    this.newestOfName[nameSlot] = table.inserted;
  }

  private literal(
    pattern: number,
    prefix: number,
    nameIndex: number,
    id: number,
    name: Uint8Array,
    nameStart: number,
    nameEnd: number,
  ): void {
    this.integer(pattern, prefix, nameIndex);
    if (nameIndex !== 0) return;
    if (id === 0) {
      this.codedString(name, nameStart, nameEnd);
      return;
    }
    const known = KNOWN_NAME_BYTES[id] as Uint8Array;
    this.codedString(known, 0, known.length);
  }

  private codedString(bytes: Uint8Array, start: number, end: number): void {
    const length = huffmanLength(bytes, start, end);
    if (length >= end - start) {
      this.plainString(bytes, start, end);
      return;
    }
    this.integer(0x80, 0x7f, length);
    this.end = huffmanEncode(bytes, start, end, this.to, this.end);
  }

  private plainString(bytes: Uint8Array, start: number, end: number): void {
    this.integer(0x00, 0x7f, end - start);
    const to = this.to;
    let at = this.end;
    this.end = at + end - start;
    if (end - start > 64) to.set(bytes.subarray(start, end), at);
    else for (let i = start; i < end; i++) to[at++] = bytes[i] as number;
  }

  private integer(pattern: number, prefix: number, value: number): void {
    const to = this.to;
    if (value < prefix) {
      to[this.end++] = pattern | value;
      return;
    }
    to[this.end++] = pattern | prefix;
    let rest = value - prefix;
    while (rest >= 0x80) {
      to[this.end++] = 0x80 | (rest & 0x7f);
      rest >>>= 7;
    }
    to[this.end++] = rest;
  }

  private sameValue(number: number, value: Uint8Array, start: number, end: number): boolean {
    const table = this.table;
    const at = table.at(number);
    if (table.entries[at + 4] !== end - start) return false;
    return sameBytes(table.arena, table.entries[at + 3] as number, value, start, end);
  }

  private sameName(number: number, name: Uint8Array, start: number, end: number): boolean {
    const table = this.table;
    const at = table.at(number);
    if (table.entries[at] !== 0 || table.entries[at + 2] !== end - start) return false;
    return sameBytes(table.arena, table.entries[at + 1] as number, name, start, end);
  }

  /** Each hash may lie in two places, of which dice choose: two fields that share one would else push each other out for ever. */
  private wasSeen(hash: number): boolean {
    const seen = this.seen;
    const first = hash & (SEEN_SLOTS - 1);
    const second = (hash >>> 8) & (SEEN_SLOTS - 1);
    if (seen[first] === hash || seen[second] === hash) return true;
    this.dice = (Math.imul(this.dice, 0x41c64e6d) + 12_345) | 0;
    seen[this.dice < 0 ? first : second] = hash;
    return false;
  }

  private noteUpdate(size: number): void {
    this.updateLeast = this.update < 0 ? size : Math.min(this.updateLeast, size);
    this.update = size;
  }
}

function staticHit(id: number, first: number, value: Uint8Array, start: number, end: number): number {
  const last = first + (STATIC_VALUES_OF_NAME[id] as number);
  for (let index = first; index < last; index++) {
    const candidate = STATIC_VALUE[index] as Buffer;
    if (candidate.length === end - start && sameBytes(candidate, 0, value, start, end)) return index;
  }
  return 0;
}

function sameBytes(a: Uint8Array, at: number, b: Uint8Array, start: number, end: number): boolean {
  let k = at;
  for (let i = start; i < end; i++) if (a[k++] !== b[i]) return false;
  return true;
}

function hashOf(seed: number, bytes: Uint8Array, start: number, end: number): number {
  let hash = seed ^ (end - start);
  // The ends of a long value tell it apart well enough: what is found is compared byte by byte.
  if (end - start <= 64) {
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  } else {
    for (let i = start; i < start + 32; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
    for (let i = end - 32; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  }
  return hash ^ (hash >>> 15);
}

const NOTHING: Uint8Array = Buffer.alloc(0);
const PEER_TABLE_BYTES_INITIAL = 4096;
const NAME_SLOTS = 64;
const HASH_SLOTS = 128;
const SEEN_SLOTS = 128;
/** Keeps the hash of a name apart from that of a field with an empty value. */
const NAME_ONLY = 0x55aa55aa;
/** Entry numbers are 32-bit: a connection that ever gets here goes on without new entries. */
const INSERTED_MAX = 0x7fff_0000;
const STATUS_TEXT: Buffer = Buffer.alloc(3);
const STATIC_OF_STATUS: Readonly<Record<number, number>> = {
  200: 8,
  204: 9,
  206: 10,
  304: 11,
  400: 12,
  404: 13,
  500: 14,
};
