// Reads the first line of a request or a response, resumable at any byte; fills pseudo fields, status and version. Part of head-parser.

import type { ProtocolFault } from "../fault.ts";
import type { HeaderList } from "../header-list.ts";
import { CR, FIELD_VALUE, LF, SLASH, SP, TARGET, TOKEN_LOWER } from "./bytes.ts";
import * as Faults from "./faults.ts";
import type { HeadFacts } from "./head-facts.ts";
import type { Http1Options } from "./options.ts";
import { Method, methodOf, placeTarget } from "./request-target.ts";

/** Reader of one start line after the other; `reset` before each. */
export class StartLineReader {
  /** The line and its CRLF are read. */
  done: boolean = false;
  fault: ProtocolFault | null = null;
  private readonly facts: HeadFacts;
  private readonly options: Http1Options;
  private state: number = State.Start;
  private targetStart = 0;
  private major = 0;
  /** Characters of the version, or of the status code, read so far. */
  private matched = 0;

  constructor(facts: HeadFacts, options: Http1Options) {
    this.facts = facts;
    this.options = options;
  }

  reset(): void {
    this.done = false;
    this.state = this.facts.role === "request" ? State.Start : State.Version;
    this.matched = 0;
  }

  /**
   * Reads on from `pos`, which is below `limit`; the arena has room for as many bytes. Answers the next position. It returns early when it
   * used arena for more than it read, so that the caller can make room again.
   */
  feed(list: HeaderList, bytes: Uint8Array, start: number, limit: number): number {
    let pos = start;
    do {
      const before = this.state;
      pos = this.step(list, bytes, pos, limit);
      if (before === State.Target) break;
    } while (pos < limit && !this.done && this.fault === null);
    return pos;
  }

  private step(list: HeaderList, bytes: Uint8Array, pos: number, limit: number): number {
    switch (this.state) {
      case State.Start:
        // RFC 9112 §2.2: empty lines before the request line are ignored.
        this.state = bytes[pos] === CR ? State.EmptyLine : State.Method;
        return bytes[pos] === CR ? pos + 1 : pos;
      case State.EmptyLine:
        return this.expect(LF, State.Start, bytes, pos);
      case State.Method:
        return this.method(list, bytes, pos, limit);
      case State.Target:
        return this.target(list, bytes, pos, limit);
      case State.Version:
        return this.version(bytes, pos, limit);
      case State.Status:
        return this.status(list, bytes, pos, limit);
      case State.Reason:
        return this.reason(bytes, pos, limit);
      case State.LineCr:
        return this.expect(CR, State.LineLf, bytes, pos);
      default:
        this.done = bytes[pos] === LF;
        return this.expect(LF, State.Start, bytes, pos);
    }
  }

  private method(list: HeaderList, bytes: Uint8Array, start: number, limit: number): number {
    const arena = list.bytes;
    let at = list.used;
    let pos = start;
    while (pos < limit && TOKEN_LOWER[bytes[pos] as number] !== 0) arena[at++] = bytes[pos++] as number;
    list.used = at;
    if (pos === limit) return pos;
    const method = methodOf(arena, 0, at);
    if (bytes[pos] !== SP || method === Method.Unknown) return this.fail(BAD_LINE, pos);
    this.facts.method = method;
    this.targetStart = at;
    this.state = State.Target;
    return pos + 1;
  }

  private target(list: HeaderList, bytes: Uint8Array, start: number, limit: number): number {
    const arena = list.bytes;
    const targetStart = this.targetStart;
    let at = list.used;
    let pos = start;
    while (pos < limit && TARGET[bytes[pos] as number] !== 0) arena[at++] = bytes[pos++] as number;
    list.used = at;
    if (pos === limit) return pos;
    const byte = bytes[pos] as number;
    if (byte !== SP || at === targetStart) return this.fail(badTargetByte(byte, at === targetStart), pos);
    const facts = this.facts;
    const first = arena[targetStart];
    facts.authorityInTarget = first !== SLASH && first !== ASTERISK;
    const wrong = placeTarget(list, facts.method, targetStart, at, this.options.allowAbsoluteUrl);
    if (wrong !== null) return this.fail(wrong, pos);
    this.state = State.Version;
    return pos + 1;
  }

