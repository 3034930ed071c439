// Cuts the bytes of a connection into frames however they are split. DATA is passed on in pieces as it comes; any other frame whole.
// Called by the connection; knows lengths only, no stream and no rule.
import { Flag, FRAME_HEADER_BYTES, FrameType, uint24At, uint31At } from "./frames/frame.ts";

/** Receives frames. After `stopped` turned true no call comes. */
export interface FrameHandler {
  readonly stopped: boolean;
  /** A frame starts: judged by its header before its payload is waited for. */
  onFrameHeader(type: number, flags: number, streamId: number, length: number): void;
  /** A whole frame, not DATA. */
  onFrame(type: number, flags: number, streamId: number, bytes: Uint8Array, start: number, end: number): void;
  /** A DATA frame starts: its whole length counts for flow control; `padding` includes the byte that says how much. */
  onDataStart(streamId: number, flags: number, length: number, padding: number): void;
  /** Content of the DATA frame that started; `complete`: the last of it, maybe empty. */
  onDataBytes(bytes: Uint8Array, start: number, end: number, complete: boolean): void;
}

/** The reading state of one connection. */
export class FrameReader {
  private readonly handler: FrameHandler;
  /** Content and padding of the current DATA frame that have not come. */
  private dataLeft = 0;
  private paddingLeft = 0;
  private inData = false;
  /** Start of a frame of which the rest has not come. */
  private held: Buffer = EMPTY;
  private heldLength = 0;
  private heldNeed = 0;

  constructor(handler: FrameHandler) {
    this.handler = handler;
  }

  /** Type of the frame that is incomplete, -1 when none is or its type is unknown yet. DATA never is. */
  get partialType(): number {
    return this.heldLength >= FRAME_HEADER_BYTES ? (this.held[3] as number) : -1;
  }

  /** Takes the next bytes. */
  receive(bytes: Uint8Array, start: number, end: number): void {
    const handler = this.handler;
    let at = start;
    while (at < end && !handler.stopped) {
      if (this.inData) at = this.readData(bytes, at, end);
      else if (this.paddingLeft > 0) at = this.skipPadding(at, end);
      else if (this.heldLength > 0) at = this.completeHeld(bytes, at, end);
      else at = this.readFrame(bytes, at, end);
    }
  }

  private readFrame(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < FRAME_HEADER_BYTES) return this.hold(bytes, at, end, FRAME_HEADER_BYTES);
    const length = uint24At(bytes, at);
    const type = bytes[at + 3] as number;
    const flags = bytes[at + 4] as number;
    const streamId = uint31At(bytes, at + 5);
    this.handler.onFrameHeader(type, flags, streamId, length);
    if (this.handler.stopped) return end;
    const payload = at + FRAME_HEADER_BYTES;
    if (type === FrameType.Data) {
      const padded = (flags & Flag.Padded) !== 0 && length > 0;
      if (padded && payload === end) return this.hold(bytes, at, end, FRAME_HEADER_BYTES + 1);
      this.startData(streamId, flags, length, padded ? (bytes[payload] as number) + 1 : 0);
      return padded ? payload + 1 : payload;
    }
    if (end - payload < length) return this.hold(bytes, at, end, FRAME_HEADER_BYTES + length);
    this.handler.onFrame(type, flags, streamId, bytes, payload, payload + length);
    return payload + length;
  }

  private completeHeld(bytes: Uint8Array, at: number, end: number): number {
    const take = Math.min(end - at, this.heldNeed - this.heldLength);
    this.held.set(bytes.subarray(at, at + take), this.heldLength);
    this.heldLength += take;
    if (this.heldLength < this.heldNeed) return at + take;
    const held = this.held;
    const length = uint24At(held, 0);
    const type = held[3] as number;
    const flags = held[4] as number;
    const streamId = uint31At(held, 5);
    if (this.heldNeed === FRAME_HEADER_BYTES) {
      // The header is whole now: judge it, then wait for what this kind of frame needs.
      this.handler.onFrameHeader(type, flags, streamId, length);
      if (this.handler.stopped) return end;
      const padded = (flags & Flag.Padded) !== 0 && length > 0;
      const need = FRAME_HEADER_BYTES + (type === FrameType.Data ? Number(padded) : length);
      if (need > FRAME_HEADER_BYTES) {
        this.grow(need);
        return at + take;
      }
    }
    this.heldLength = 0;
    if (type === FrameType.Data) {
      const padded = this.heldNeed > FRAME_HEADER_BYTES;
      this.startData(streamId, flags, length, padded ? (held[FRAME_HEADER_BYTES] as number) + 1 : 0);
    } else {
      this.handler.onFrame(type, flags, streamId, held, FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + length);
    }
    if (this.held.length > HELD_KEPT_MAX) this.held = EMPTY;
    return at + take;
  }

  private startData(streamId: number, flags: number, length: number, padding: number): void {
    this.handler.onDataStart(streamId, flags, length, padding);
    if (this.handler.stopped) return;
    this.dataLeft = length - padding;
    this.paddingLeft = Math.max(padding - 1, 0);
    this.inData = this.dataLeft > 0;
    if (!this.inData) this.handler.onDataBytes(EMPTY, 0, 0, true);
  }

  private readData(bytes: Uint8Array, at: number, end: number): number {
    const size = Math.min(end - at, this.dataLeft);
    this.dataLeft -= size;
    this.inData = this.dataLeft > 0;
    this.handler.onDataBytes(bytes, at, at + size, !this.inData);
    return at + size;
  }

  private skipPadding(at: number, end: number): number {
    const size = Math.min(end - at, this.paddingLeft);
    this.paddingLeft -= size;
    return at + size;
  }

  private hold(bytes: Uint8Array, at: number, end: number, need: number): number {
    this.grow(need);
    this.held.set(bytes.subarray(at, end), 0);
    this.heldLength = end - at;
    return end;
  }

  private grow(need: number): void {
    this.heldNeed = need;
    if (this.held.length >= need) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(need, HELD_AT_START));
    this.held.copy(grown, 0, 0, this.heldLength);
    this.held = grown;
  }
}

const EMPTY: Buffer = Buffer.alloc(0);
const HELD_AT_START = 256;
/** A greater buffer is given back once its frame was read. */
const HELD_KEPT_MAX = 1_024;
