// One request on its way to one cluster: asks for a stream, keeps the body until there is one, moves bytes both ways, and tells its
// owner (the router) what came back. An attempt is one `start` or `again`; a stream of a pooled connection that had died unnoticed is
// replaced by another one without an attempt being counted. Knows no timeouts, no response codes and no reason to try again.
import type { Bits64 } from "../../base/bits64.ts";
import type { MetadataMatchPlan } from "../../config/plan/subset.ts";
import { ErrorCode, type ProtocolFault } from "../../protocol/fault.ts";
import { type HeaderList, releaseHeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import type { MessageSink, MessageWriter } from "../../protocol/message.ts";
import type { Cluster, Endpoint, OpenFailure, UpstreamRequest, UpstreamStream } from "../upstream/upstream.ts";
import type { CallOwner, RetryHosts } from "./call-owner.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import { pump } from "./pump.ts";
import { RequestBody } from "./request-body.ts";
import { type Tunnel, UNASKED_SWITCH } from "./tunnel.ts";

/**
 * Where a call is. `waiting`: between two attempts; `opening`: no stream yet; `open`: no byte of the response yet; `responding`: its head
 * came; `over`: nothing more comes unless the owner says `wait`.
 */
const Phase = { Idle: 0, Waiting: 1, Opening: 2, Open: 3, Responding: 4, Over: 5 } as const;

/** The upstream half of an exchange; reused for its attempts and by later exchanges. */
export class UpstreamCall implements MessageSink, UpstreamRequest {
  priority: "default" | "high" = "default";
  downstreamProtocol: "http1" | "http2" = "http1";
  hash: Bits64 | null = null; // set before `start`
  metadataMatch: MetadataMatchPlan | null = null; // the same, for clusters with subsets
  readonly sink: MessageSink;
  endpoint: Endpoint | null = null; // of the stream, or the one that failed; null while none was picked
  stream: UpstreamStream | null = null; // the open one
  tunnel: Tunnel | null = null; // what the request asks for besides an answer; null: nothing. Set before `start`
  private readonly owner: CallOwner;
  readonly body: RequestBody;
  private hosts: RetryHosts | null = null; // which endpoints this attempt avoids; null: none, as the first one does
  private tried: Endpoint[] = [];
  private phase: number = Phase.Idle;
  private cluster: Cluster | null = null;
  private head: HeaderList | null = null;
  private writer: MessageWriter | null = null;
  private isIdempotent = false;
  private reopens = 0;
  private isPressed = false;

  constructor(owner: CallOwner, budget: MemoryBudget) {
    this.owner = owner;
    this.body = new RequestBody(budget);
    this.sink = this;
  }

  /** For clusters with auto_sni. */
  authority(): string {
    return this.head?.value(H.PSEUDO_AUTHORITY) ?? "";
  }

  get repicksMax(): number {
    return this.hosts?.repicksMax ?? 0;
  }

  avoids(endpoint: Endpoint): boolean {
    if (this.hosts === null) return false;
    return (this.hosts.avoidsCanaries && endpoint.isCanary) || this.tried.includes(endpoint);
  }

  /**
   * Asks the cluster for a stream. The head stays the caller's and must live until the call is over. `keptBytesMax`: how much of the body
   * is kept so that `again` can send it; -1: there is no `again`.
   */
  start(cluster: Cluster, head: HeaderList, end: boolean, isIdempotent: boolean, keptBytesMax: number): void {
    this.cluster = cluster;
    this.head = head;
    this.body.begin(end, keptBytesMax);
    this.isIdempotent = isIdempotent;
    this.ask(cluster);
  }

  /** Gives up the attempt, what it got and what it was asked for; body that comes is kept. Another one begins by `again`. */
  wait(): void {
    const { phase } = this;
    this.phase = Phase.Waiting;
    if (phase === Phase.Opening) this.cluster?.cancel(this);
    else if (phase !== Phase.Over || !this.body.ended) this.writer?.reset(ErrorCode.Cancel);
    this.writer = null;
  }

  /** The next attempt. */
  again(cluster: Cluster, hosts: RetryHosts | null): void {
    if (hosts?.avoidsTriedHosts && this.endpoint !== null) this.tried.push(this.endpoint);
    this.cluster = cluster;
    this.hosts = hosts;
    this.endpoint = null;
    this.stream = null;
    this.ask(cluster);
  }

  /** There is no other attempt: what was sent is kept no longer. */
  settle(): void {
    if (this.phase === Phase.Opening) this.body.stopKeeping();
    else this.body.forgetSent();
  }

  /** Body bytes of the request. */
  sendData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    const { body, phase } = this;
    body.ended = last;
    if (phase === Phase.Opening || phase === Phase.Waiting) {
      if (!body.hold(bytes, start, end)) this.owner.onBodyTooLarge(phase === Phase.Waiting);
      if (!last && body.isFull && this.phase === phase) this.press();
    } else if (this.writer !== null) {
      if (!body.pass(bytes, start, end)) this.owner.onBodyTooLarge(false);
      if (pump(this.writer, bytes, start, end, last)) this.press();
    }
  }

  /** Trailers of the request; the list belongs to the call. */
  sendTrailers(trailers: HeaderList): void {
    const isHeld = this.phase === Phase.Opening || this.phase === Phase.Waiting;
    this.body.ended = true;
    this.writer?.writeTrailers(trailers);
    this.body.end(trailers, !isHeld);
  }

  pauseResponse(): void {
    this.writer?.pauseSource();
  }

  resumeResponse(): void {
    this.writer?.resumeSource();
  }

  /** Whether no byte of a response has come. */
  awaitsResponse(): boolean {
    return this.phase === Phase.Opening || this.phase === Phase.Open;
  }

  /** Whether the next attempt is to come. */
  isWaiting(): boolean {
    return this.phase === Phase.Waiting;
  }

  /** Whether there is a stream and no byte of a response has come. */
  isOpen(): boolean {
    return this.phase === Phase.Open;
  }

  /** Whether it was started and is not over. */
  isAlive(): boolean {
    return this.phase !== Phase.Idle && this.phase !== Phase.Over;
  }

  /** Ends the call without another word to the owner; the endpoint stays readable. Harmless when it is over. */
  abandon(code: number): void {
    const { phase } = this;
    if (phase === Phase.Idle) return;
    this.phase = Phase.Over;
    if (phase === Phase.Opening) this.cluster?.cancel(this);
    // After a complete response only a request that is not is still open.
    else if (phase !== Phase.Over || !this.body.ended) this.writer?.reset(code);
    this.letGo();
  }

  /** Forgets everything: the exchange is over. */
  clear(): void {
    this.letGo();
    this.phase = Phase.Idle;
    this.cluster = null;
    this.endpoint = null;
    this.stream = null;
    this.hosts = null;
    this.tunnel = null;
    this.hash = null;
    this.metadataMatch = null;
    if (this.tried.length > 0) this.tried = [];
    this.reopens = 0;
    this.isPressed = false;
  }

  onOpen(stream: UpstreamStream): void {
    const { body } = this;
    const head = this.head as HeaderList;
    this.stream = stream;
    this.endpoint = stream.endpoint;
    this.writer = stream.writer;
    this.phase = Phase.Open;
    this.owner.onCallOpen(stream);
    const { writer } = stream;
    if (this.tunnel === null) writer.writeHead(head, body.isHeadOnly);
    else this.tunnel.writeHead(writer, head, stream.protocol);
    if (this.writer !== writer) return;
    body.sendTo(writer);
    if (!body.ended && this.isPressed && !writer.isBackedUp()) this.release();
  }

  onOpenFailed(failure: OpenFailure): void {
    this.phase = Phase.Over;
    if (failure.endpoint !== null) this.endpoint = failure.endpoint;
    this.owner.onCallFailed(failure);
  }

  onHead(head: HeaderList, end: boolean): void {
    if (this.phase !== Phase.Open) {
      releaseHeaderList(head);
      return;
    }
    this.phase = Phase.Responding;
    if (this.tunnel !== null) this.tunnel.undress(head, this.stream?.protocol ?? "raw");
    if (head.status === 101 && this.tunnel === null) {
      // Nobody asked to switch: what follows is not HTTP, and must not reach the client as an answer.
      releaseHeaderList(head);
      this.writer?.reset(ErrorCode.ProtocolError);
      this.end(UNASKED_SWITCH, false);
      return;
    }
    if (end) this.phase = Phase.Over;
    this.owner.onResponseHead(head, end);
  }

  onInterim(head: HeaderList): void {
    if (this.phase === Phase.Open) this.owner.onResponseInterim(head);
    else releaseHeaderList(head);
  }

  onData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    if (this.phase !== Phase.Responding) return;
    if (last) this.phase = Phase.Over;
    this.owner.onResponseData(bytes, start, end, last);
  }

  onTrailers(trailers: HeaderList): void {
    if (this.phase !== Phase.Responding) {
      releaseHeaderList(trailers);
      return;
    }
    this.phase = Phase.Over;
    this.owner.onResponseTrailers(trailers);
  }

  onFault(fault: ProtocolFault): void {
    if (this.phase === Phase.Open && this.mayReopen(fault)) {
      this.reopen();
      return;
    }
    if (this.phase === Phase.Open || this.phase === Phase.Responding) this.end(fault, this.phase === Phase.Responding);
    // After a complete response the request's rest has nowhere to go: the owner ends the exchange by its own rule.
  }

  onWritable(): void {
    if (this.isPressed && this.phase >= Phase.Open) this.release();
  }

  /**
   * A connection that had answered before may have been closed by the peer while the request was on its way (RFC 9112 §9.3.1, §9.6):
   * the whole request may be sent again when it is idempotent, or when the peer said that it did not look at it.
   */
  private mayReopen(fault: ProtocolFault): boolean {
    const { stream } = this;
    if (!this.body.isWhole || this.reopens >= REOPENS_MAX || stream === null || !stream.reused) return false;
    return fault.retrySafe || (fault.kind === "connection_closed" && this.isIdempotent && stream.unanswered);
  }

  private reopen(): void {
    this.reopens++;
    this.writer = null;
    this.stream = null;
    this.owner.onCallReopened();
    if (this.cluster !== null) this.ask(this.cluster);
  }

  private ask(cluster: Cluster): void {
    this.phase = Phase.Opening;
    if (this.tunnel?.endsHere === true) cluster.openRaw(this);
    else cluster.open(this);
  }

  private end(fault: ProtocolFault, responded: boolean): void {
    this.phase = Phase.Over;
    this.writer = null;
    this.owner.onCallFault(fault, responded);
  }

  private press(): void {
    if (this.isPressed) return;
    this.isPressed = true;
    this.owner.onRequestPressure(true);
  }

  private release(): void {
    this.isPressed = false;
    this.owner.onRequestPressure(false);
  }

  private letGo(): void {
    this.writer = null;
    this.head = null;
    this.body.clear();
  }
}

/** Stale pooled connections that one attempt may meet before it counts as failed. */
const REOPENS_MAX = 5;
