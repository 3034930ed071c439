// The client's half of HTTP/2: streams out, responses in, what the server allows and takes back. Made by upstream pools and probes.
import { ErrorCode, type ProtocolFault } from "../fault.ts";
import { type HeaderList, releaseHeaderList } from "../header-list.ts";
import { H } from "../header-names.ts";
import type { ByteSink, ClientCodec, ClientEvents, MessageSink, MessageWriter } from "../message.ts";
import { Ending } from "./closed-streams.ts";
import { Http2Connection } from "./connection.ts";
import type { Http2Counters } from "./counters.ts";
import { ABOVE_GOAWAY, ENDED, goawayFault, malformedFault } from "./faults.ts";
import { FrameDispatch } from "./frame-dispatch.ts";
import { FrameReader } from "./frame-reader.ts";
import { ownSettings, SettingId, writeSettings } from "./frames/settings.ts";
import { BlockKind } from "./head-builder.ts";
import type { Pinger } from "./keepalive.ts";
import { INT31_MAX } from "./limits.ts";
import type { Http2Options } from "./options.ts";
import { CLIENT_PREFACE } from "./preface.ts";
import { Http2Stream } from "./stream.ts";
import { StreamState } from "./stream-state.ts";

/** What a client's codec offers beyond the contract. */
export interface Http2ClientCodec extends ClientCodec, Pinger {
  readonly counters: Http2Counters;
  /** Whether the server's SETTINGS allow extended CONNECT (RFC 8441 §3). */
  readonly peerAllowsConnect: boolean;
}

/** A client on one connection. Preface and SETTINGS are in `sink.out` at once, so the first request leaves in the same write. */
export function createH2Client(sink: ByteSink, options: Http2Options, events: ClientEvents): Http2ClientCodec {
  return new Http2Client(sink, options, events);
}

class Http2Client extends Http2Connection implements Http2ClientCodec {
  readonly peerMayAllowPush = false;
  peerAllowsConnect: boolean = false;
  private readonly events: ClientEvents;
  private readonly dispatch: FrameDispatch;
  private readonly reader: FrameReader;
  private nextStreamId = 1;
  private streamsMax: number;
  private draining = false;
  private goawayCode: number = ErrorCode.NoError;
  /** Streams without a head yet, and so without an id: one at most, but while a caller waits between the two calls. */
  private readonly unsent: Http2Stream[] = [];

  constructor(sink: ByteSink, options: Http2Options, events: ClientEvents) {
    super(sink, options);
    this.events = events;
    this.streamsMax = options.concurrentStreamsMax;
    this.dispatch = new FrameDispatch(this);
    this.reader = new FrameReader(this.dispatch);
    sink.out.reserve(CLIENT_PREFACE.length);
    sink.out.bytes.set(CLIENT_PREFACE, sink.out.end);
    sink.out.end += CLIENT_PREFACE.length;
    writeSettings(sink.out, [[SettingId.EnablePush, 0], ...ownSettings(options)]);
    this.window.announce();
    sink.scheduleFlush();
  }

  receive(bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    if (this.stopped) return;
    this.nowMs = nowMs;
    this.flood.tick(nowMs);
    this.reader.receive(bytes, start, end);
    if (!this.pumpDue || this.stopped) return;
    this.pumpDue = false;
    this.sender.pump();
  }

  override connectionLost(fault: ProtocolFault): void {
    super.connectionLost(this.goawayCode === ErrorCode.NoError ? fault : goawayFault(this.goawayCode));
  }

  receiveEnd(): void {
    if (this.stopped) return;
    this.connectionLost(ENDED);
    this.events.onConnectionDone(ENDED);
  }

  open(sink: MessageSink): MessageWriter {
    const stream = new Http2Stream(this, sink, 0);
    this.slots++;
    this.unsent.push(stream);
    return stream;
  }

  canOpen(): boolean {
    return !this.stopped && !this.draining && this.slots < this.streamsMax && this.nextStreamId <= INT31_MAX;
  }

  override sendHead(stream: Http2Stream, head: HeaderList, end: boolean): void {
    this.dropUnsent(stream);
    if (this.stopped || this.draining) {
      stream.state = StreamState.Closed;
      this.tellFault(stream, ABOVE_GOAWAY);
      this.settle(stream);
      return;
    }
    stream.streamId = this.nextStreamId;
    this.nextStreamId += 2;
    stream.openedMs = this.nowMs;
    stream.sendWindow = this.sender.initialWindow;
    stream.recvWindow = this.window.initialStreamBytes;
    stream.isHead = isHead(head);
    this.streams.add(stream);
    this.flood.streamsOpened++;
    super.sendHead(stream, head, end);
  }

