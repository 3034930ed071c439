// Reads one head (or a trailer section) byte by byte straight into a HeaderList's arena: names lower-cased, values trimmed, no string.
// It stops and continues at any byte, so nothing is buffered and nothing is read twice. Strict: RFC 9112's grammar with CRLF only.

import type { ProtocolFault } from "../fault.ts";
import { acquireHeaderList, FIELD_OVERHEAD_BYTES, type HeaderList, releaseHeaderList } from "../header-list.ts";
import { nameIdOfBytes } from "../header-names.ts";
import { COLON, CR, DEL, HTAB, LF, SP, TOKEN_LOWER } from "./bytes.ts";
import { type Http1Counters, newHttp1Counters } from "./counters.ts";
import * as Faults from "./faults.ts";
import { HeadFacts, type HeadRole } from "./head-facts.ts";
import { ARENA_STEP_BYTES } from "./limits.ts";
import type { Http1Options } from "./options.ts";
import { StartLineReader } from "./start-line.ts";

/** Parser of the heads of one connection, one after the other. */
export class HeadParser {
  /** What is known of the head that is being read or was read last. */
  readonly facts: HeadFacts;
  /** The head is complete: `take` it. */
  done: boolean = false;
  /** Why reading stopped for good; the head is lost. */
  fault: ProtocolFault | null = null;
  private readonly options: Http1Options;
  private readonly counters: Http1Counters;
  /** Names are looked into: what a client sends, as Envoy; what an upstream sends never. */
  private readonly judgesNames: boolean;
  private readonly bytesMax: number;
  private readonly startLine: StartLineReader | null;
  private list: HeaderList | null = null;
  private state: number = State.Name;
  /** Bytes that may still come before the head is too large. */
  private left = 0;
  private fieldsRead = 0;
  private inStartLine = false;
  private nameStart = 0;
  private nameId = 0;
  /** Where the name of a field without an id ends; its value follows there. */
  private valueStart = 0;

  /** `counters`: the connection's. */
  constructor(role: HeadRole, options: Http1Options, counters: Http1Counters = newHttp1Counters()) {
    this.facts = new HeadFacts(role);
    this.options = options;
    this.counters = counters;
    this.judgesNames = role !== "response" && options.underscores !== "allow";
    this.bytesMax = role === "trailers" ? options.trailersBytesMax : options.headersBytesMax;
    this.startLine = role === "trailers" ? null : new StartLineReader(this.facts, options);
  }

  /** Whether a head has begun and is not complete. */
  get started(): boolean {
    return this.list !== null && !this.done;
  }

  /** Hands over the complete head and makes ready for the next one; `facts` stay until its first byte. */
  take(): HeaderList {
    const list = this.list as HeaderList;
    this.list = null;
    this.done = false;
    return list;
  }

  /** Gives up the head that is being read. */
  drop(): void {
    if (this.list !== null) releaseHeaderList(this.list);
    this.list = null;
    this.done = false;
  }

  /** Reads on; answers the position after the last byte that belongs to the head. Stops at `done` or `fault`. */
  feed(bytes: Uint8Array, start: number, end: number): number {
    const list = this.list ?? this.begin();
    let pos = start;
    while (pos < end && !this.done && this.fault === null) {
      if (this.left <= 0) {
        this.fault = this.startLine === null ? Faults.TRAILERS_TOO_LARGE : Faults.HEADERS_TOO_LARGE;
        break;
      }
      if (list.bytes.length - list.used < ARENA_ROOM_BYTES_MIN) list.reserve(ARENA_STEP_BYTES);
      const room = Math.min(list.bytes.length - list.used, this.left);
      const limit = end - pos < room ? end : pos + room;
      const next = this.inStartLine ? this.firstLine(list, bytes, pos, limit) : this.fields(list, bytes, pos, limit);
      this.left -= next - pos;
      pos = next;
    }
    if (this.fault !== null) this.drop();
    return pos;
  }

  private begin(): HeaderList {
    const list = acquireHeaderList();
    this.list = list;
    this.left = this.bytesMax;
    this.fieldsRead = 0;
    this.state = State.Name;
    this.nameStart = list.used;
    this.facts.reset();
    this.startLine?.reset();
    this.inStartLine = this.startLine !== null;
    return list;
  }

  private firstLine(list: HeaderList, bytes: Uint8Array, pos: number, limit: number): number {
    const line = this.startLine as StartLineReader;
    const next = line.feed(list, bytes, pos, limit);
    this.inStartLine = !line.done;
    this.fault = line.fault;
    this.nameStart = list.used;
    return next;
  }

