// One HTTP/2 connection, both roles: its streams, windows and tables, how streams and the connection end, and what owners of streams ask for.
// frame-dispatch.ts feeds it; server.ts and client.ts add what differs. Sans-IO: no socket and no timer.
import { ErrorCode, type ProtocolFault } from "../fault.ts";
import type { HeaderList } from "../header-list.ts";
import type { ByteSink } from "../message.ts";
import { BlockReceiver } from "./block-receiver.ts";
import { ClosedStreams, Ending } from "./closed-streams.ts";
import { type Http2Counters, newCounters } from "./counters.ts";
import { connectionFault, floodFault, malformedFault, streamFault, UNDERSCORE } from "./faults.ts";
import { FloodGuard } from "./flood-guard.ts";
import { writeGoaway, writePing, writeRstStream } from "./frames/control.ts";
import { HpackEncoder } from "./hpack/encoder.ts";
import type { Pinger } from "./keepalive.ts";
import { ANSWER_BYTES_MAX } from "./limits.ts";
import type { Http2Options } from "./options.ts";
import { ReceiveWindow } from "./receive-window.ts";
import { Sender } from "./sender.ts";
import type { Http2Stream, StreamOwner } from "./stream.ts";
import { StreamEvent, StreamState, transition } from "./stream-state.ts";
import { StreamTable } from "./stream-table.ts";

/** State and verbs that both roles and the frame dispatch share. */
export abstract class Http2Connection implements StreamOwner, Pinger {
  readonly protocol = "http2" as const;
  readonly sink: ByteSink;
  readonly options: Http2Options;
  readonly counters: Http2Counters = newCounters();
  /** Open streams by id. */
  readonly streams: StreamTable = new StreamTable();
  readonly closed: ClosedStreams = new ClosedStreams();
  readonly flood: FloodGuard;
  readonly window: ReceiveWindow;
  readonly sender: Sender;
  readonly blocks: BlockReceiver;
  /** Nothing is read any more: the connection failed, or ended gracefully. */
  stopped: boolean = false;
  /** A window or the socket opened: `pump` before `receive` returns. */
  pumpDue: boolean = false;
  /** Monotonic time of the current `receive`. */
  nowMs: number = 0;
  awaitsPong: boolean = false;
  /** Exchanges whose owner is not done. */
  protected slots: number = 0;
  private pingsSent = 0;

  constructor(sink: ByteSink, options: Http2Options) {
    this.sink = sink;
    this.options = options;
    this.flood = new FloodGuard(options);
    this.window = new ReceiveWindow(sink, options.initialStreamWindowBytes, options.initialConnectionWindowBytes);
    const encoder = new HpackEncoder(options.hpackTableBytes);
    this.sender = new Sender(sink, encoder, this.flood, (stream) => this.endSent(stream));
    this.blocks = new BlockReceiver(this);
  }

