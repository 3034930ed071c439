// The client's side of one HTTP/1 connection: a request out, its response in, then the next. Owned by a pool (dataplane/upstream) or a
// health probe, which feeds it bytes. It never closes the socket itself and never looks at a clock.
import { ErrorCode, type ProtocolFault } from "../fault.ts";
import { type HeaderList, releaseHeaderList } from "../header-list.ts";
import { H } from "../header-names.ts";
import {
  type ByteSink,
  type ClientCodec,
  type ClientEvents,
  type MessageSink,
  type MessageWriter,
  QUEUED_HIGH_BYTES,
} from "../message.ts";
import { BodyReader } from "./body-reader.ts";
import { BodyWriter, Framing } from "./body-writer.ts";
import { ClientCall, type RequestPath } from "./client-call.ts";
import { LENGTH_NOT_KEPT, LOCAL_RESET, malformed, UPSTREAM_CLOSED, UPSTREAM_CUT, unanswered } from "./faults.ts";
import { frameRequest } from "./framing.ts";
import { HeadParser } from "./head-parser.ts";
import { type HeadStyle, plainStyle, writeRequestHead } from "./head-writer.ts";
import { EARLY_HIGH_BYTES, INTERIM_RESPONSES_MAX } from "./limits.ts";
import type { Http1Options } from "./options.ts";
import { ReadGate } from "./read-gate.ts";

/** Makes the client codec of one connection; `sink` takes its bytes, `events` hears when it is free, draining or finished. */
export function createH1Client(sink: ByteSink, options: Http1Options, events: ClientEvents): ClientCodec {
  return new ClientConnection(sink, options, events);
}

