// The server's side of one HTTP/1 connection: requests in, one at a time and in order, answers out. Owned by a downstream connection
// (dataplane/exchange), which feeds it bytes and receives exchanges. It never closes the socket itself and never looks at a clock.
import type { ProtocolFault } from "../fault.ts";
import type { HeaderList } from "../header-list.ts";
import { type ByteSink, type MessageSink, QUEUED_HIGH_BYTES, type ServerCodec, type ServerEvents } from "../message.ts";
import { AnswerWriter } from "./answer-writer.ts";
import { BodyReader } from "./body-reader.ts";
import { type Http1Counters, newHttp1Counters } from "./counters.ts";
import { DOWNSTREAM_CLOSED, LENGTH_NOT_KEPT, LOCAL_RESET, unanswered } from "./faults.ts";
import { asksClose } from "./framing.ts";
import { HeadParser } from "./head-parser.ts";
import type { Http1Options } from "./options.ts";
import { HeldBytes, ReadGate } from "./read-gate.ts";
import { type AnswerPath, ServerExchange } from "./server-exchange.ts";

/** The HTTP/1 server codec, with what only HTTP/1 can do. */
export interface Http1ServerCodec extends ServerCodec {
  /**
   * Ends the head that is being received with this fault, as if its bytes were wrong: the owner's request-head timeout (408).
   * Does nothing when no head is being received.
   */
  failHead(fault: ProtocolFault): void;
  /** What the connection has counted. */
  readonly counters: Readonly<Http1Counters>;
}

/** Makes the server codec of one connection; `sink` takes its bytes, `events` its exchanges. */
export function createH1Server(sink: ByteSink, options: Http1Options, events: ServerEvents): Http1ServerCodec {
  return new ServerConnection(sink, options, events);
}

/** What is being read now. `Held`: nothing, until the answer is written or a tunnel opens. */
const Phase = { Head: 0, Body: 1, Held: 2, Closed: 3 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];

class ServerConnection implements Http1ServerCodec, AnswerPath {
  readonly protocol = "http1";
  readonly counters: Http1Counters = newHttp1Counters();
  private readonly sink: ByteSink;
  private readonly options: Http1Options;
  private readonly events: ServerEvents;
  private readonly head: HeadParser;
  private readonly body: BodyReader;
  private readonly writer: AnswerWriter;
  private readonly gate: ReadGate;
  private readonly held: HeldBytes = new HeldBytes();
  private phase: Phase = Phase.Head;
  private exchange: ServerExchange | null = null;
  private exchanges = 0;
  /** No exchange after the open one. */
  private closing = false;
  /** What the connection ends with. */
  private wrong: ProtocolFault | null = null;
  /** `run` is on the stack and goes on by itself. */
  private running = false;
  private headMs = -1;
  private nowMs = 0;

  constructor(sink: ByteSink, options: Http1Options, events: ServerEvents) {
    this.sink = sink;
    this.options = options;
    this.events = events;
    this.head = new HeadParser("request", options, this.counters);
    this.body = new BodyReader(options, this.counters);
    this.writer = new AnswerWriter(sink, options);
    this.gate = new ReadGate(sink);
  }

  receive(bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    if (this.held.length > 0) {
      // One read ahead is kept without a word; with the second the peer has to wait.
      this.held.append(bytes, start, end);
      this.gate.pauseForHeld(true);
      return;
    }
    this.nowMs = nowMs;
    const pos = this.run(bytes, start, end);
    if (pos < end && this.phase === Phase.Held && this.keepsWhatFollows()) this.held.append(bytes, pos, end);
  }

  receiveEnd(): void {
    const exchange = this.exchange;
    if (exchange === null) {
      if (this.phase !== Phase.Closed) this.close();
      return;
    }
    if (this.phase === Phase.Body && this.body.finish(exchange.sink as MessageSink)) {
      if (this.phase === Phase.Body) this.phase = Phase.Held;
      return;
    }
    // Envoy's reading of a half-closed connection: the client has gone.
    exchange.sink?.onFault(DOWNSTREAM_CLOSED);
    if (this.exchange === exchange) this.end(exchange, DOWNSTREAM_CLOSED);
  }

