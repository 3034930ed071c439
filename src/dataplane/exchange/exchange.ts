// The life of one request: one phase machine between the client's codec below it and the router beside it. Implements the codec's sink
// for the request; what goes back to the client is in response-side.ts. Taken from a free list, so nothing of a request may stay in it.
import { ErrorCode, type ProtocolFault } from "../../protocol/fault.ts";
import { type HeaderList, releaseHeaderList } from "../../protocol/header-list.ts";
import type { MessageSink, MessageWriter } from "../../protocol/message.ts";
import { recordValue } from "../../telemetry/histogram.ts";
import { HTTP } from "../../telemetry/http-stats.ts";
import { add, count } from "../../telemetry/stats-add.ts";
import { Chain } from "../filters/chain.ts";
import { Step } from "../filters/filter.ts";
import type { PassOutput } from "../filters/pass.ts";
import type { LoggedSource, LogType } from "../routing/log-filter.ts";
import type { Route } from "../routing/route-table.ts";
import type { Span, TracedRequest } from "../tracing/tracer.ts";
import type { ConnectionManager } from "./connection-manager.ts";
import { exchangeOperator, withFlag } from "./exchange-format.ts";
import type { ExchangeOwner } from "./exchange-owner.ts";
import { FilterFace } from "./filter-face.ts";
import { type LocalReply, protocolReply } from "./local-reply.ts";
import { BACKED_UP_BYTES } from "./memory-budget.ts";
import { enterHead, enterRoute, Phase, selectRoute } from "./phases.ts";
import { RequestHash } from "./request-hash.ts";
import type { RequestTraits } from "./request-headers.ts";
import { ResponseSide } from "./response-side.ts";
import { Router } from "./router.ts";
import type { RouterHost } from "./router-host.ts";
import { StreamTimers, type TimedStream } from "./stream-timers.ts";
import { Tunnel } from "./tunnel.ts";
import { FREE_EXCHANGES_MAX } from "./worker-context.ts";

/** One request with its response. */
export class Exchange implements MessageSink, RouterHost, RequestTraits, TimedStream, LoggedSource, TracedRequest {
  manager: ConnectionManager;
  owner: ExchangeOwner | null = null;
  writer: MessageWriter | null = null;
  phase: Phase = Phase.Idle;
  request: HeaderList | null = null;
  requestEnded: boolean = false;
  requestEndMs: number = -1;
  startMs: number = 0;
  startWallMs: number = 0;
  bytesReceived: number = 0;
  clientAddress: string = "";
  isInternal: boolean = false;
  isGrpc: boolean = false;
  isHealthCheck: boolean = false;
  wantsContinue: boolean = false;
  upgrade: string = "";
  tunnel: Tunnel | null = null;
  randomNumber: number = 0;
  /** Response flags with commas between; empty: none. */
  flags: string = "";
  /** Response code details; empty: the upstream's answer. */
  details: string = "";
  /** Whether the rest of the request will not come although it is answered: it broke the protocol or its head took too long. */
  cutShort: boolean = false;
  logType: LogType = "DownstreamEnd";
  readonly router: Router;
  readonly response: ResponseSide;
  readonly timers: StreamTimers;
  chain: Chain | null = null;
  hashing: RequestHash | null = null;
  /** What filters said of the request, by namespace; null: nothing. */
  metadata: Map<string, Map<string, unknown>> | null = null;
  /** Null: this request is not traced. */
  span: Span | null = null;
  private face: FilterFace | null = null;
  private spareChain: Chain | null = null;
  private routeKnown = false;
  private isPaused = false;
  private readonly toUpstream: PassOutput = {
    data: (bytes, start, end, last) => this.router.sendData(bytes, start, end, last),
    trailers: (trailers) => this.router.sendTrailers(trailers),
  };

  constructor(manager: ConnectionManager) {
    this.manager = manager;
    this.router = new Router(this, manager);
    this.response = new ResponseSide(this);
    this.timers = new StreamTimers(this);
  }

  /** A message begins on a connection; its head comes next, or the fault of its head. */
  begin(manager: ConnectionManager, owner: ExchangeOwner, writer: MessageWriter): void {
    this.manager = manager;
    this.owner = owner;
    this.writer = writer;
    this.phase = Phase.Head;
    this.startMs = owner.readMs;
    if (!manager.logs.isEmpty || manager.tracer !== null) this.startWallMs = manager.worker.services.clock.wallMs();
    this.clientAddress = owner.peer.remoteAddress;
    const { stats } = manager;
    count(stats, HTTP.at.downstream_rq_total);
    count(stats, owner.protocol === "http1" ? HTTP.at.downstream_rq_http1_total : HTTP.at.downstream_rq_http2_total);
    add(stats, HTTP.at.downstream_rq_active, 1);
  }

  // The loop: every phase answers next, parked or reply. Only a reply or an answer of the upstream leads to Respond.

  private run(): void {
    while (this.phase < Phase.Upstream) {
      if (this.enter(this.phase) !== Step.Next) return;
      this.phase = (this.phase + 1) as Phase;
    }
    if (this.phase === Phase.Upstream) this.router.forward();
  }

