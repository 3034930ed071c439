// The life of one request: one phase machine between the client's codec below it and the router beside it. Implements the codec's sink
// for the request; what goes back to the client is in response-side.ts. Taken from a free list, so nothing of a request may stay in it.
import type { InternalRedirectPlan } from "../../config/plan/internal-redirect.ts";
import { ErrorCode, type ProtocolFault } from "../../protocol/fault.ts";
import { type HeaderList, releaseHeaderList } from "../../protocol/header-list.ts";
import type { MessageSink, MessageWriter } from "../../protocol/message.ts";
import { HTTP } from "../../telemetry/http-stats.ts";
import type { LoggedSource, LogType } from "../../telemetry/log-filter.ts";
import { count } from "../../telemetry/stats-add.ts";
import type { Chain } from "../filters/chain.ts";
import { Step } from "../filters/filter.ts";
import type { PassOutput } from "../filters/pass.ts";
import type { Route } from "../routing/route-table.ts";
import type { Span } from "../tracing/request-span.ts";
import type { TracedRequest } from "../tracing/traced-request.ts";
import type { ConnectionManager } from "./connection-manager.ts";
import { exchangeGrpcStatus, exchangeMetadata, exchangeOperator, withFlag } from "./exchange-format.ts";
import type { ExchangeOwner } from "./exchange-owner.ts";
import { followRedirect, type RedirectHistory } from "./internal-redirect.ts";
import { type LocalReply, protocolReply } from "./local-reply.ts";
import { enterAgain, enterHead, enterRoute, Phase, selectRoute } from "./phases.ts";
import { RequestFilters } from "./request-filters.ts";
import { RequestHash } from "./request-hash.ts";
import type { RequestTraits } from "./request-headers.ts";
import { RequestPause } from "./request-pause.ts";
import { ResponseSide } from "./response-side.ts";
import { beginRound, endRound } from "./round-account.ts";
import { Router } from "./router.ts";
import type { RouterHost } from "./router-host.ts";
import { StreamTimers, type TimedStream } from "./stream-timers.ts";
import type { Tunnel } from "./tunnel.ts";
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
  /** When its latest round began: a followed redirect is another one. */
  roundMs: number = 0;
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
  /** Null: no redirect of an upstream was followed or refused. */
  redirected: RedirectHistory | null = null;
  /** The body of a round after the first, until it is shown to filters and router. */
  private keptBody: Uint8Array | null = null;
  private readonly filters: RequestFilters = new RequestFilters(this);
  private readonly pause: RequestPause = new RequestPause(this);
  private routeKnown = false;
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
    this.roundMs = owner.readMs;
    if (manager.tellsStart) this.startWallMs = manager.worker.services.clock.wallMs();
    this.clientAddress = owner.peer.remoteAddress;
    beginRound(this);
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
        return this.filters.begin();
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
    this.passOn(bytes, start, end, last);
  }

  private passOn(bytes: Uint8Array, start: number, end: number, last: boolean): void {
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
    if (this.pause.isOn && this.chain?.decode.waitingBytes() === 0) this.onRequestPressure(false);
  }

  get protocol(): "http1" | "http2" {
    return (this.owner as ExchangeOwner).protocol;
  }

  get endsWithHead(): boolean {
    return this.requestEnded && this.keptBody === null && this.chain?.decode.hasWaiting() !== true;
  }

  nowMs(): number {
    return this.manager.worker.services.clock.nowMs();
  }

  giveUp(answer: LocalReply): void {
    if (this.phase !== Phase.Done && this.phase !== Phase.Idle) this.response.local(answer, "");
  }

  redirects(answer: HeaderList, plan: InternalRedirectPlan): boolean {
    return followRedirect(this, plan, answer);
  }

  /** Another round with the head as it is now: filters, route and upstream anew. `body`: all of it; null: none. */
  again(body: Uint8Array | null): void {
    endRound(this);
    if (this.chain !== null) this.filters.end(this.chain);
    this.onRequestPressure(false);
    this.router.abandon(ErrorCode.Cancel);
    this.router.clear();
    this.response.clear();
    this.forgetRound();
    this.roundMs = this.nowMs();
    this.requestEndMs = this.roundMs;
    this.randomNumber = this.manager.worker.services.random.next32();
    this.phase = Phase.Head;
    this.keptBody = body;
    beginRound(this);
    this.timers.start();
    if (enterAgain(this) === Step.Next) {
      this.phase = Phase.Filters;
      this.run();
    }
    const { keptBody } = this; // null when the round is over
    this.keptBody = null;
    if (keptBody === null) return;
    this.bytesReceived += keptBody.length; // as Envoy
    this.passOn(keptBody, 0, keptBody.length, true);
  }

  breakResponse(flag: string, details: string): void {
    this.addFlag(flag);
    this.details = details;
    this.response.breakOff();
  }

  onRequestPressure(isBackedUp: boolean): void {
    if (this.phase !== Phase.Done) this.pause.set(isBackedUp);
  }

  get hash(): RequestHash {
    this.hashing ??= new RequestHash(this);
    return this.hashing;
  }

  addFlag(flag: string): void {
    this.flags = withFlag(this.flags, flag);
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

  typed(name: string, args: readonly string[]): unknown {
    return exchangeMetadata(this, name, args);
  }

  grpcStatus(): number {
    return exchangeGrpcStatus(this);
  }

  /** The end of the exchange, whatever it was: counted, logged, given back. */
  complete(): void {
    if (this.phase === Phase.Done || this.phase === Phase.Idle) return;
    const { owner } = this;
    this.phase = Phase.Done;
    endRound(this);
    this.pause.end();
    if (this.chain !== null) this.filters.end(this.chain);
    this.router.clear();
    this.response.clear();
    this.tunnel = null;
    if (this.request !== null) releaseHeaderList(this.request);
    this.request = null;
    this.writer = null;
    this.owner = null;
    this.keptBody = null;
    owner?.onExchangeOver(this.requestEnded && !this.cutShort);
    if (this.requestEnded) this.recycle();
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
    this.wantsContinue = false;
    this.upgrade = "";
    this.cutShort = false;
    this.redirected = null;
    this.forgetRound();
    const { free } = this.manager.worker;
    if (free.length < FREE_EXCHANGES_MAX) free.push(this);
  }

  private forgetRound(): void {
    this.isHealthCheck = false;
    this.flags = "";
    this.details = "";
    this.metadata = null;
    this.hashing?.clear();
    this.span = null;
    this.routeKnown = false;
  }
}

/** Whether the client broke the protocol, rather than went away. */
function isClientsFault(fault: ProtocolFault): boolean {
  return fault.kind !== "connection_closed" && fault.kind !== "remote_reset" && fault.kind !== "head_timeout";
}