  connectionLost(fault: ProtocolFault): void {
    const exchange = this.exchange;
    this.exchange = null;
    this.stop();
    if (exchange === null) return;
    exchange.sink?.onFault(unanswered(fault));
    this.events.onExchangeDone(exchange.streamId);
  }

  onDrain(): void {
    this.exchange?.drained();
  }

  drain(_final: boolean): void {
    if (this.phase === Phase.Closed) return;
    this.closing = true;
    if (!this.running) this.closeWhenIdle();
  }

  openExchanges(): number {
    return this.exchange === null ? 0 : 1;
  }

  headStartedMs(): number {
    return this.headMs;
  }

  failHead(fault: ProtocolFault): void {
    if (this.phase === Phase.Head && this.head.started) this.refuse(fault);
  }

  writeHead(exchange: ServerExchange, list: HeaderList, end: boolean): void {
    if (exchange !== this.exchange || exchange.headSent) return;
    exchange.headSent = true;
    if (exchange.opensTunnel(list.status)) {
      this.openTunnel(exchange, list, end);
      return;
    }
    // An answer that begins before its request is over leaves the rest unread: Envoy closes too, and says so.
    exchange.closes = this.closing || !this.body.ended || exchange.tunnelPending || asksClose(list);
    if (this.writer.head(exchange, list, end)) this.closing = true;
    if (end) this.end(exchange, this.writer.body.finish() ? null : LENGTH_NOT_KEPT);
  }

  writeInterim(exchange: ServerExchange, list: HeaderList): void {
    if (exchange !== this.exchange || exchange.headSent || exchange.minor === 0) return;
    this.writer.interim(list);
  }

  writeData(exchange: ServerExchange, bytes: Uint8Array, start: number, end: number, last: boolean): void {
    if (exchange !== this.exchange || !exchange.headSent) return;
    const kept = this.writer.body.write(bytes, start, end);
    if (last || !kept) this.end(exchange, this.writer.body.finish() && kept ? null : LENGTH_NOT_KEPT);
  }

  writeTrailers(exchange: ServerExchange, trailers: HeaderList): void {
    if (exchange !== this.exchange || !exchange.headSent) return;
    this.end(exchange, this.writer.body.finishWithTrailers(trailers) ? null : LENGTH_NOT_KEPT);
  }

  reset(exchange: ServerExchange): void {
    if (exchange === this.exchange) this.end(exchange, LOCAL_RESET);
  }

  isBackedUp(exchange: ServerExchange): boolean {
    if (exchange !== this.exchange || this.sink.queuedBytes() < QUEUED_HIGH_BYTES) return false;
    exchange.backedUp = true;
    return true;
  }

  pause(exchange: ServerExchange, paused: boolean): void {
    if (exchange === this.exchange) this.gate.pauseForExchange(paused);
  }

  private run(bytes: Uint8Array, start: number, end: number): number {
    let pos = start;
    this.running = true;
    while (pos < end) {
      if (this.phase === Phase.Head) {
        pos = this.readHead(bytes, pos, end);
      } else if (this.phase === Phase.Body) {
        const exchange = this.exchange as ServerExchange;
        pos = this.body.feed(bytes, pos, end, exchange.sink as MessageSink);
        if (this.exchange === exchange) this.afterBody(exchange);
      } else break;
    }
    this.running = false;
    if (this.closing) this.closeWhenIdle();
    return pos;
  }

  private runHeld(): void {
    const held = this.held;
    const pos = this.run(held.bytes, held.start, held.bytes.length);
    if (this.phase === Phase.Closed || !this.keepsWhatFollows()) held.clear();
    else held.advanceTo(pos);
    if (held.length === 0) this.gate.pauseForHeld(false);
  }

