// Everything that flows out under flow control: heads in order, bodies within the windows and fairly among streams (RFC 9113 §5.2, §6.9).
// One per connection. Appends to the sink's buffer only; outside `pump`, streams that are ready wait for the connection's window or the
// socket, never for a turn of ours.
import { acquireHeaderList, type HeaderList, releaseHeaderList } from "../header-list.ts";
import { type ByteSink, QUEUED_HIGH_BYTES } from "../message.ts";
import { BodyQueue } from "./body-queue.ts";
import type { FloodGuard } from "./flood-guard.ts";
import { Flag, FrameType, startFrame } from "./frames/frame.ts";
import { writeHeaders } from "./frames/headers.ts";
import type { HpackEncoder } from "./hpack/encoder.ts";
import {
  CONNECTION_PENDING_MAX_BYTES,
  FRAME_INITIAL_BYTES,
  INT31_MAX,
  STREAM_PENDING_HIGH_BYTES,
  STREAM_PENDING_LOW_BYTES,
  WINDOW_INITIAL_BYTES,
} from "./limits.ts";
import type { Http2Stream } from "./stream.ts";
import { StreamState } from "./stream-state.ts";

/** Told when a stream's END_STREAM went out. */
export type EndSent = (stream: Http2Stream) => void;

/** The sending side of one connection. */
export class Sender {
  /** Greatest payload we send: the peer's SETTINGS_MAX_FRAME_SIZE, up to a bound of ours that keeps turns fair. */
  frameBytesMax: number = FRAME_INITIAL_BYTES;
  /** Window of a new stream: the peer's SETTINGS_INITIAL_WINDOW_SIZE. */
  initialWindow: number = WINDOW_INITIAL_BYTES;
  /** Body bytes that wait, over all streams. */
  pendingBytes: number = 0;
  readonly encoder: HpackEncoder;
  private readonly sink: ByteSink;
  private readonly flood: FloodGuard;
  private readonly endSent: EndSent;
  private window = WINDOW_INITIAL_BYTES;
  private firstReady: Http2Stream | null = null;
  private lastReady: Http2Stream | null = null;
  private pumping = false;
  private writable: Http2Stream[] = [];
  private writableSpare: Http2Stream[] = [];

  constructor(sink: ByteSink, encoder: HpackEncoder, flood: FloodGuard, endSent: EndSent) {
    this.sink = sink;
    this.encoder = encoder;
    this.flood = flood;
    this.endSent = endSent;
  }

  /** Sends a head, interim head or trailers now; they need no window. */
  head(stream: Http2Stream, list: HeaderList, end: boolean): void {
    writeHeaders(this.sink.out, this.encoder, stream.streamId, list, end, this.frameBytesMax);
    this.sink.scheduleFlush();
    if (end) this.endSent(stream);
  }

  /** Sends trailers behind what waits. */
  trailers(stream: Http2Stream, list: HeaderList): void {
    if (stream.queue === null || stream.queue.length === 0) {
      this.head(stream, list, true);
      return;
    }
    const copy = acquireHeaderList();
    copy.copyFrom(list);
    stream.trailersQueued = copy;
  }

  /** Sends what windows and socket take now, straight from the caller's bytes, and copies the rest. */
  data(stream: Http2Stream, bytes: Uint8Array, start: number, end: number, last: boolean): void {
    const waits = stream.queue !== null && stream.queue.length > 0;
    let at = start;
    if (!waits && (this.firstReady === null || start === end)) {
      at = this.sendNow(stream, bytes, start, end, last);
      if (at === end) {
        if (last) this.endSent(stream);
        return;
      }
    }
    if (stream.queue === null) stream.queue = new BodyQueue();
    stream.queue.append(bytes, at, end);
    this.pendingBytes += end - at;
    stream.endQueued = last;
    if (stream.sendWindow > 0) this.enqueue(stream);
  }

  /** Whether more waits than the marks allow; when so, the sink is told once it does not any more. */
  isBackedUp(stream: Http2Stream): boolean {
    const own = stream.queue === null ? 0 : stream.queue.length;
    const backedUp = own > STREAM_PENDING_HIGH_BYTES || (own > 0 && this.pendingBytes > CONNECTION_PENDING_MAX_BYTES);
    if (backedUp) stream.wantsWritable = true;
    return backedUp;
  }

  /** The peer widened the connection's window; false: beyond 2^31-1. The caller pumps. */
  widenConnection(bytes: number): boolean {
    this.window += bytes;
    return this.window <= INT31_MAX;
  }