  onBlock(
    streamId: number,
    endStream: boolean,
    selfDependent: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      if (this.blocks.decode(BlockKind.Discard, bytes, start, end)) this.lateFrame(streamId, false);
    } else if (stream.headReceived) {
      this.blocks.receiveTrailers(stream, endStream, bytes, start, end);
    } else if (this.blocks.decode(BlockKind.Response, bytes, start, end)) {
      const fault = this.blocks.judge();
      if (fault !== null) this.failStream(stream, fault);
      else this.onResponse(stream, endStream, selfDependent);
    }
  }

  onPeerSetting(id: number, value: number): void {
    if (id === SettingId.EnableConnectProtocol) this.peerAllowsConnect = value === 1;
    if (id !== SettingId.MaxConcurrentStreams) return;
    this.streamsMax = Math.min(value, this.options.concurrentStreamsMax);
    this.events.onCapacity(this.streamsMax);
  }

  onPeerGoaway(lastStreamId: number, code: number): void {
    this.draining = true;
    for (const stream of this.streams.list()) {
      if (stream.streamId <= lastStreamId) continue;
      stream.state = StreamState.Closed;
      this.detach(stream, Ending.LocalReset);
      this.tellFault(stream, ABOVE_GOAWAY);
      this.settle(stream);
    }
    this.failUnsent(ABOVE_GOAWAY);
    this.events.onDraining(lastStreamId, code);
    this.goawayCode = code;
    this.endWhenIdle();
  }

  acceptPeerReset(): boolean {
    return true;
  }

  isIdle(streamId: number): boolean {
    return (streamId & 1) === 0 || streamId >= this.nextStreamId;
  }

  isBeyondGoaway(): boolean {
    return false;
  }

  mustHaveHead(stream: Http2Stream): boolean {
    return !stream.headReceived;
  }

  protected hears(stream: Http2Stream): boolean {
    return !stream.recvEnded;
  }

  protected settle(stream: Http2Stream): void {
    if (stream.released || (stream.state !== StreamState.Closed && stream.streamId !== 0)) return;
    stream.released = true;
    stream.ownerDone = true;
    this.dropUnsent(stream);
    this.slots--;
    this.events.onExchangeDone(stream.streamId, !this.draining && !this.stopped);
    if (this.draining) this.endWhenIdle();
  }

  protected onHalfClosedLocal(): void {
    // The response is still to come.
  }

  protected override abandon(fault: ProtocolFault): void {
    super.abandon(fault);
    this.failUnsent(fault);
  }

  protected lastPeerStreamId(): number {
    return 0;
  }

  protected tellDone(fault: ProtocolFault | null): void {
    this.events.onConnectionDone(fault);
  }

  private onResponse(stream: Http2Stream, endStream: boolean, selfDependent: boolean): void {
    const head = this.blocks.builder.take();
    const status = head.status;
    const interim = status < 200;
    const length = hasNoBody(stream, status) ? -1 : this.blocks.builder.contentLength;
    if (selfDependent || status === 101 || (interim && endStream) || (endStream && length > 0)) {
      releaseHeaderList(head);
      this.failStream(stream, malformedFault(endStream && !interim ? "§8.1.1" : "§8.1"));
      return;
    }
    if (interim) {
      stream.sink.onInterim(head);
      return;
    }
    stream.headReceived = true;
    stream.bodyLeft = hasNoBody(stream, status) ? 0 : length;
    if (endStream) this.endReceived(stream);
    stream.sink.onHead(head, endStream);
    if (endStream) this.finishIfClosed(stream);
  }

  private dropUnsent(stream: Http2Stream): void {
    const { unsent } = this;
    const at = unsent.lastIndexOf(stream);
    if (at < 0) return;
    const last = unsent.pop() as Http2Stream;
    if (last !== stream) unsent[at] = last;
  }

  private failUnsent(fault: ProtocolFault): void {
    for (const stream of [...this.unsent]) {
      stream.state = StreamState.Closed;
      this.tellFault(stream, fault);
      this.settle(stream);
    }
  }

  private endWhenIdle(): void {
    if (this.slots > 0 || this.stopped) return;
    this.stopped = true;
    this.events.onConnectionDone(null);
  }
}

function isHead(head: HeaderList): boolean {
  const at = head.find(H.PSEUDO_METHOD);
  return at >= 0 && head.valueIs(at, HEAD);
}

/** RFC 9110 §6.4.1: these carry a content-length of what they would have sent. */
function hasNoBody(stream: Http2Stream, status: number): boolean {
  return stream.isHead || status === 204 || status === 304;
}

const HEAD: Uint8Array = Buffer.from("HEAD", "latin1");