  private readHead(bytes: Uint8Array, start: number, end: number): number {
    const head = this.head;
    const pos = head.feed(bytes, start, end);
    if (head.fault !== null) {
      this.refuse(head.fault);
    } else if (head.done) {
      this.headMs = -1;
      this.open(head.take());
    } else if (this.headMs < 0) {
      this.headMs = this.nowMs;
    }
    return pos;
  }

  private open(list: HeaderList): void {
    const facts = this.head.facts;
    const exchange = this.begin();
    exchange.learn(facts);
    if (facts.close || (facts.minor === 0 && !facts.keepAlive)) this.closing = true;
    if (facts.chunked) this.body.startChunked();
    else this.body.startLength(Math.max(facts.contentLength, 0));
    const ended = this.body.ended;
    this.phase = ended ? Phase.Held : Phase.Body;
    exchange.sink = this.events.onExchange(exchange);
    // Behind a tunnel's request comes no other request whatever the answer is, so the message is not over.
    exchange.sink.onHead(list, ended && !exchange.tunnelPending);
  }

  /** A head that is no request: somebody still has to answer it. */
  private refuse(fault: ProtocolFault): void {
    this.head.drop();
    this.headMs = -1;
    this.stopReading(fault);
    const exchange = this.begin();
    exchange.minor = this.head.facts.minor === 0 && this.options.acceptHttp10 ? 0 : 1;
    exchange.sink = this.events.onExchange(exchange);
    exchange.sink.onFault(fault);
  }

  private begin(): ServerExchange {
    const exchange = new ServerExchange(this, ++this.exchanges);
    this.exchange = exchange;
    return exchange;
  }

  private afterBody(exchange: ServerExchange): void {
    const fault = this.body.fault;
    if (fault !== null) {
      this.stopReading(fault);
      exchange.sink?.onFault(exchange.headSent ? unanswered(fault) : fault);
      // Nobody can answer any more when the answer has begun.
      if (exchange.headSent && this.exchange === exchange) this.end(exchange, fault);
    } else if (this.body.ended && this.phase === Phase.Body) {
      this.phase = Phase.Held;
    }
  }

  private stopReading(fault: ProtocolFault): void {
    this.wrong = fault;
    this.closing = true;
    this.phase = Phase.Held;
    this.body.stop();
  }

  private openTunnel(exchange: ServerExchange, list: HeaderList, end: boolean): void {
    this.writer.tunnelHead(exchange, list);
    exchange.tunnelPending = false;
    this.closing = true;
    this.body.startUntilClose();
    this.phase = Phase.Body;
    if (end) this.end(exchange, null);
    else if (!this.running && this.held.length > 0) this.runHeld();
  }

  /** The answer is over: so is the exchange, and the connection too unless the request was read to its end. */
  private end(exchange: ServerExchange, fault: ProtocolFault | null): void {
    this.wrong ??= fault;
    const reusable = !this.closing && this.wrong === null && this.body.ended && !exchange.tunnelPending;
    this.exchange = null;
    this.gate.pauseForExchange(false);
    if (reusable) this.phase = Phase.Head;
    else this.stop();
    this.events.onExchangeDone(exchange.streamId);
    if (!reusable) this.events.onConnectionDone(this.wrong);
    else if (!this.running && this.held.length > 0) this.runHeld();
  }

  /** Whether bytes behind the open exchange's request matter: as the next request, or as the first of a tunnel. */
  private keepsWhatFollows(): boolean {
    return !this.closing || this.exchange?.tunnelPending === true;
  }

  private closeWhenIdle(): void {
    if (this.phase === Phase.Head && !this.head.started && this.held.length === 0) this.close();
  }

  private close(): void {
    this.stop();
    this.events.onConnectionDone(this.wrong);
  }

  private stop(): void {
    this.phase = Phase.Closed;
    this.headMs = -1;
    this.head.drop();
    this.body.stop();
    this.held.clear();
    this.gate.pauseForHeld(false);
  }
}
