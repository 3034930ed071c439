// DATA (RFC 9113 §6.1): flow control, content-length, and the way of its bytes to the stream's sink. One per connection.
import { ErrorCode } from "../fault.ts";
import type { Http2Connection } from "./connection.ts";
import { Flag } from "./frames/frame.ts";
import type { Http2Stream } from "./stream.ts";
import { StreamEvent, StreamState, transition } from "./stream-state.ts";

/** The DATA frame that is being received. */
export class DataReceiver {
  private readonly connection: Http2Connection;
  /** Whose it is; null: its bytes are thrown away. */
  private stream: Http2Stream | null = null;
  private length = 0;
  private endStream = false;

  constructor(connection: Http2Connection) {
    this.connection = connection;
  }

  /** A frame starts. Every length check happens here, before its first byte is passed on. */
  start(streamId: number, flags: number, length: number, padding: number): void {
    const connection = this.connection;
    this.stream = null;
    this.length = length;
    this.endStream = (flags & Flag.EndStream) !== 0;
    if (padding > length || (length === 0 && (flags & Flag.Padded) !== 0)) {
      connection.failWith(ErrorCode.ProtocolError, "§6.1");
      return;
    }
    if (length === padding && !this.endStream && connection.flood.emptyDataFloods()) {
      connection.failFlood("inbound_empty_frames_flood");
      return;
    }
    if (!connection.window.takeConnection(length)) {
      connection.failWith(ErrorCode.FlowControlError, "§6.9.1");
      return;
    }
    const stream = connection.streams.get(streamId);
    if (stream === undefined) connection.lateFrame(streamId, false);
    else if (this.accept(stream, length - padding)) this.stream = stream;
    if (this.stream === null && !connection.stopped) connection.window.giveConnection(length);
  }

  /** Content of the frame. */
  bytes(bytes: Uint8Array, start: number, end: number, complete: boolean): void {
    const stream = this.stream;
    if (stream === null) return;
    const connection = this.connection;
    if (stream.state === StreamState.Closed) {
      // It was reset between two pieces of the frame.
      this.stream = null;
      connection.window.giveConnection(this.length);
      return;
    }
    const last = complete && this.endStream;
    if (last) connection.endReceived(stream);
    if (!stream.faulted && (end > start || last)) stream.sink.onData(bytes, start, end, last);
    if (!complete) return;
    this.stream = null;
    if (connection.stopped) return;
    this.giveBack(stream);
    if (last) connection.finishIfClosed(stream);
  }

  private accept(stream: Http2Stream, content: number): boolean {
    const connection = this.connection;
    if (transition(stream.state, StreamEvent.RecvData) < 0) {
      connection.failStreamWith(stream, ErrorCode.StreamClosed, "§5.1");
      return false;
    }
    if (connection.mustHaveHead(stream)) {
      connection.failMalformed(stream, "§8.1");
      return false;
    }
    if (!connection.window.takeStream(stream, this.length)) {
      connection.failStreamWith(stream, ErrorCode.FlowControlError, "§6.9.1");
      return false;
    }
    if (stream.bodyLeft < 0) return true;
    stream.bodyLeft -= content;
    if (stream.bodyLeft >= 0 && (!this.endStream || stream.bodyLeft === 0)) return true;
    connection.failMalformed(stream, "§8.1.1");
    return false;
  }

  private giveBack(stream: Http2Stream): void {
    const window = this.connection.window;
    if (stream.state === StreamState.Closed) {
      window.giveConnection(this.length);
    } else if (stream.paused) {
      window.hold(stream, this.length);
    } else {
      if (!stream.recvEnded) window.giveStream(stream, this.length);
      window.giveConnection(this.length);
    }
  }
}
