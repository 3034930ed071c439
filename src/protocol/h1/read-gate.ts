// Why a connection does not read its socket now, and the bytes it read too early. Used by the server connection, and in part by the client's.
import type { ByteSink } from "../message.ts";

/** Pauses the socket while somebody wants it paused; tells the sink only when that changes. */
export class ReadGate {
  private readonly sink: ByteSink;
  private byExchange = false;
  private byHeld = false;

  constructor(sink: ByteSink) {
    this.sink = sink;
  }

  /** The exchange wants no more of the message for now. */
  pauseForExchange(paused: boolean): void {
    this.change(paused, this.byHeld);
  }

  /** More was read ahead than is to be kept. */
  pauseForHeld(paused: boolean): void {
    this.change(this.byExchange, paused);
  }

  private change(byExchange: boolean, byHeld: boolean): void {
    const before = this.byExchange || this.byHeld;
    const now = byExchange || byHeld;
    this.byExchange = byExchange;
    this.byHeld = byHeld;
    if (now === before) return;
    if (now) this.sink.pauseReading();
    else this.sink.resumeReading();
  }
}

/** Bytes that came before their time: pipelined requests, or the first bytes of a tunnel that is not open yet. */
export class HeldBytes {
  bytes: Buffer = NOTHING;
  start: number = 0;

  get length(): number {
    return this.bytes.length - this.start;
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    const joined = Buffer.allocUnsafeSlow(this.length + end - start);
    this.bytes.copy(joined, 0, this.start);
    joined.set(bytes.subarray(start, end), this.length);
    this.bytes = joined;
    this.start = 0;
  }

  /** Forgets everything before `start` of `bytes`. */
  advanceTo(start: number): void {
    this.start = start;
    if (start === this.bytes.length) this.clear();
  }

  clear(): void {
    this.bytes = NOTHING;
    this.start = 0;
  }
}

const NOTHING = Buffer.alloc(0);
