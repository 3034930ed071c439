// The server's half of HTTP/2: preface, requests in, slots, graceful GOAWAY. Made by dataplane/exchange for a downstream connection.
import { ErrorCode, type ProtocolFault } from "../fault.ts";
import type { ByteSink, MessageSink, ServerCodec, ServerEvents } from "../message.ts";
import { Http2Connection } from "./connection.ts";
import type { Http2Counters } from "./counters.ts";
import { ENDED, malformedFault } from "./faults.ts";
import { FrameDispatch } from "./frame-dispatch.ts";
import { FrameReader } from "./frame-reader.ts";
import { writeGoaway } from "./frames/control.ts";
import { FrameType } from "./frames/frame.ts";
import { ownSettings, SettingId, writeSettings } from "./frames/settings.ts";
import { BlockKind } from "./head-builder.ts";
import type { Pinger } from "./keepalive.ts";
import { INT31_MAX } from "./limits.ts";
import type { Http2Options } from "./options.ts";
import { CLIENT_PREFACE } from "./preface.ts";
import { Http2Stream } from "./stream.ts";
import { StreamEvent, transition } from "./stream-state.ts";

/** What a server's codec offers beyond the contract. */
export interface Http2ServerCodec extends ServerCodec, Pinger {
  readonly counters: Http2Counters;
}

/**
 * A server on one connection. Our SETTINGS are in `sink.out` at once. An exchange's slot is free when both its halves are over, or, once
 * it was reset or failed, when its owner ended or reset the writer.
 */
export function createH2Server(sink: ByteSink, options: Http2Options, events: ServerEvents): Http2ServerCodec {
  return new Http2Server(sink, options, events);
}

class Http2Server extends Http2Connection implements Http2ServerCodec {
  readonly peerMayAllowPush = true;
  private readonly events: ServerEvents;
  private readonly dispatch: FrameDispatch;
  private readonly reader: FrameReader;
  private prefaceSeen = 0;
  private lastStreamId = 0;
  /** Streams above are not looked at: set by the final GOAWAY. */
  private acceptedMax = INT31_MAX;
  private leaving = false;
  private headSinceMs = -1;

  constructor(sink: ByteSink, options: Http2Options, events: ServerEvents) {
    super(sink, options);
    this.events = events;
    this.dispatch = new FrameDispatch(this);
    this.reader = new FrameReader(this.dispatch);
    writeSettings(sink.out, [
      [SettingId.MaxConcurrentStreams, options.concurrentStreamsMax],
      ...ownSettings(options),
      ...(options.allowConnect ? [[SettingId.EnableConnectProtocol, 1] as const] : []),
    ]);
    this.window.announce();
    sink.scheduleFlush();
  }

  receive(bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    if (this.stopped) return;
    this.nowMs = nowMs;
    this.flood.tick(nowMs);
    const at = this.prefaceSeen < CLIENT_PREFACE.length ? this.readPreface(bytes, start, end) : start;
    this.reader.receive(bytes, at, end);
    if (this.pumpDue && !this.stopped) {
      this.pumpDue = false;
      this.sender.pump();
    }
    const inHead =
      this.dispatch.awaitingSettings || this.dispatch.inBlock || this.reader.partialType === FrameType.Headers;
    if (!inHead) this.headSinceMs = -1;
    else if (this.headSinceMs < 0) this.headSinceMs = nowMs;
  }

  receiveEnd(): void {
    if (this.stopped) return;
    // HTTP/2 has no half-closed connections: without a client to update windows nothing can be finished.
    this.stopped = true;
    this.abandon(ENDED);
    this.events.onConnectionDone(ENDED);
  }

  drain(final: boolean): void {
    if (this.stopped || this.leaving) return;
    if (!final) {
      // A notice, which is not counted, as in Envoy.
      writeGoaway(this.sink.out, INT31_MAX, ErrorCode.NoError, "");
      this.sink.scheduleFlush();
      return;
    }
    this.leaving = true;
    this.acceptedMax = this.lastStreamId;
    this.goaway(this.lastStreamId, ErrorCode.NoError, "");
    this.endWhenIdle();
  }

  endStalled(): number {
    let ended = 0;
    let allWait = true;
    let floods = false;
    for (const stream of this.streams.list()) {
      if (!stream.waits()) allWait = false;
      else if (stream.ownerDone) {
        ended++;
        this.resetStream(stream, ErrorCode.InternalError);
        this.settle(stream);
        floods = this.flood.stallFloods() || floods;
      }
      stream.hasMoved = false;
    }
    if (this.flood.stallGoesOn(allWait) || floods) this.failFlood(STALLED);
    return ended;
  }

  isSuspect(): boolean {
    return this.flood.isSuspect();
  }

  override resetByOwner(stream: Http2Stream, code: number, idle: boolean): void {
    const held = !this.stopped && stream.queue !== null && stream.queue.length > 0;
    super.resetByOwner(stream, code, idle);
    if (!held) return;
    // What ended for another reason may have moved all the time; only a client that takes nothing from now on is to blame for it.
    if (!idle) this.flood.suspect();
    else if (this.flood.stallFloods()) this.failFlood(STALLED);
  }