  private version(bytes: Uint8Array, start: number, limit: number): number {
    let matched = this.matched;
    let pos = start;
    for (; pos < limit && matched < VERSION.length; matched++, pos++) {
      const byte = bytes[pos] as number;
      const wanted = VERSION[matched] as number;
      if (wanted === 0) {
        if (byte < DIGIT_MIN || byte > DIGIT_MAX) return this.fail(BAD_LINE, pos);
        if (matched === MAJOR_AT) this.major = byte - DIGIT_MIN;
        else this.facts.minor = byte - DIGIT_MIN;
      } else if (byte !== wanted) return this.fail(BAD_LINE, pos);
    }
    this.matched = matched;
    if (matched < VERSION.length) return pos;
    const minor = this.facts.minor;
    if (this.facts.role === "response") {
      if (this.major !== 1 || minor > 1) return this.fail(BAD_LINE, pos);
      this.state = State.Status;
      return pos;
    }
    if (this.major !== 1 || minor > 1 || (minor === 0 && !this.options.acceptHttp10))
      return this.fail(Faults.LOW_VERSION, pos);
    this.state = State.LineCr;
    return pos;
  }

  private status(list: HeaderList, bytes: Uint8Array, start: number, limit: number): number {
    let pos = start;
    for (; pos < limit; pos++, this.matched++) {
      const byte = bytes[pos] as number;
      const digit = this.matched - VERSION.length;
      if (digit === 0) {
        if (byte !== SP) return this.fail(BAD_LINE, pos);
      } else if (digit <= 3) {
        if (byte < DIGIT_MIN || byte > DIGIT_MAX) return this.fail(BAD_LINE, pos);
        list.status = list.status * 10 + byte - DIGIT_MIN;
      } else {
        // Many servers leave out the space when there is no reason.
        if ((byte !== SP && byte !== CR) || list.status < 100) return this.fail(BAD_LINE, pos);
        this.state = byte === SP ? State.Reason : State.LineCr;
        return byte === SP ? pos + 1 : pos;
      }
    }
    return pos;
  }

  private reason(bytes: Uint8Array, start: number, limit: number): number {
    let pos = start;
    while (pos < limit && FIELD_VALUE[bytes[pos] as number] !== 0) pos++;
    if (pos < limit) this.state = State.LineCr;
    return pos;
  }

  private expect(byte: number, next: number, bytes: Uint8Array, pos: number): number {
    if (bytes[pos] !== byte) return this.fail(BAD_LINE, pos);
    this.state = next;
    return pos + 1;
  }

  private fail(fault: ProtocolFault, pos: number): number {
    this.fault = fault;
    return pos;
  }
}

function badTargetByte(byte: number, empty: boolean): ProtocolFault {
  if (byte === CR && !empty) return Faults.LOW_VERSION; // the line ends without a version: HTTP/0.9
  return byte === CR || byte === LF || byte === SP || byte >= 0x80 ? BAD_LINE : Faults.INVALID_CHARACTERS;
}

const State = {
  Start: 0,
  EmptyLine: 1,
  Method: 2,
  Target: 3,
  Version: 4,
  Status: 5,
  Reason: 6,
  LineCr: 7,
  LineLf: 8,
} as const;

const BAD_LINE = Faults.malformed("RFC 9112 §2.2");
const ASTERISK = 0x2a;
const DIGIT_MIN = 0x30;
const DIGIT_MAX = 0x39;
/** `HTTP/d.d`; 0 stands for a digit. */
const VERSION = Uint8Array.from(Buffer.from("HTTP/0.0", "latin1"), (byte) => (byte === DIGIT_MIN ? 0 : byte));
const MAJOR_AT = 5;
