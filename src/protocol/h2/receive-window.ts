// What we have promised to receive (RFC 9113 §6.9): one window of the connection, one a stream. Bytes are given back in batches, at
// half a window, as they are consumed; those of paused streams are held back.
import type { ByteSink } from "../message.ts";
import { writeWindowUpdate } from "./frames/control.ts";
import { CONNECTION_HELD_MAX_BYTES, WINDOW_INITIAL_BYTES } from "./limits.ts";

/** The receiving side of one stream's window; held by the stream. */
export interface ReceiveCredit {
  readonly streamId: number;
  /** What the peer may still send; negative only after SETTINGS made it so. */
  recvWindow: number;
  /** Consumed and not yet given back. */
  recvOwed: number;
  /** Passed on while the source was paused: given back when it resumes. */
  recvHeld: number;
}

/** The receiving side of a connection's flow control. */
export class ReceiveWindow {
  private readonly sink: ByteSink;
  private readonly streamBytes: number;
  private readonly connectionBytes: number;
  /** Until the peer acknowledged our SETTINGS it may use the initial window even if ours is smaller. */
  private slack: number;
  private window: number;
  private owed = 0;
  private held = 0;

  constructor(sink: ByteSink, streamBytes: number, connectionBytes: number) {
    this.sink = sink;
    this.streamBytes = streamBytes;
    this.connectionBytes = Math.max(connectionBytes, WINDOW_INITIAL_BYTES);
    this.slack = Math.max(0, WINDOW_INITIAL_BYTES - streamBytes);
    this.window = WINDOW_INITIAL_BYTES;
  }

  /** Window of a new stream. */
  get initialStreamBytes(): number {
    return this.streamBytes;
  }

  /** Announces the connection's window, beside our SETTINGS. */
  announce(): void {
    const more = this.connectionBytes - this.window;
    if (more === 0) return;
    writeWindowUpdate(this.sink.out, 0, more);
    this.window += more;
  }

  /** The peer acknowledged our SETTINGS. */
  settingsAcknowledged(): void {
    this.slack = 0;
  }

  /** Takes a DATA frame from the connection's window; false: the peer sent more than it may. */
  takeConnection(bytes: number): boolean {
    this.window -= bytes;
    return this.window >= 0;
  }

  /** Takes a DATA frame from a stream's window; false: the peer sent more than it may. */
  takeStream(stream: ReceiveCredit, bytes: number): boolean {
    stream.recvWindow -= bytes;
    return stream.recvWindow + this.slack >= 0;
  }

  /** A frame's bytes will not be kept by anyone: gives them back to the connection. */
  giveConnection(bytes: number): void {
    this.owed += bytes;
    if (this.owed < this.connectionBytes / 2 || this.held > CONNECTION_HELD_MAX_BYTES) return;
    writeWindowUpdate(this.sink.out, 0, this.owed);
    this.sink.scheduleFlush();
    this.window += this.owed;
    this.owed = 0;
  }

  /** Bytes of an open stream were consumed. */
  giveStream(stream: ReceiveCredit, bytes: number): void {
    stream.recvOwed += bytes;
    if (stream.recvOwed < this.streamBytes / 2) return;
    writeWindowUpdate(this.sink.out, stream.streamId, stream.recvOwed);
    this.sink.scheduleFlush();
    stream.recvWindow += stream.recvOwed;
    stream.recvOwed = 0;
  }

  /** Bytes of a paused stream were passed on: its window waits, the connection's only when all streams together hold too much. */
  hold(stream: ReceiveCredit, bytes: number): void {
    stream.recvHeld += bytes;
    this.held += bytes;
    this.giveConnection(bytes);
  }

  /** The stream's source goes on, or the stream is over: nothing of it is held any more. */
  unhold(stream: ReceiveCredit, open: boolean): void {
    const bytes = stream.recvHeld;
    if (bytes === 0) return;
    stream.recvHeld = 0;
    this.held -= bytes;
    if (open) this.giveStream(stream, bytes);
    this.giveConnection(0);
  }
}