  /** Whether the peer, a client, may set SETTINGS_ENABLE_PUSH to 1. */
  abstract readonly peerMayAllowPush: boolean;
  /** A whole header block came. */
  abstract onBlock(
    streamId: number,
    endStream: boolean,
    selfDependent: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;
  /** The peer announced a setting that only the role cares for. */
  abstract onPeerSetting(id: number, value: number): void;
  /** GOAWAY came. */
  abstract onPeerGoaway(lastStreamId: number, code: number): void;
  /** RST_STREAM came for an open stream that is closed by now; false: that was one too many. */
  abstract acceptPeerReset(stream: Http2Stream): boolean;
  /** Whether a stream that is not open was never opened. */
  abstract isIdle(streamId: number): boolean;
  /** Whether frames for this stream, which is not open, are to be ignored because GOAWAY said so. */
  abstract isBeyondGoaway(streamId: number): boolean;
  /** Whether DATA would be the first frame of a response. */
  abstract mustHaveHead(stream: Http2Stream): boolean;
  /** Whether the sink still wants to know that its exchange failed. */
  protected abstract hears(stream: Http2Stream): boolean;
  /** A stream is closed and its sink was told: gives the slot back when its owner is done. */
  protected abstract settle(stream: Http2Stream): void;
  /** Our side of a stream ended before the peer's. */
  protected abstract onHalfClosedLocal(stream: Http2Stream): void;
  protected abstract lastPeerStreamId(): number;
  protected abstract tellDone(fault: ProtocolFault | null): void;

  /** Exchanges open now. */
  openExchanges(): number {
    return this.slots;
  }

  /** The socket took bytes. */
  onDrain(): void {
    this.flood.drained();
    if (!this.stopped) this.sender.pump();
  }

  /** The socket is gone: every open sink gets `onFault`. */
  connectionLost(fault: ProtocolFault): void {
    this.stopped = true;
    this.abandon(fault);
  }

  ping(): boolean {
    if (this.stopped || this.awaitsPong) return false;
    this.awaitsPong = true;
    writePing(this.sink.out, ++this.pingsSent);
    this.sink.scheduleFlush();
    return true;
  }

  /** An acknowledgement of PING came; those of others' numbers mean nothing. */
  onPong(payload: number): void {
    if (payload === this.pingsSent) this.awaitsPong = false;
  }

  /** Ends the connection with an error: GOAWAY, every sink told, nothing read any more. */
  fail(fault: ProtocolFault): void {
    if (this.stopped) return;
    this.stopped = true;
    if (fault.kind === "flood") this.countFlood(fault.details);
    this.goaway(this.lastPeerStreamId(), fault.code, fault.cite);
    this.abandon(fault);
    this.tellDone(fault);
  }

  /** A connection error of this code; `cite` is a section of RFC 9113. */
  failWith(code: number, cite: string): void {
    this.fail(connectionFault(code, cite));
  }

  /** A limit of frames was passed. */
  failFlood(what: string): void {
    this.fail(floodFault(what));
  }

  /** Ends one stream with an error: RST_STREAM, its sink told. */
  failStream(stream: Http2Stream, fault: ProtocolFault): void {
    if (fault.kind === "codec_error" && fault !== UNDERSCORE) this.counters.rx_messaging_error++;
    this.resetStream(stream, fault.code);
    this.tellFault(stream, fault);
    this.settle(stream);
    if (this.flood.ownResetFloods()) this.failFlood("server_reset_flood");
  }

  /** A stream error of this code; `cite` is a section of RFC 9113. */
  failStreamWith(stream: Http2Stream, code: number, cite: string): void {
    this.failStream(stream, streamFault(code, cite));
  }

  /** The stream's message breaks a rule. */
  failMalformed(stream: Http2Stream, cite: string): void {
    this.failStream(stream, malformedFault(cite));
  }

  /** Judges a frame for a stream that is not open (RFC 9113 §5.1); `mayComeLate`: harmless on a closed one. */
  lateFrame(streamId: number, mayComeLate: boolean): void {
    if (this.isBeyondGoaway(streamId)) return;
    if (this.isIdle(streamId)) {
      this.failWith(ErrorCode.ProtocolError, "§5.1");
      return;
    }
    if (mayComeLate) return;
    const ending = this.closed.endingOf(streamId);
    if (ending === Ending.Unused) this.failWith(ErrorCode.ProtocolError, "§5.1.1");
    else if (ending === Ending.Ended) this.failWith(ErrorCode.StreamClosed, "§5.1");
    else if (ending === Ending.RemoteReset) this.refuse(streamId, ErrorCode.StreamClosed);
  }

  /** RST_STREAM for a stream that has no object. */
  refuse(streamId: number, code: number): void {
    this.writeReset(streamId, code);
    if (this.flood.ownResetFloods()) this.failFlood("server_reset_flood");
  }

  /** The peer ended its message: the state changes before the sink hears of it, `finishIfClosed` follows after. */
  endReceived(stream: Http2Stream): void {
    stream.recvEnded = true;
    stream.state = transition(stream.state, StreamEvent.RecvEnd);
  }

  /** Gives up a stream both sides of which are over. */
  finishIfClosed(stream: Http2Stream): void {
    if (stream.state !== StreamState.Closed || !this.detach(stream, Ending.Ended)) return;
    this.settle(stream);
  }

  /** The peer reset a stream. */
  closeByPeer(stream: Http2Stream, fault: ProtocolFault): void {
    this.counters.rx_reset++;
    stream.state = StreamState.Closed;
    this.detach(stream, Ending.RemoteReset);
    const accepted = this.acceptPeerReset(stream);
    this.tellFault(stream, fault);
    this.settle(stream);
    if (!accepted) this.failFlood("premature_reset_flood");
  }

  /** A frame of ours that answers one of the peer's was written. */
  answered(): void {
    if (this.sink.queuedBytes() <= ANSWER_BYTES_MAX) this.flood.drained();
    this.sink.scheduleFlush();
    if (this.flood.controlFloods()) this.failFlood("outbound_control_flood");
  }

  sendHead(stream: Http2Stream, head: HeaderList, end: boolean): void {
    if (!this.maySend(stream)) return;
    stream.state = transition(stream.state, StreamEvent.SendHeaders);
    this.sender.head(stream, head, end);
  }

  sendInterim(stream: Http2Stream, head: HeaderList): void {
    if (this.maySend(stream)) this.sender.head(stream, head, false);
  }

  sendData(stream: Http2Stream, bytes: Uint8Array, start: number, end: number, last: boolean): void {
    if (this.maySend(stream)) this.sender.data(stream, bytes, start, end, last);
  }

  sendTrailers(stream: Http2Stream, trailers: HeaderList): void {
    if (this.maySend(stream)) this.sender.trailers(stream, trailers);
  }

  isStreamBackedUp(stream: Http2Stream): boolean {
    return this.sender.isBackedUp(stream);
  }

  resumeStream(stream: Http2Stream): void {
    if (this.stopped) return;
    this.window.unhold(stream, !stream.recvEnded && stream.state !== StreamState.Closed);
  }

  resetByOwner(stream: Http2Stream, code: number, _idle: boolean): void {
    if (!this.stopped && stream.state !== StreamState.Closed) this.resetStream(stream, code);
    this.settle(stream);
  }

  /** Appends GOAWAY. */
  protected goaway(lastStreamId: number, code: number, debug: string): void {
    this.counters.goaway_sent++;
    // Sections are cited with a sign that ASCII lacks.
    writeGoaway(this.sink.out, lastStreamId, code, debug.replaceAll("§", ""));
    this.sink.scheduleFlush();
  }

  /** Tells a sink once that its exchange failed. */
  protected tellFault(stream: Http2Stream, fault: ProtocolFault): void {
    if (stream.faulted || !this.hears(stream)) return;
    stream.faulted = true;
    stream.sink.onFault(fault);
  }

  /** Sends RST_STREAM and closes the stream. */
  protected resetStream(stream: Http2Stream, code: number): void {
    stream.state = StreamState.Closed;
    if (!this.detach(stream, Ending.LocalReset)) return;
    this.writeReset(stream.streamId, code);
  }

  /** Takes a closed stream out of everything but its owner's hands; false: it was out. */
  protected detach(stream: Http2Stream, ending: number): boolean {
    if (!this.streams.delete(stream.streamId)) return false;
    this.closed.remember(stream.streamId, ending);
    this.sender.drop(stream);
    if (!this.stopped) this.window.unhold(stream, false);
    return true;
  }

  private maySend(stream: Http2Stream): boolean {
    return !this.stopped && stream.state !== StreamState.Closed;
  }

  private writeReset(streamId: number, code: number): void {
    this.counters.tx_reset++;
    writeRstStream(this.sink.out, streamId, code);
    this.answered();
  }

  private endSent(stream: Http2Stream): void {
    stream.state = transition(stream.state, StreamEvent.SendEnd);
    if (stream.state === StreamState.Closed) this.finishIfClosed(stream);
    else this.onHalfClosedLocal(stream);
  }

  /** Tells every sink. */
  protected abandon(fault: ProtocolFault): void {
    for (const stream of this.streams.list()) {
      stream.state = StreamState.Closed;
      this.detach(stream, Ending.LocalReset);
      this.tellFault(stream, fault);
      this.settle(stream);
    }
  }

  private countFlood(details: string): void {
    const key = details.slice("http2.".length);
    if (key in this.counters) this.counters[key as keyof Http2Counters]++;
  }
}
