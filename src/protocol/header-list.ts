// One message head (or its trailers) as bytes in an arena with an index of integers: no string exists until somebody asks for one.
// Both codecs fill and read it; filters and the router change it. Order is wire order. Never shared between two messages at a time.
import { viewOf } from "../base/byte-writer.ts";
import { giveArena, takeArena } from "./header-arena.ts";
import { KNOWN_NAME_BYTES, KNOWN_NAME_TEXT, nameIdOfBytes, nameIdOfText } from "./header-names.ts";

// A field is five integers: name id (0: name bytes in the arena), name start, name length, value start, value length.
const STRIDE = 5;
const FIELDS_AT_START = 32;
const ARENA_AT_START = 2048;
/** An arena that grew beyond this is not kept by the free list. */
const ARENA_KEPT_MAX = 16_384;
const FIELDS_KEPT_MAX = STRIDE * 128;
/** Bytes a field costs beyond its name and value when limits are counted (RFC 9113 §6.5.2). */
export const FIELD_OVERHEAD_BYTES = 32;

/**
 * Header fields of one message in wire order, pseudo-headers included (a request has `:method`, `:scheme`, `:authority`, `:path`
 * whichever protocol it came by; HTTP/1's `host` is `:authority`). A response keeps its code in `status`, not as a field.
 * Names are lower case. Values are bytes without surrounding white space; texts are latin1 of them.
 */
export class HeaderList {
  /** Response code, 0 for a request or trailers. */
  status: number = 0;
  /** Number of fields. */
  count: number = 0;
  /** Names and values; append only through the methods. */
  bytes: Buffer = Buffer.allocUnsafeSlow(ARENA_AT_START);
  /** The same memory, for who reads it in words. */
  view: DataView = viewOf(this.bytes);
  /** Bytes of the arena in use. A parser that writes names and values there itself starts here, reserves, and records with `addAt`. */
  used: number = 0;
  /** What it comes back to. */
  private readonly small: Buffer = this.bytes;
  private readonly smallView: DataView = this.view;
  private fields: Int32Array = new Int32Array(STRIDE * FIELDS_AT_START);

  /** Empties the list for its next message. */
  reset(): void {
    this.status = 0;
    this.count = 0;
    this.used = 0;
    if (this.bytes.length > ARENA_KEPT_MAX) {
      giveArena(this.bytes);
      this.bytes = this.small;
      this.view = this.smallView;
      if (this.fields.length > FIELDS_KEPT_MAX) this.fields = new Int32Array(STRIDE * FIELDS_AT_START);
    }
  }

  /** Adds a field whose name has an id, copying the value. */
  addKnown(id: number, value: Uint8Array, start: number, end: number): void {
    this.pushField(id, 0, 0, end - start);
    this.copyIn(value, start, end);
  }

  /** Adds a field, copying a lower-case name of which the caller knows that it has no id, and its value. */
  addUnknown(
    name: Uint8Array,
    nameStart: number,
    nameEnd: number,
    value: Uint8Array,
    start: number,
    end: number,
  ): void {
    const at = this.used;
    this.copyIn(name, nameStart, nameEnd);
    this.pushField(0, at, nameEnd - nameStart, end - start);
    this.copyIn(value, start, end);
  }

  /** Adds a field, copying a lower-case name and its value; the name's id is looked up. */
  addBytes(name: Uint8Array, nameStart: number, nameEnd: number, value: Uint8Array, start: number, end: number): void {
    const id = nameIdOfBytes(name, nameStart, nameEnd);
    if (id !== 0) {
      this.addKnown(id, value, start, end);
      return;
    }
    this.addUnknown(name, nameStart, nameEnd, value, start, end);
  }

  /** Adds a field whose lower-case name (when `id` is 0) and value a parser wrote into `bytes` already; the caller advances `used`. */
  addAt(id: number, nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    this.pushField(id, nameStart, nameEnd - nameStart, valueEnd - valueStart);
    this.fields[(this.count - 1) * STRIDE + 3] = valueStart;
  }

  /** Lets the value of field `i` be the bytes `[start, end)` that a parser wrote into `bytes`. */
  placeValueAt(i: number, start: number, end: number): void {
    this.fields[i * STRIDE + 3] = start;
    this.fields[i * STRIDE + 4] = end - start;
  }

  /** Makes room for `more` bytes after `used`; `bytes` may change its identity. */
  reserve(more: number): void {
    let size = this.bytes.length;
    while (size < this.used + more) size *= 2;
    if (size === this.bytes.length) return;
    const grown = takeArena(size);
    this.bytes.copy(grown, 0, 0, this.used);
    this.bytes = grown;
    this.view = viewOf(grown);
  }