  private enter(phase: Phase): Step {
    switch (phase) {
      case Phase.Head:
        return enterHead(this);
      case Phase.Filters:
        if (this.chain !== null) return this.chain.decode.resume();
        if (this.manager.filters.isEmpty) return Step.Next;
        return this.beginChain();
      case Phase.Route:
        return enterRoute(this);
      case Phase.Idle:
      case Phase.Upstream:
      case Phase.Respond:
      case Phase.Done:
        return Step.Parked;
    }
  }

  // The request, from the codec.

  onHead(head: HeaderList, end: boolean): void {
    this.request = head;
    this.randomNumber = this.manager.worker.services.random.next32();
    if (end) this.endRequest(this.startMs);
    this.timers.start();
    this.run();
  }

  onData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    this.bytesReceived += end - start;
    if (last) this.endRequest(this.readMs());
    if (this.phase >= Phase.Respond && this.settle()) return;
    this.timers.touch();
    const { chain } = this;
    if (chain === null) this.router.sendData(bytes, start, end, last);
    else {
      chain.decode.data(bytes, start, end, last, this.toUpstream);
      if (chain.decode.takeResume()) this.resumeDecode();
      else if (!last && chain.decode.isFull()) this.onRequestPressure(true);
    }
    if (last) this.router.onRequestEnd();
  }

  onTrailers(trailers: HeaderList): void {
    this.endRequest(this.readMs());
    if (this.phase >= Phase.Respond && this.settle()) {
      releaseHeaderList(trailers);
      return;
    }
    this.timers.touch();
    if (this.chain === null) this.router.sendTrailers(trailers);
    else {
      this.chain.decode.end(trailers, this.toUpstream);
      if (this.chain?.decode.takeResume() === true) this.resumeDecode();
    }
    this.router.onRequestEnd();
  }

  onInterim(head: HeaderList): void {
    releaseHeaderList(head); // a server's codec has none
  }

  onWritable(): void {
    this.response.onWritable();
  }

  onFault(fault: ProtocolFault): void {
    if (this.phase === Phase.Idle) return;
    this.requestEnded = true; // nothing more comes
    if (this.settle()) return;
    if (isClientsFault(fault)) this.owner?.onProtocolFault(fault);
    if (fault.status !== 0 && !this.response.headSent) {
      if (fault.kind === "head_timeout") count(this.manager.stats, HTTP.at.downstream_rq_header_timeout);
      this.cutShort = fault.kind !== "missing_host";
      this.giveUp(protocolReply(fault));
      return;
    }
    count(this.manager.stats, HTTP.at.downstream_rq_rx_reset);
    this.addFlag(fault.kind === "connection_closed" ? "DC" : fault.kind === "remote_reset" ? "DR" : "DPE");
    this.details = fault.details;
    this.router.abandon(ErrorCode.Cancel);
    this.writer?.reset(ErrorCode.Cancel);
    this.complete();
  }

  // For filters (through filter-face.ts), the router, the timers and the response side.

  route(): Route | null {
    if (!this.routeKnown) {
      this.router.route = selectRoute(this);
      this.routeKnown = true;
    }
    return this.router.route;
  }

  clearRoute(): void {
    this.routeKnown = false;
    this.router.chosen = null;
    this.hashing?.forget();
  }

  reply(answer: LocalReply, change?: (head: HeaderList) => void): Step {
    return this.response.local(answer, "", change);
  }

  setMetadata(namespace: string, key: string, value: unknown): void {
    this.metadata ??= new Map();
    const values = this.metadata.get(namespace) ?? new Map<string, unknown>();
    this.metadata.set(namespace, values.set(key, value));
  }

  resumeDecode(): void {
    if (this.phase === Phase.Filters) this.run();
    if (this.phase !== Phase.Upstream || this.chain === null) return;
    this.chain.decode.release(this.toUpstream);
    if (this.requestEnded) this.router.onRequestEnd();
    if (this.isPaused && this.chain?.decode.waitingBytes() === 0) this.onRequestPressure(false);
  }

  get protocol(): "http1" | "http2" {
    return (this.owner as ExchangeOwner).protocol;
  }

  get endsWithHead(): boolean {
    return this.requestEnded && this.chain?.decode.hasWaiting() !== true;
  }

  nowMs(): number {
    return this.manager.worker.services.clock.nowMs();
  }

  giveUp(answer: LocalReply): void {
    if (this.phase !== Phase.Done && this.phase !== Phase.Idle) this.response.local(answer, "");
  }

  breakResponse(flag: string, details: string): void {
    this.addFlag(flag);
    this.details = details;
    this.response.breakOff();
  }

  onRequestPressure(isBackedUp: boolean): void {
    if (this.isPaused === isBackedUp || this.phase === Phase.Done) return;
    this.isPaused = isBackedUp;
    const { stats, worker } = this.manager;
    worker.budget.heldBytes += isBackedUp ? BACKED_UP_BYTES : -BACKED_UP_BYTES;
    count(
      stats,
      isBackedUp
        ? HTTP.at.downstream_flow_control_paused_reading_total
        : HTTP.at.downstream_flow_control_resumed_reading_total,
    );
    if (isBackedUp) this.writer?.pauseSource();
    else this.writer?.resumeSource();
  }

  get hash(): RequestHash {
    this.hashing ??= new RequestHash(this);
    return this.hashing;
  }

  addFlag(flag: string): void {
    this.flags = withFlag(this.flags, flag);
  }

  /** The client may have its tunnel, if the upstream grants it. `endsHere`: a CONNECT whose bytes go on as they are. */
  beginTunnel(endsHere: boolean): void {
    const { stats, worker } = this.manager;
    this.tunnel = new Tunnel(this.upgrade, endsHere, this.protocol, worker.services.random);
    count(stats, HTTP.at.downstream_cx_upgrades_total);
    add(stats, HTTP.at.downstream_cx_upgrades_active, 1);
  }

  enterRespond(): void {
    this.phase = Phase.Respond;
  }

  onResponseEnd(): void {
    if (!this.requestEnded) this.router.abandon(ErrorCode.NoError);
    // Envoy resets a stream whose request is not whole, and counts that as if it had received the reset.
    if (!this.requestEnded || this.cutShort || this.tunnel !== null)
      count(this.manager.stats, HTTP.at.downstream_rq_rx_reset);
    this.complete();
  }

  operator(name: string, args: readonly string[]): string | undefined {
    return exchangeOperator(this, name, args);
  }

  /** The end of the exchange, whatever it was: counted, logged, given back. */
  complete(): void {
    if (this.phase === Phase.Done || this.phase === Phase.Idle) return;
    const { manager, owner } = this;
    this.phase = Phase.Done;
    this.timers.stop();
    recordValue(manager.requestTimes, Math.round(this.nowMs() - this.startMs));
    add(manager.stats, HTTP.at.downstream_rq_active, -1);
    if (this.tunnel !== null) add(manager.stats, HTTP.at.downstream_cx_upgrades_active, -1);
    if (this.isPaused) {
      manager.worker.budget.heldBytes -= BACKED_UP_BYTES;
      // What is left of the request is read and thrown away, or the connection ends: either way nobody waits for us.
      if (!this.requestEnded) this.writer?.resumeSource();
    }
    if (this.isHealthCheck) count(manager.stats, HTTP.at["tracing.health_check"]);
    if (!manager.logs.isEmpty) manager.logs.write(this, "DownstreamEnd");
    if (this.span !== null) this.span.end();
    if (this.chain !== null) this.endChain(this.chain);
    this.router.clear();
    this.response.clear();
    this.tunnel = null;
    if (this.request !== null) releaseHeaderList(this.request);
    this.request = null;
    this.writer = null;
    this.owner = null;
    owner?.onExchangeOver(this.requestEnded && !this.cutShort);
    if (this.requestEnded) this.recycle();
  }

  /** Makes the filters of this request and shows them its head. */
  private beginChain(): Step {
    const { filters, worker } = this.manager;
    this.face ??= new FilterFace(this);
    const chain = this.spareChain ?? new Chain(worker.budget);
    this.spareChain = chain;
    if (!chain.begin(filters.isPlain ? filters.base.makers : this.face.filters().makers, this.face)) return Step.Next;
    this.chain = chain;
    return chain.decode.head(this.request as HeaderList, this.requestEnded);
  }

  /** The chain is kept for the next request, its face is not: a filter may have kept that. */
  private endChain(chain: Chain): void {
    chain.done();
    this.chain = null;
    this.face?.detach();
    this.face = null;
  }

  private endRequest(nowMs: number): void {
    this.requestEnded = true;
    this.requestEndMs = nowMs;
    this.timers.onRequestEnd();
  }

  /** Monotonic time of the bytes that are being read. */
  private readMs(): number {
    return this.owner === null ? this.startMs : this.owner.readMs;
  }

  /** Whether the exchange is over and the codec only told its rest; then it is given back. */
  private settle(): boolean {
    if (this.phase !== Phase.Done) return false;
    if (this.requestEnded) this.recycle();
    return true;
  }

  /** Back to the free list: neither side calls any more. */
  private recycle(): void {
    this.phase = Phase.Idle;
    this.requestEnded = false;
    this.requestEndMs = -1;
    this.bytesReceived = 0;
    this.isInternal = false;
    this.isGrpc = false;
    this.isHealthCheck = false;
    this.wantsContinue = false;
    this.upgrade = "";
    this.flags = "";
    this.details = "";
    this.cutShort = false;
    this.metadata = null;
    this.hashing?.clear();
    this.span = null;
    this.routeKnown = false;
    this.isPaused = false;
    const { free } = this.manager.worker;
    if (free.length < FREE_EXCHANGES_MAX) free.push(this);
  }
}

/** Whether the client broke the protocol, rather than went away. */
function isClientsFault(fault: ProtocolFault): boolean {
  return fault.kind !== "connection_closed" && fault.kind !== "remote_reset" && fault.kind !== "head_timeout";
}