  // One loop over field lines with everything in locals: this is the hottest code of the room. It leaves at `limit` in any state.
  private fields(list: HeaderList, bytes: Uint8Array, start: number, limit: number): number {
    const arena = list.bytes;
    const lowerOf = TOKEN_LOWER;
    let at = list.used;
    let pos = start;
    let state = this.state;
    let nameStart = this.nameStart;
    let byte = 0;
    while (pos < limit) {
      if (state === State.Name) {
        for (; pos < limit; pos++) {
          byte = bytes[pos] as number;
          const lower = lowerOf[byte] as number;
          if (lower === 0) break;
          arena[at++] = lower;
        }
        if (pos === limit) break;
        if (at === nameStart) {
          if (byte !== CR) return this.fail(BAD_FIELD, pos);
          state = State.EndLf;
          pos++;
          continue;
        }
        if (byte !== COLON) return this.fail(BAD_FIELD, pos);
        pos++;
        this.nameId = nameIdOfBytes(arena, nameStart, at);
        // The name of a known field is not kept: its value overwrites it.
        if (this.nameId !== 0) at = nameStart;
        this.valueStart = at;
        state = State.Space;
      } else if (state === State.Space) {
        byte = bytes[pos] as number;
        if (byte === SP || byte === HTAB) pos++;
        else state = State.Value;
      } else if (state === State.Value) {
        for (; pos < limit; pos++) {
          byte = bytes[pos] as number;
          // FIELD_VALUE without a look into the table.
          if (byte < SP ? byte !== HTAB : byte === DEL) break;
          arena[at++] = byte;
        }
        if (pos === limit) break;
        if (byte !== CR) return this.fail(byte === LF ? BAD_FIELD : Faults.INVALID_CHARACTERS, pos);
        pos++;
        state = State.Lf;
      } else {
        if (bytes[pos] !== LF) return this.fail(BAD_FIELD, pos);
        pos++;
        if (state === State.EndLf) {
          this.finish(list);
          return pos;
        }
        list.used = at;
        if (!this.endField(list)) return pos;
        nameStart = list.used;
        this.nameStart = nameStart;
        state = State.Name;
        this.left -= FIELD_OVERHEAD_BYTES;
        // The limit of this run no longer holds: the budget shrank below it, or the arena was used for more than the field.
        if (this.left < limit - start || list.used > at) {
          this.state = state;
          return pos;
        }
        at = list.used;
      }
    }
    this.state = state;
    list.used = at;
    return pos;
  }

  /** Takes the field whose value ends at `list.used`; false on a fault. */
  private endField(list: HeaderList): boolean {
    if (++this.fieldsRead > this.options.headersCountMax) return this.refuse(Faults.TOO_MANY_HEADERS);
    const arena = list.bytes;
    const start = this.valueStart;
    let end = list.used;
    while (end > start && (arena[end - 1] === SP || arena[end - 1] === HTAB)) end--;
    const id = this.nameId;
    if (id !== 0) {
      const wrong = this.facts.take(list, id, start, end);
      return wrong === null || this.refuse(wrong);
    }
    if (this.judgesNames && arena.subarray(this.nameStart, start).includes(UNDERSCORE)) {
      list.used = this.nameStart;
      return this.dropOrRefuse();
    }
    list.addAt(0, this.nameStart, start, start, end);
    return true;
  }

  private dropOrRefuse(): boolean {
    if (this.options.underscores === "drop") {
      this.counters.dropped_headers_with_underscores++;
      return true;
    }
    this.counters.requests_rejected_with_underscores_in_headers++;
    return this.refuse(Faults.UNDERSCORE);
  }

  private finish(list: HeaderList): void {
    const wrong = this.facts.finish(list, this.options.defaultHostForHttp10);
    if (wrong === null) this.done = true;
    else this.fault = wrong;
  }

  private refuse(fault: ProtocolFault): false {
    this.fault = fault;
    return false;
  }

  private fail(fault: ProtocolFault, pos: number): number {
    this.fault = fault;
    return pos;
  }
}

const State = { Name: 0, Space: 1, Value: 2, Lf: 3, EndLf: 4 } as const;
/** Below this much room in the arena it grows before reading on. */
const ARENA_ROOM_BYTES_MIN = 256;
const BAD_FIELD = Faults.malformed("RFC 9112 §5");
const UNDERSCORE = 0x5f;
