// Reads one message body after the other: by length, chunked with extensions and trailers (RFC 9112 §7.1), or until the connection ends.
// Hands slices of the read buffer to the sink; keeps no byte. Driven by both connections.

import type { ProtocolFault } from "../fault.ts";
import { releaseHeaderList } from "../header-list.ts";
import type { MessageSink } from "../message.ts";
import { CR, FIELD_VALUE, HEX_VALUE, LF, SEMICOLON } from "./bytes.ts";
import { type Http1Counters, newHttp1Counters } from "./counters.ts";
import * as Faults from "./faults.ts";
import { HeadParser } from "./head-parser.ts";
import { CHUNK_EXTENSIONS_BYTES_MAX, CHUNK_SIZE_DIGITS_MAX } from "./limits.ts";
import type { Http1Options } from "./options.ts";

/** Reader of the bodies of one connection. */
export class BodyReader {
  /** Why reading stopped for good. */
  fault: ProtocolFault | null = null;
  private readonly options: Http1Options;
  private readonly counters: Http1Counters;
  private state: number = State.Ended;
  /** Bytes of the body, or of the chunk, still to come. */
  private remaining = 0;
  private sizeDigits = 0;
  private extensionBytes = 0;
  private extensionBytesOfMessage = 0;
  /** Made when the first chunked message ends: most connections never need it. */
  private trailerParser: HeadParser | null = null;

  /** `counters`: the connection's, for its trailers. */
  constructor(options: Http1Options, counters: Http1Counters = newHttp1Counters()) {
    this.options = options;
    this.counters = counters;
  }

  /** Whether the body is complete, or there is none. */
  get ended(): boolean {
    return this.state === State.Ended;
  }

  /** Whether only the end of the connection ends the body. */
  get untilClose(): boolean {
    return this.state === State.UntilClose;
  }

  /** Begins a body of `length` bytes; 0: there is none. */
  startLength(length: number): void {
    this.remaining = length;
    this.state = length === 0 ? State.Ended : State.Length;
  }

  /** Begins a chunked body. */
  startChunked(): void {
    this.extensionBytesOfMessage = 0;
    this.startChunk();
  }

  /** Begins a body, or a tunnel, that lasts as long as the connection. */
  startUntilClose(): void {
    this.state = State.UntilClose;
  }

  /** Gives the body up: nothing more is read or told. */
  stop(): void {
    this.state = State.Ended;
    this.trailerParser?.drop();
  }

  /** The peer closed its sending side; says whether that completes the body. */
  finish(sink: MessageSink): boolean {
    if (this.state !== State.UntilClose) return false;
    this.state = State.Ended;
    sink.onData(NOTHING, 0, 0, true);
    return true;
  }

  /** Reads on; answers the position after the last byte that belongs to the body. Stops when it ended, was stopped, or is at fault. */
  feed(bytes: Uint8Array, start: number, end: number, sink: MessageSink): number {
    let pos = start;
    while (pos < end && this.state !== State.Ended && this.fault === null) pos = this.step(bytes, pos, end, sink);
    return pos;
  }

  private step(bytes: Uint8Array, pos: number, end: number, sink: MessageSink): number {
    switch (this.state) {
      case State.Length: {
        const stop = Math.min(end, pos + this.remaining);
        this.remaining -= stop - pos;
        if (this.remaining === 0) this.state = State.Ended;
        sink.onData(bytes, pos, stop, this.remaining === 0);
        return stop;
      }
      case State.UntilClose:
        sink.onData(bytes, pos, end, false);
        return end;
      case State.Data: {
        const stop = Math.min(end, pos + this.remaining);
        this.remaining -= stop - pos;
        if (this.remaining === 0) this.state = State.DataCr;
        sink.onData(bytes, pos, stop, false);
        return stop;
      }
      case State.Size:
        return this.size(bytes, pos, end);
      case State.Extension:
        return this.extension(bytes, pos, end);
      case State.SizeLf:
        if (bytes[pos] !== LF) return this.fail(BAD_CHUNK, pos);
        this.state = this.remaining === 0 ? State.Trailers : State.Data;
        return pos + 1;
      case State.DataCr:
        this.state = State.DataLf;
        return bytes[pos] === CR ? pos + 1 : this.fail(BAD_CHUNK, pos);
      case State.DataLf:
        this.startChunk();
        return bytes[pos] === LF ? pos + 1 : this.fail(BAD_CHUNK, pos);
      default:
        return this.trailers(bytes, pos, end, sink);
    }
  }

  private startChunk(): void {
    this.state = State.Size;
    this.remaining = 0;
    this.sizeDigits = 0;
    this.extensionBytes = 0;
  }

  private size(bytes: Uint8Array, start: number, end: number): number {
    for (let pos = start; pos < end; pos++) {
      const byte = bytes[pos] as number;
      const digit = HEX_VALUE[byte] as number;
      if (digit < 0) {
        if (this.sizeDigits === 0 || (byte !== CR && byte !== SEMICOLON)) return this.fail(BAD_CHUNK, pos);
        this.state = byte === CR ? State.SizeLf : State.Extension;
        return pos + 1;
      }
      if (++this.sizeDigits > CHUNK_SIZE_DIGITS_MAX) return this.fail(BAD_CHUNK, pos);
      this.remaining = this.remaining * 16 + digit;
    }
    return end;
  }

  private extension(bytes: Uint8Array, start: number, end: number): number {
    for (let pos = start; pos < end; pos++) {
      const byte = bytes[pos] as number;
      if (byte === CR) {
        this.state = State.SizeLf;
        return pos + 1;
      }
      const tooLong = ++this.extensionBytes > this.options.chunkExtensionBytesMax;
      if (tooLong || ++this.extensionBytesOfMessage > CHUNK_EXTENSIONS_BYTES_MAX) return this.fail(LONG_EXTENSION, pos);
      if (FIELD_VALUE[byte] === 0) return this.fail(BAD_CHUNK, pos);
    }
    return end;
  }

  private trailers(bytes: Uint8Array, start: number, end: number, sink: MessageSink): number {
    this.trailerParser ??= new HeadParser("trailers", this.options, this.counters);
    const parser = this.trailerParser;
    const pos = parser.feed(bytes, start, end);
    if (parser.fault !== null) return this.fail(parser.fault, pos);
    if (!parser.done) return pos;
    const list = parser.take();
    this.state = State.Ended;
    if (this.options.trailers && list.count > 0) {
      sink.onTrailers(list);
      return pos;
    }
    releaseHeaderList(list);
    sink.onData(NOTHING, 0, 0, true);
    return pos;
  }

  private fail(fault: ProtocolFault, pos: number): number {
    this.fault = fault;
    return pos;
  }
}

const State = {
  Ended: 0,
  Length: 1,
  UntilClose: 2,
  Size: 3,
  Extension: 4,
  SizeLf: 5,
  Data: 6,
  DataCr: 7,
  DataLf: 8,
  Trailers: 9,
} as const;
const NOTHING = new Uint8Array(0);
const BAD_CHUNK = Faults.malformed("RFC 9112 §7.1");
const LONG_EXTENSION = Faults.malformed("RFC 9112 §7.1.1");