  /** Adds a field from texts. `name` must be lower case. */
  add(name: string, value: string): void {
    const id = nameIdOfText(name);
    if (id !== 0) {
      this.addText(id, value);
      return;
    }
    const at = this.used;
    const nameLength = this.textIn(name);
    const valueAt = this.used;
    this.pushField(0, at, nameLength, this.textIn(value));
    this.fields[(this.count - 1) * STRIDE + 3] = valueAt;
  }

  /** Adds a field whose name has an id, from a text. */
  addText(id: number, value: string): void {
    const valueAt = this.used;
    const length = this.textIn(value);
    this.pushField(id, 0, 0, length);
    this.fields[(this.count - 1) * STRIDE + 3] = valueAt;
  }

  /** Gives the first field of this id a new value in place, or appends one; later fields of the same id are removed. */
  setText(id: number, value: string): void {
    const at = this.find(id);
    if (at < 0) {
      this.addText(id, value);
      return;
    }
    this.replaceValueAt(at, value);
    for (let i = this.count - 1; i > at; i--) if (this.fields[i * STRIDE] === id) this.removeAt(i);
  }

  /** `setText` by name; `name` must be lower case. */
  set(name: string, value: string): void {
    const at = this.findName(name);
    if (at < 0) {
      this.add(name, value);
      return;
    }
    this.replaceValueAt(at, value);
    for (let i = this.count - 1; i > at; i--) if (this.nameIs(i, name)) this.removeAt(i);
  }

  /** Replaces one byte of field `i`'s value, in place: bytes of values belong to one field each. */
  setValueByte(i: number, offset: number, byte: number): void {
    this.bytes[this.valueStart(i) + offset] = byte;
  }

  /** Replaces the value of field `i`. */
  replaceValueAt(i: number, value: string): void {
    const at = this.used;
    const length = this.textIn(value);
    this.fields[i * STRIDE + 3] = at;
    this.fields[i * STRIDE + 4] = length;
  }

  /** Removes field `i`, keeping the order of the others. */
  removeAt(i: number): void {
    this.fields.copyWithin(i * STRIDE, (i + 1) * STRIDE, this.count * STRIDE);
    this.count--;
  }

  /** Removes every field with this id; says whether there was one. */
  remove(id: number): boolean {
    const before = this.count;
    for (let i = this.count - 1; i >= 0; i--) if (this.fields[i * STRIDE] === id) this.removeAt(i);
    return this.count !== before;
  }

  /** Removes every field with this lower-case name; says whether there was one. */
  removeName(name: string): boolean {
    const before = this.count;
    for (let i = this.count - 1; i >= 0; i--) if (this.nameIs(i, name)) this.removeAt(i);
    return this.count !== before;
  }

  /** Index of the first field with this id, -1 when there is none. */
  find(id: number): number {
    const fields = this.fields;
    for (let at = 0, end = this.count * STRIDE; at < end; at += STRIDE) if (fields[at] === id) return at / STRIDE;
    return -1;
  }

  /** Index of the first field with this lower-case name at or after `from`, -1 when there is none. */
  findName(name: string, from: number = 0): number {
    for (let i = from; i < this.count; i++) if (this.nameIs(i, name)) return i;
    return -1;
  }

  /** Whether a field with this id exists. */
  has(id: number): boolean {
    return this.find(id) >= 0;
  }

  /** Text of the first field with this id, undefined when there is none. */
  value(id: number): string | undefined {
    const at = this.find(id);
    return at < 0 ? undefined : this.valueText(at);
  }

  /** Text of the fields with this lower-case name joined by ",", undefined when there is none (RFC 9110 §5.3). */
  valueByName(name: string): string | undefined {
    let at = this.findName(name);
    if (at < 0) return undefined;
    let text = this.valueText(at);
    for (at = this.findName(name, at + 1); at >= 0; at = this.findName(name, at + 1)) text += `,${this.valueText(at)}`;
    return text;
  }

  /** Name id of field `i`; 0 when the name has none. */
  idAt(i: number): number {
    return this.fields[i * STRIDE] as number;
  }

  /** Where the name of field `i` starts in `bytes`; only for a name without an id. */
  nameStart(i: number): number {
    return this.fields[i * STRIDE + 1] as number;
  }

  /** Where the name of field `i` ends in `bytes`; only for a name without an id. */
  nameEnd(i: number): number {
    const at = i * STRIDE;
    return (this.fields[at + 1] as number) + (this.fields[at + 2] as number);
  }

  /** Where the value of field `i` starts in `bytes`. */
  valueStart(i: number): number {
    return this.fields[i * STRIDE + 3] as number;
  }

