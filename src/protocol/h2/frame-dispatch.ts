// What each frame means (RFC 9113 §6): judged by its header first, then by its payload. Puts header blocks together. One per connection,
// between its frame reader and itself.
import { ErrorCode } from "../fault.ts";
import type { Http2Connection } from "./connection.ts";
import { DataReceiver } from "./data-receiver.ts";
import { remoteResetFault } from "./faults.ts";
import type { FrameHandler } from "./frame-reader.ts";
import { ControlLength, writePingAck } from "./frames/control.ts";
import { Flag, FrameType, uint31At, uint32At } from "./frames/frame.ts";
import { findFragment, fragment } from "./frames/headers.ts";
import { HeaderBlock } from "./header-block.ts";
import { BLOCK_PER_HEADERS_MAX } from "./limits.ts";
import { acknowledgeSettings, applySettings } from "./settings-receiver.ts";

/** The frames of one connection. */
export class FrameDispatch implements FrameHandler {
  /** No SETTINGS came yet, which must be the first frame (RFC 9113 §3.4). */
  awaitingSettings: boolean = true;
  private readonly connection: Http2Connection;
  private readonly block: HeaderBlock = new HeaderBlock();
  private readonly data: DataReceiver;

  constructor(connection: Http2Connection) {
    this.connection = connection;
    this.data = new DataReceiver(connection);
  }

  get stopped(): boolean {
    return this.connection.stopped;
  }

  /** Whether a header block is incomplete between its frames. */
  get inBlock(): boolean {
    return this.block.streamId !== 0;
  }

  onFrameHeader(type: number, flags: number, streamId: number, length: number): void {
    const connection = this.connection;
    if (this.awaitingSettings) {
      if (type !== FrameType.Settings || (flags & Flag.Ack) !== 0 || streamId !== 0) {
        connection.failWith(ErrorCode.ProtocolError, "§3.4");
        return;
      }
      this.awaitingSettings = false;
    }
    if (length > connection.options.frameBytesMax) {
      connection.failWith(ErrorCode.FrameSizeError, "§4.2");
    } else if (this.block.streamId !== 0) {
      if (type !== FrameType.Continuation || streamId !== this.block.streamId) {
        connection.failWith(ErrorCode.ProtocolError, "§6.10");
      }
    } else if (type === FrameType.Continuation) {
      connection.failWith(ErrorCode.ProtocolError, "§6.10");
    } else if (type <= FrameType.WindowUpdate && (streamId === 0) === (OF_STREAM[type] === 1)) {
      if (type !== FrameType.WindowUpdate) connection.failWith(ErrorCode.ProtocolError, "§6");
    }
  }

  onFrame(type: number, flags: number, streamId: number, bytes: Uint8Array, start: number, end: number): void {
    const connection = this.connection;
    switch (type) {
      case FrameType.Headers:
        this.onHeaders(flags, streamId, bytes, start, end);
        return;
      case FrameType.Continuation:
        this.onContinuation(flags, bytes, start, end);
        return;
      case FrameType.WindowUpdate:
        this.onWindowUpdate(streamId, bytes, start, end);
        return;
      case FrameType.RstStream:
        this.onRstStream(streamId, bytes, start, end);
        return;
      case FrameType.Settings:
        if ((flags & Flag.Ack) === 0) applySettings(connection, bytes, start, end);
        else acknowledgeSettings(connection, end - start);
        return;
      case FrameType.Ping:
        this.onPing(flags, bytes, start, end);
        return;
      case FrameType.Goaway:
        if (end - start < ControlLength.GoawayMin) connection.failWith(ErrorCode.FrameSizeError, "§6.8");
        else connection.onPeerGoaway(uint31At(bytes, start), uint32At(bytes, start + 4));
        return;
      case FrameType.Priority:
        this.onPriority(streamId, bytes, start, end);
        return;
      case FrameType.PushPromise:
        connection.failWith(ErrorCode.ProtocolError, "§8.4");
        return;
      default:
        return;
    }
  }

  onDataStart(streamId: number, flags: number, length: number, padding: number): void {
    this.data.start(streamId, flags, length, padding);
  }

  onDataBytes(bytes: Uint8Array, start: number, end: number, complete: boolean): void {
    this.data.bytes(bytes, start, end, complete);
  }

