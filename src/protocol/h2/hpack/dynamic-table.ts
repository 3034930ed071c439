// HPACK's dynamic table (RFC 7541 §2.3.2, §4) as byte ranges in one arena and integers in one ring: no object per entry.
// Owned by one decoder or one encoder. Knows nothing of the wire.
import { KNOWN_NAME_LENGTH } from "./static-table.ts";

/** Integers of an entry: name id, name start, name length, value start, value length, flags, hash, previous entry of the same hash. */
const ENTRY_STRIDE = 8;
/** Bytes an entry costs beyond its name and value (RFC 7541 §4.1). */
const ENTRY_OVERHEAD_BYTES = 32;

/** Entries are numbered from 1 as they are inserted; number `inserted` is the newest, `inserted - count + 1` the oldest alive. */
export class DynamicTable {
  /** Bytes of names and values. Its identity changes when it grows. */
  arena: Buffer = EMPTY;
  /** The ring of entries: the integers of entry `number` start at `at(number)`. */
  entries: Int32Array = EMPTY_ENTRIES;
  /** How many entries were ever inserted. */
  inserted: number = 0;
  /** Entries alive. */
  count: number = 0;
  /** Sum of names, values and 32 bytes each. */
  sizeBytes: number = 0;
  /** Sizes above this evict. */
  sizeBytesMax: number;
  private arenaUsed = 0;
  private ringMask = 0;

  constructor(sizeBytesMax: number) {
    this.sizeBytesMax = sizeBytesMax;
  }

  /** Where the integers of an entry that is alive start in `entries`. */
  at(number: number): number {
    return (number & this.ringMask) * ENTRY_STRIDE;
  }

  /** Changes the greatest size, evicting what no longer fits. */
  resize(sizeBytesMax: number): void {
    this.sizeBytesMax = sizeBytesMax;
    while (this.sizeBytes > sizeBytesMax) this.evictOldest();
  }

  /**
   * Inserts a copy of the field as the newest entry, evicting as needed; a field greater than the table empties it (RFC 7541 §4.4).
   * Neither name nor value may lie in `arena`. Answers where the entry's integers start, -1 when it did not fit.
   */
  insert(
    id: number,
    name: Uint8Array,
    nameStart: number,
    nameEnd: number,
    value: Uint8Array,
    start: number,
    end: number,
  ): number {
    const nameLength = id !== 0 ? (KNOWN_NAME_LENGTH[id] as number) : nameEnd - nameStart;
    const size = nameLength + end - start + ENTRY_OVERHEAD_BYTES;
    while (this.count > 0 && this.sizeBytes + size > this.sizeBytesMax) this.evictOldest();
    if (size > this.sizeBytesMax) return -1;
    if (this.count > this.ringMask || this.entries.length === 0) this.growRing();
    this.inserted++;
    this.count++;
    this.sizeBytes += size;
    const stored = (id !== 0 ? 0 : nameLength) + end - start;
    if (this.arenaUsed + stored > this.arena.length) this.makeRoom(stored);
    const at = this.at(this.inserted);
    const entries = this.entries;
    entries[at] = id;
    entries[at + 1] = this.arenaUsed;
    entries[at + 2] = nameLength;
    if (id === 0) this.copyIn(name, nameStart, nameEnd);
    entries[at + 3] = this.arenaUsed;
    entries[at + 4] = end - start;
    this.copyIn(value, start, end);
    return at;
  }

  private evictOldest(): void {
    const at = this.at(this.inserted - this.count + 1);
    this.sizeBytes -= (this.entries[at + 2] as number) + (this.entries[at + 4] as number) + ENTRY_OVERHEAD_BYTES;
    this.count--;
    if (this.count === 0) this.arenaUsed = 0;
  }

  private copyIn(from: Uint8Array, start: number, end: number): void {
    const arena = this.arena;
    let at = this.arenaUsed;
    this.arenaUsed = at + end - start;
    if (end - start > 64) {
      arena.set(from.subarray(start, end), at);
      return;
    }
    for (let i = start; i < end; i++) arena[at++] = from[i] as number;
  }

  /** Slides the live bytes to the front, in a greater arena when they fill more than half of it: each byte moves at most once a table. */
  private makeRoom(more: number): void {
    const oldest =
      this.count > 1 ? (this.entries[this.at(this.inserted - this.count + 1) + 1] as number) : this.arenaUsed;
    const live = this.arenaUsed - oldest;
    let size = Math.max(this.arena.length, ARENA_AT_START);
    while (live + more > size / 2 && size < this.sizeBytesMax * 2) size *= 2;
    while (live + more > size) size *= 2;
    const arena = size === this.arena.length ? this.arena : Buffer.allocUnsafeSlow(size);
    if (arena === this.arena) arena.copyWithin(0, oldest, this.arenaUsed);
    else arena.set(this.arena.subarray(oldest, this.arenaUsed));
    this.arena = arena;
    this.arenaUsed = live;
    for (let number = this.inserted - this.count + 1; number < this.inserted; number++) {
      const at = this.at(number);
      this.entries[at + 1] = (this.entries[at + 1] as number) - oldest;
      this.entries[at + 3] = (this.entries[at + 3] as number) - oldest;
    }
  }

  private growRing(): void {
    const old = this.entries;
    const oldMask = this.ringMask;
    const length = Math.max(RING_AT_START, (oldMask + 1) * 2);
    const grown = new Int32Array(length * ENTRY_STRIDE);
    for (let number = this.inserted - this.count + 1; number <= this.inserted; number++) {
      const from = (number & oldMask) * ENTRY_STRIDE;
      grown.set(old.subarray(from, from + ENTRY_STRIDE), (number & (length - 1)) * ENTRY_STRIDE);
    }
    this.entries = grown;
    this.ringMask = length - 1;
  }
}

const EMPTY = Buffer.alloc(0);
const EMPTY_ENTRIES = new Int32Array(0);
const ARENA_AT_START = 512;
const RING_AT_START = 16;