  /** The peer changed a stream's window, maybe to below zero; false: beyond 2^31-1. The caller pumps. */
  widenStream(stream: Http2Stream, bytes: number): boolean {
    stream.sendWindow += bytes;
    if (stream.sendWindow > INT31_MAX) return false;
    if (stream.sendWindow > 0 && stream.queue !== null && stream.queue.length > 0) this.enqueue(stream);
    return true;
  }

  /** Sends what waits: one frame of each ready stream in turn, until the connection's window or the socket is full. */
  pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    do {
      while (this.firstReady !== null && this.window > 0 && this.sink.queuedBytes() < QUEUED_HIGH_BYTES) {
        const stream = this.firstReady;
        this.firstReady = stream.nextReady;
        if (this.firstReady === null) this.lastReady = null;
        stream.nextReady = null;
        stream.isReady = false;
        this.sendQueued(stream);
      }
    } while (this.tellWritable());
    this.pumping = false;
  }

  /** Forgets what a closed stream had waiting. It may stay in the ring of ready streams, which skips it. */
  drop(stream: Http2Stream): void {
    if (stream.queue !== null) {
      this.pendingBytes -= stream.queue.length;
      stream.queue.clear();
    }
    if (stream.trailersQueued !== null) {
      releaseHeaderList(stream.trailersQueued);
      stream.trailersQueued = null;
    }
    stream.wantsWritable = false;
  }

  private sendNow(stream: Http2Stream, bytes: Uint8Array, start: number, end: number, last: boolean): number {
    const sink = this.sink;
    let at = start;
    if (start === end) {
      if (!last) return end;
      startFrame(sink.out, 0, FrameType.Data, Flag.EndStream, stream.streamId);
    }
    while (at < end && this.window > 0 && stream.sendWindow > 0 && sink.queuedBytes() < QUEUED_HIGH_BYTES) {
      const size = Math.min(end - at, this.frameBytesMax, this.window, stream.sendWindow);
      const to = this.startData(stream, size, last && at + size === end);
      copyBytes(bytes, at, at + size, sink.out.bytes, to);
      at += size;
    }
    sink.scheduleFlush();
    return at;
  }

  private sendQueued(stream: Http2Stream): void {
    const queue = stream.queue;
    if (queue === null || queue.length === 0 || stream.sendWindow <= 0) return;
    const size = Math.min(queue.length, this.frameBytesMax, this.window, stream.sendWindow);
    const empties = size === queue.length;
    const to = this.startData(stream, size, empties && stream.endQueued);
    queue.take(this.sink.out.bytes, to, size);
    this.pendingBytes -= size;
    this.sink.scheduleFlush();
    if (!empties) {
      if (stream.sendWindow > 0) this.enqueue(stream);
    } else if (stream.endQueued) {
      this.endSent(stream);
    } else if (stream.trailersQueued !== null) {
      const trailers = stream.trailersQueued;
      stream.trailersQueued = null;
      this.head(stream, trailers, true);
      releaseHeaderList(trailers);
    }
    if (stream.wantsWritable && this.isBelowLow(queue.length)) {
      stream.wantsWritable = false;
      this.writable.push(stream);
    }
  }

  private startData(stream: Http2Stream, size: number, end: boolean): number {
    this.window -= size;
    stream.sendWindow -= size;
    stream.hasMoved = true;
    this.flood.dataSent++;
    return startFrame(this.sink.out, size, FrameType.Data, end ? Flag.EndStream : 0, stream.streamId);
  }

  private isBelowLow(own: number): boolean {
    if (own === 0) return true;
    return own <= STREAM_PENDING_LOW_BYTES && this.pendingBytes <= CONNECTION_PENDING_MAX_BYTES;
  }

  /** Tells the sinks of streams that drained; their answers may make more streams ready. */
  private tellWritable(): boolean {
    const told = this.writable;
    if (told.length === 0) return false;
    this.writable = this.writableSpare;
    for (const stream of told) if (stream.state !== StreamState.Closed) stream.sink.onWritable();
    told.length = 0;
    this.writableSpare = told;
    return true;
  }

  private enqueue(stream: Http2Stream): void {
    if (stream.isReady) return;
    stream.isReady = true;
    if (this.lastReady === null) this.firstReady = stream;
    else this.lastReady.nextReady = stream;
    this.lastReady = stream;
  }
}

function copyBytes(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start > COPIED_BY_HAND_MAX) {
    to.set(from.subarray(start, end), at);
    return;
  }
  for (let i = start, k = at; i < end; i++, k++) to[k] = from[i] as number;
}

const COPIED_BY_HAND_MAX = 96;