  /** Where the value of field `i` ends in `bytes`. */
  valueEnd(i: number): number {
    const at = i * STRIDE;
    return (this.fields[at + 3] as number) + (this.fields[at + 4] as number);
  }

  /** Name of field `i`. */
  nameText(i: number): string {
    const id = this.idAt(i);
    return id !== 0 ? (KNOWN_NAME_TEXT[id] as string) : this.bytes.latin1Slice(this.nameStart(i), this.nameEnd(i));
  }

  /** Value of field `i` as latin1. */
  valueText(i: number): string {
    const start = this.valueStart(i);
    const end = this.valueEnd(i);
    return end === start ? "" : this.bytes.latin1Slice(start, end);
  }

  /** Whether field `i` has exactly this value; `value` is latin1 bytes. */
  valueIs(i: number, value: Uint8Array): boolean {
    const start = this.valueStart(i);
    if (this.valueEnd(i) - start !== value.length) return false;
    const bytes = this.bytes;
    for (let k = 0; k < value.length; k++) if (bytes[start + k] !== value[k]) return false;
    return true;
  }

  /** Whether field `i` has this lower-case name. */
  nameIs(i: number, name: string): boolean {
    const id = this.idAt(i);
    if (id !== 0) return KNOWN_NAME_TEXT[id] === name;
    const start = this.nameStart(i);
    if (this.nameEnd(i) - start !== name.length) return false;
    const bytes = this.bytes;
    for (let k = 0; k < name.length; k++) if (bytes[start + k] !== name.charCodeAt(k)) return false;
    return true;
  }

  /** Names and values in bytes, 32 a field on top, as limits count them. */
  sizeBytes(): number {
    let size = this.count * FIELD_OVERHEAD_BYTES;
    for (let i = 0; i < this.count; i++) {
      const id = this.idAt(i);
      const nameLength = id !== 0 ? (KNOWN_NAME_BYTES[id] as Uint8Array).length : this.nameEnd(i) - this.nameStart(i);
      size += nameLength + this.valueEnd(i) - this.valueStart(i);
    }
    return size;
  }

  /** Makes this list equal to `other`, sharing nothing with it. */
  copyFrom(other: HeaderList): void {
    this.reset();
    this.status = other.status;
    this.reserve(other.used);
    other.bytes.copy(this.bytes, 0, 0, other.used);
    this.used = other.used;
    if (this.fields.length < other.count * STRIDE) this.fields = new Int32Array(other.fields.length);
    this.fields.set(other.fields.subarray(0, other.count * STRIDE));
    this.count = other.count;
  }

  /** Every field as [name, value]: for tests, logs and admin pages, not for the path. */
  entries(): [string, string][] {
    return Array.from({ length: this.count }, (_, i) => [this.nameText(i), this.valueText(i)]);
  }

  private pushField(id: number, nameStart: number, nameLength: number, valueLength: number): void {
    const at = this.count * STRIDE;
    if (at === this.fields.length) {
      const grown = new Int32Array(this.fields.length * 2);
      grown.set(this.fields);
      this.fields = grown;
    }
    const fields = this.fields;
    fields[at] = id;
    fields[at + 1] = nameStart;
    fields[at + 2] = nameLength;
    fields[at + 3] = this.used;
    fields[at + 4] = valueLength;
    this.count++;
  }

  private copyIn(from: Uint8Array, start: number, end: number): void {
    const length = end - start;
    let at = this.used;
    if (at + length > this.bytes.length) this.reserve(length);
    const bytes = this.bytes;
    this.used = at + length;
    if (length > 64) {
      bytes.set(from.subarray(start, end), at);
      return;
    }
    for (let i = start; i < end; i++) bytes[at++] = from[i] as number;
  }

  private textIn(text: string): number {
    const length = text.length;
    if (this.used + length * 3 > this.bytes.length) this.reserve(length * 3);
    const bytes = this.bytes;
    const at = this.used;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0xff) {
        const written = bytes.write(text, at, "utf8");
        this.used = at + written;
        return written;
      }
      bytes[at + i] = code;
    }
    this.used = at + length;
    return length;
  }
}

const free: HeaderList[] = [];
const FREE_MAX = 1024;

/** An empty list from this thread's free list. Its holder passes it on or gives it back with `releaseHeaderList`. */
export function acquireHeaderList(): HeaderList {
  return free.pop() ?? new HeaderList();
}

/** Gives a list back; nobody may touch it afterwards. */
export function releaseHeaderList(list: HeaderList): void {
  list.reset();
  if (free.length < FREE_MAX) free.push(list);
}