  private onHeaders(flags: number, streamId: number, bytes: Uint8Array, start: number, end: number): void {
    const connection = this.connection;
    if (!findFragment(bytes, start, end, flags, streamId)) {
      connection.failWith(ErrorCode.ProtocolError, "§6.2");
    } else if ((flags & Flag.EndHeaders) !== 0) {
      const endStream = (flags & Flag.EndStream) !== 0;
      connection.onBlock(streamId, endStream, fragment.selfDependent, bytes, fragment.start, fragment.end);
    } else {
      this.block.begin(streamId, flags, fragment.selfDependent);
      this.block.append(bytes, fragment.start, fragment.end);
    }
  }

  private onContinuation(flags: number, bytes: Uint8Array, start: number, end: number): void {
    const connection = this.connection;
    const block = this.block;
    block.continuations++;
    if (end === start || block.continuations > connection.options.continuationsMax) {
      connection.failFlood("inbound_continuation_flood");
      return;
    }
    if (block.length + end - start > connection.options.headersBytesMax * BLOCK_PER_HEADERS_MAX) {
      connection.failFlood("header_block_too_large");
      return;
    }
    block.append(bytes, start, end);
    if ((flags & Flag.EndHeaders) === 0) return;
    const streamId = block.streamId;
    block.finish();
    const endStream = (block.flags & Flag.EndStream) !== 0;
    connection.onBlock(streamId, endStream, block.selfDependent, block.bytes, 0, block.length);
    block.release();
  }

  private onWindowUpdate(streamId: number, bytes: Uint8Array, start: number, end: number): void {
    const connection = this.connection;
    if (end - start !== ControlLength.WindowUpdate) {
      connection.failWith(ErrorCode.FrameSizeError, "§6.9");
      return;
    }
    if (connection.flood.windowUpdateFloods()) {
      connection.failFlood("inbound_window_update_frames_flood");
      return;
    }
    const increment = uint31At(bytes, start);
    if (streamId === 0) {
      if (increment === 0) connection.failWith(ErrorCode.ProtocolError, "§6.9");
      else if (!connection.sender.widenConnection(increment)) connection.failWith(ErrorCode.FlowControlError, "§6.9.1");
      else connection.pumpDue = true;
      return;
    }
    const stream = connection.streams.get(streamId);
    if (stream === undefined) connection.lateFrame(streamId, true);
    else if (increment === 0) connection.failStreamWith(stream, ErrorCode.ProtocolError, "§6.9");
    else if (!connection.sender.widenStream(stream, increment)) {
      connection.failStreamWith(stream, ErrorCode.FlowControlError, "§6.9.1");
    } else connection.pumpDue = true;
  }

  private onRstStream(streamId: number, bytes: Uint8Array, start: number, end: number): void {
    const connection = this.connection;
    if (end - start !== ControlLength.RstStream) {
      connection.failWith(ErrorCode.FrameSizeError, "§6.4");
      return;
    }
    const stream = connection.streams.get(streamId);
    if (stream === undefined) connection.lateFrame(streamId, true);
    else {
      const fault = remoteResetFault(uint32At(bytes, start));
      if (fault.retrySafe) connection.counters.rx_refused++;
      connection.closeByPeer(stream, fault);
    }
  }

  private onPing(flags: number, bytes: Uint8Array, start: number, end: number): void {
    const connection = this.connection;
    if (end - start !== ControlLength.Ping) {
      connection.failWith(ErrorCode.FrameSizeError, "§6.7");
    } else if ((flags & Flag.Ack) !== 0) {
      connection.onPong(uint32At(bytes, start + 4));
    } else if (connection.flood.pingFloods()) {
      connection.failFlood("inbound_ping_flood");
    } else {
      writePingAck(connection.sink.out, bytes, start);
      connection.answered();
    }
  }

  /** Priorities are ignored (RFC 9113 §5.3.2), but counted and checked for what h2spec still asks of RFC 7540 §5.3.1. */
  private onPriority(streamId: number, bytes: Uint8Array, start: number, end: number): void {
    const connection = this.connection;
    if (end - start !== ControlLength.Priority) connection.failWith(ErrorCode.FrameSizeError, "§6.3");
    else if (connection.flood.priorityFloods()) connection.failFlood("inbound_priority_frames_flood");
    else if (uint31At(bytes, start) === streamId) connection.failWith(ErrorCode.ProtocolError, "§5.3.1");
  }
}

/** By frame type: 1 when it belongs to a stream, 0 when to the connection. WINDOW_UPDATE belongs to either. */
const OF_STREAM: Uint8Array = Uint8Array.of(1, 1, 1, 1, 0, 1, 0, 0, 0);