/** What is being read now. `Idle`: nothing may come. */
const Phase = { Idle: 0, Head: 1, Body: 2, Closed: 3 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

class ClientConnection implements ClientCodec, RequestPath {
  readonly protocol = "http1";
  private readonly sink: ByteSink;
  private readonly events: ClientEvents;
  private readonly head: HeadParser;
  private readonly body: BodyReader;
  private readonly writer: BodyWriter;
  private readonly gate: ReadGate;
  private readonly style: HeadStyle;
  private phase: Phase = Phase.Idle;
  private call: ClientCall | null = null;
  private calls = 0;
  /** The response that is being read lets the connection live on. */
  private persistent = true;

  constructor(sink: ByteSink, options: Http1Options, events: ClientEvents) {
    this.sink = sink;
    this.events = events;
    this.head = new HeadParser("response", options);
    this.body = new BodyReader(options);
    this.writer = new BodyWriter(sink, options);
    this.gate = new ReadGate(sink);
    this.style = plainStyle(options.properCase);
  }

  open(sink: MessageSink): MessageWriter {
    if (!this.canOpen()) throw new Error("an HTTP/1 connection carries one exchange at a time");
    const call = new ClientCall(this, ++this.calls, sink);
    this.call = call;
    this.persistent = true;
    return call;
  }

  canOpen(): boolean {
    return this.call === null && this.phase === Phase.Idle;
  }

  openExchanges(): number {
    return this.call === null ? 0 : 1;
  }

  receive(bytes: Uint8Array, start: number, end: number, _nowMs: number): void {
    let pos = start;
    while (pos < end && this.phase !== Phase.Closed) {
      const call = this.call;
      if (call === null || this.phase === Phase.Idle) {
        // Nobody asked: whatever this answers, it is not the next request.
        this.break(UNASKED);
      } else if (this.phase === Phase.Head) {
        pos = this.readHead(call, bytes, pos, end);
      } else {
        pos = this.body.feed(bytes, pos, end, call.sink);
        if (this.call === call) this.afterBody(call, pos === end);
      }
    }
  }

  receiveEnd(): void {
    const call = this.call;
    if (this.phase === Phase.Closed) return;
    if (call === null) {
      this.close(null);
    } else if (this.phase === Phase.Body && this.body.finish(call.sink)) {
      if (this.call === call) this.finish(call, false, null);
    } else {
      this.break(this.phase === Phase.Body || this.head.started ? UPSTREAM_CUT : UPSTREAM_CLOSED);
    }
  }

  connectionLost(fault: ProtocolFault): void {
    const call = this.call;
    this.stop();
    if (call === null) return;
    this.call = null;
    call.sink.onFault(unanswered(fault));
    this.events.onExchangeDone(call.streamId, false);
  }

  onDrain(): void {
    const call = this.call;
    if (call === null || !call.backedUp || call.earlyBytes > EARLY_HIGH_BYTES) return;
    call.backedUp = false;
    call.sink.onWritable();
  }

  /** Sends the head of the request; called by the call's writer only. */
  writeHead(call: ClientCall, list: HeaderList, end: boolean): void {
    if (call !== this.call || call.headSent) return;
    call.headSent = true;
    const method = list.find(H.PSEUDO_METHOD);
    call.toHead = method >= 0 && list.valueIs(method, HEAD);
    call.toConnect = method >= 0 && list.valueIs(method, CONNECT);
    call.toUpgrade = asksUpgrade(list);
    this.phase = Phase.Head;
    const style = this.style;
    const framing = frameRequest(list, style, end || call.toTunnel);
    if (call.toTunnel) {
      style.upgrade = call.toUpgrade;
      style.contentLength = -1;
      style.framing = "";
    }
    this.writer.start(call.toTunnel ? Framing.None : framing, style.contentLength);
    writeRequestHead(this.sink.out, list, style);
    this.sink.scheduleFlush();
    if (end) this.endRequest(call, this.writer.finish());
  }

  writeData(call: ClientCall, bytes: Uint8Array, start: number, end: number, last: boolean): void {
    if (call !== this.call || !call.headSent || call.requestEnded) return;
    if (call.toTunnel && !call.tunnelOpen) {
      call.early ??= [];
      call.early.push(Buffer.from(bytes.subarray(start, end)));
      call.earlyBytes += end - start;
      call.earlyEnd ||= last;
      return;
    }
    const kept = this.writer.write(bytes, start, end);
    if (last || !kept) this.endRequest(call, this.writer.finish() && kept);
  }

  writeTrailers(call: ClientCall, trailers: HeaderList): void {
    if (call !== this.call || !call.headSent || call.requestEnded) return;
    this.endRequest(call, this.writer.finishWithTrailers(trailers));
  }

  reset(call: ClientCall): void {
    if (call === this.call) this.finish(call, false, LOCAL_RESET);
  }

  isBackedUp(call: ClientCall): boolean {
    if (call !== this.call) return false;
    if (this.sink.queuedBytes() < QUEUED_HIGH_BYTES && call.earlyBytes <= EARLY_HIGH_BYTES) return false;
    call.backedUp = true;
    return true;
  }

  pause(call: ClientCall, paused: boolean): void {
    if (call === this.call) this.gate.pauseForExchange(paused);
  }

  private readHead(call: ClientCall, bytes: Uint8Array, start: number, end: number): number {
    const head = this.head;
    const pos = head.feed(bytes, start, end);
    if (head.fault !== null) this.break(head.fault);
    else if (head.done) this.takeHead(call, head.take(), pos === end);
    return pos;
  }

  private takeHead(call: ClientCall, list: HeaderList, all: boolean): void {
    const status = list.status;
    const facts = this.head.facts;
    const tunnel = call.toConnect ? status >= 200 && status < 300 : call.toUpgrade && status === 101 && facts.upgrade;
    if (status < 200 && !tunnel) {
      // 101 that nobody asked for is no answer to anything.
      if (status === 101 || ++call.interims > INTERIM_RESPONSES_MAX || facts.chunked || facts.contentLength > 0) {
        this.refuse(list, BAD_INTERIM);
      } else {
        call.sink.onInterim(list);
      }
      return;
    }
    if (status === 204 && (facts.chunked || facts.contentLength > 0)) {
      this.refuse(list, BODY_IN_204);
      return;
    }
    this.persistent = !tunnel && facts.minor === 1 && !facts.close;
    if (tunnel) this.body.startUntilClose();
    else if (call.toHead || status === 204 || status === 304) this.body.startLength(0);
    else if (facts.chunked) this.body.startChunked();
    else if (facts.contentLength >= 0) this.body.startLength(facts.contentLength);
    else this.body.startUntilClose();
    if (this.body.untilClose) this.persistent = false;
    if (status === 204) list.remove(H.CONTENT_LENGTH);
    this.phase = Phase.Body;
    if (!this.persistent) this.events.onDraining(call.streamId, ErrorCode.NoError);
    // Before its owner hears of it: it may have more to send at once.
    if (tunnel) this.openTunnel(call);
    call.sink.onHead(list, this.body.ended);
    if (this.call !== call) return;
    if (!tunnel) this.afterBody(call, all);
    else if (this.sink.queuedBytes() < QUEUED_HIGH_BYTES) this.onDrain();
  }

  private afterBody(call: ClientCall, all: boolean): void {
    if (this.body.fault !== null) this.break(this.body.fault);
    // A response that came before its request was out leaves the rest unsent, so the connection cannot carry another.
    else if (this.body.ended) this.finish(call, this.persistent && call.requestEnded && all, all ? null : UNASKED);
  }

  private openTunnel(call: ClientCall): void {
    call.tunnelOpen = true;
    this.writer.start(Framing.Raw, 0);
    for (const bytes of call.early ?? []) this.writer.write(bytes, 0, bytes.length);
    call.early = null;
    call.earlyBytes = 0;
    if (call.earlyEnd) this.endRequest(call, true);
  }

  private endRequest(call: ClientCall, kept: boolean): void {
    call.requestEnded = true;
    if (!kept) {
      this.break(LENGTH_NOT_KEPT);
    } else if (call.tunnelOpen) {
      // This direction of the tunnel is over; what the other end still has to say comes until its own end.
      this.sink.finish();
    }
  }

  /** The connection ends with this fault, and the open call with it. */
  private break(fault: ProtocolFault): void {
    const call = this.call;
    if (call === null) {
      this.close(fault);
      return;
    }
    this.stop();
    call.sink.onFault(unanswered(fault));
    if (this.call === call) this.finish(call, false, fault);
  }

  private refuse(list: HeaderList, fault: ProtocolFault): void {
    releaseHeaderList(list);
    this.break(fault);
  }

  private finish(call: ClientCall, reusable: boolean, fault: ProtocolFault | null): void {
    this.call = null;
    this.gate.pauseForExchange(false);
    if (reusable) this.phase = Phase.Idle;
    else this.stop();
    this.events.onExchangeDone(call.streamId, reusable);
    if (!reusable) this.events.onConnectionDone(fault);
  }

  private close(fault: ProtocolFault | null): void {
    this.stop();
    this.events.onConnectionDone(fault);
  }

  private stop(): void {
    this.phase = Phase.Closed;
    this.head.drop();
    this.body.stop();
  }
}

/** Whether a request asks for an upgrade: both fields, as its reader left them. */
function asksUpgrade(list: HeaderList): boolean {
  const at = list.find(H.CONNECTION);
  return at >= 0 && list.has(H.UPGRADE) && list.valueText(at).toLowerCase().includes("upgrade");
}

const UNASKED = malformed("RFC 9112 §9.2");
const BAD_INTERIM = malformed("RFC 9110 §15.2");
const BODY_IN_204 = malformed("RFC 9112 §6.3");
const HEAD = Buffer.from("HEAD", "latin1");
const CONNECT = Buffer.from("CONNECT", "latin1");