  headStartedMs(): number {
    return this.headSinceMs;
  }

  onBlock(
    streamId: number,
    endStream: boolean,
    selfDependent: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const open = this.streams.get(streamId);
    if (open !== undefined) {
      this.blocks.receiveTrailers(open, endStream, bytes, start, end);
      return;
    }
    if ((streamId & 1) === 0) {
      this.failWith(ErrorCode.ProtocolError, "§5.1.1");
      return;
    }
    const late = streamId <= this.lastStreamId || streamId > this.acceptedMax;
    const full = this.slots >= this.options.concurrentStreamsMax;
    if (!this.blocks.decode(late || full ? BlockKind.Discard : BlockKind.Request, bytes, start, end)) return;
    if (late) {
      this.lateFrame(streamId, false);
      return;
    }
    this.lastStreamId = streamId;
    if (full) {
      this.counters.stream_refused_errors++;
      this.refuse(streamId, ErrorCode.RefusedStream);
      return;
    }
    let fault = this.blocks.judge();
    if (fault === null && (selfDependent || (endStream && this.blocks.builder.contentLength > 0))) {
      this.blocks.builder.discard();
      fault = malformedFault(selfDependent ? "§5.3.1" : "§8.1.1");
    }
    this.startExchange(streamId, endStream, fault);
  }

  onPeerSetting(): void {
    // What is left of SETTINGS tells a client's limits on pushes and on response heads, which a proxy cannot shorten.
  }

  onPeerGoaway(): void {
    // The client opens nothing more and closes when it has its answers.
    this.leaving = true;
    this.endWhenIdle();
  }

  acceptPeerReset(stream: Http2Stream): boolean {
    return !this.flood.earlyResetFloods(this.nowMs - stream.openedMs) && !this.flood.resetFloods();
  }

  isIdle(streamId: number): boolean {
    return (streamId & 1) === 0 || streamId > this.lastStreamId;
  }

  isBeyondGoaway(streamId: number): boolean {
    return (streamId & 1) === 1 && streamId > this.acceptedMax;
  }

  mustHaveHead(): boolean {
    return false;
  }

  protected hears(stream: Http2Stream): boolean {
    return !(stream.ownerDone && stream.recvEnded);
  }

  protected settle(stream: Http2Stream): void {
    if (stream.released || !stream.ownerDone) return;
    stream.released = true;
    this.slots--;
    this.events.onExchangeDone(stream.streamId);
    if (this.leaving) this.endWhenIdle();
  }

  protected onHalfClosedLocal(stream: Http2Stream): void {
    // RFC 9113 §8.1: the response is complete without the rest of the request, which the client need not send.
    this.resetStream(stream, ErrorCode.NoError);
    this.settle(stream);
  }

  protected override detach(stream: Http2Stream, ending: number): boolean {
    const open = super.detach(stream, ending);
    if (open) this.flood.streamEnded();
    return open;
  }

  protected lastPeerStreamId(): number {
    return this.lastStreamId;
  }

  protected tellDone(fault: ProtocolFault | null): void {
    this.events.onConnectionDone(fault);
  }

  private readPreface(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && this.prefaceSeen < CLIENT_PREFACE.length) {
      if (bytes[at++] === CLIENT_PREFACE[this.prefaceSeen++]) continue;
      this.failWith(ErrorCode.ProtocolError, "§3.4");
      return end;
    }
    return at;
  }

  private startExchange(streamId: number, endStream: boolean, fault: ProtocolFault | null): void {
    const stream = new Http2Stream(this, NO_SINK, streamId);
    stream.state = transition(stream.state, StreamEvent.RecvHeaders);
    stream.openedMs = this.nowMs;
    stream.sendWindow = this.sender.initialWindow;
    stream.recvWindow = this.window.initialStreamBytes;
    if (fault === null && !this.blocks.builder.plainConnect) stream.bodyLeft = this.blocks.builder.contentLength;
    this.streams.add(stream);
    this.slots++;
    this.flood.streamsOpened++;
    if (endStream) this.endReceived(stream);
    const head = fault === null ? this.blocks.builder.take() : null;
    stream.sink = this.events.onExchange(stream);
    if (head !== null) stream.sink.onHead(head, endStream);
    else if (fault !== null && fault.status !== 0) this.tellFault(stream, fault);
    else if (fault !== null) this.failStream(stream, fault);
  }

  private endWhenIdle(): void {
    if (this.slots > 0 || this.stopped) return;
    this.stopped = true;
    this.events.onConnectionDone(null);
  }
}

/** What a client did that asks for much and takes nothing. */
const STALLED = "stalled_streams_flood";

/** Stands in until `onExchange` has answered. */
const NO_SINK: MessageSink = {
  onHead: () => {},
  onInterim: () => {},
  onData: () => {},
  onTrailers: () => {},
  onFault: () => {},
  onWritable: () => {},
};
