// One request on its way to one cluster: asks for a stream, keeps the body until there is one, moves bytes both ways, and tells its
// owner (the router) what came back. An attempt is one `start`; a stream of a pooled connection that had died unnoticed is replaced
// by another one without an attempt being counted. Knows no timeouts and no response codes.
import { ErrorCode, fault as makeFault, type ProtocolFault } from "../../protocol/fault.ts";
import { type HeaderList, releaseHeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import type { MessageSink, MessageWriter } from "../../protocol/message.ts";
import type { Cluster, Endpoint, OpenFailure, UpstreamRequest, UpstreamStream } from "../upstream/upstream.ts";
import { BODY_BUFFER_HIGH_BYTES, BodyBuffer } from "./body-buffer.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import { pump } from "./pump.ts";

/** Where a call is. `opening`: no stream yet; `open`: no byte of the response yet; `responding`: its head came; `over`: nothing more comes. */
const Phase = { Idle: 0, Opening: 1, Open: 2, Responding: 3, Over: 4 } as const;

/** Who started the call. */
export interface CallOwner {
  /** A stream is open: the last change of the head before it is written. */
  onCallOpen(stream: UpstreamStream): void;
  /** No stream could be opened. */
  onCallFailed(failure: OpenFailure): void;
  /** The open stream ended before the response was complete. `responded`: its head had come. */
  onCallFault(fault: ProtocolFault, responded: boolean): void;
  /** A stale pooled connection was replaced. */
  onCallReopened(): void;
  onResponseInterim(head: HeaderList): void;
  onResponseHead(head: HeaderList, end: boolean): void;
  onResponseData(bytes: Uint8Array, start: number, end: number, last: boolean): void;
  onResponseTrailers(trailers: HeaderList): void;
  /** The request's source is to be paused or resumed: the upstream takes no more. */
  onRequestPressure(isBackedUp: boolean): void;
}

/** The upstream half of an exchange; reused for its attempts and by later exchanges. */
export class UpstreamCall implements MessageSink, UpstreamRequest {
  priority: "default" | "high" = "default";
  downstreamProtocol: "http1" | "http2" = "http1";
  attempted: Endpoint[] = [];
  readonly sink: MessageSink;
  /** The endpoint of the stream, or the one that failed; null while none was picked. */
  endpoint: Endpoint | null = null;
  /** The open stream. */
  stream: UpstreamStream | null = null;
  private readonly owner: CallOwner;
  private readonly body: BodyBuffer;
  private phase: number = Phase.Idle;
  private cluster: Cluster | null = null;
  private head: HeaderList | null = null;
  private writer: MessageWriter | null = null;
  /** Whether the request's end, with or without trailers, is known. */
  private requestEnded = false;
  private trailers: HeaderList | null = null;
  /** Whether everything of the request is in `head`, `body` and `trailers`, so that it can be sent again. */
  private isWhole = false;
  private isIdempotent = false;
  private reopens = 0;
  private isPressed = false;

  constructor(owner: CallOwner, budget: MemoryBudget) {
    this.owner = owner;
    this.body = new BodyBuffer(budget);
    this.sink = this;
  }

  /** For clusters with auto_sni. */
  authority(): string {
    return this.head?.value(H.PSEUDO_AUTHORITY) ?? "";
  }

  /** Asks the cluster for a stream. The head stays the caller's and must live until the call is over. */
  start(cluster: Cluster, head: HeaderList, end: boolean, isIdempotent: boolean): void {
    this.cluster = cluster;
    this.head = head;
    this.requestEnded = end;
    this.isWhole = true;
    this.isIdempotent = isIdempotent;
    this.phase = Phase.Opening;
    cluster.open(this);
  }

  /** Body bytes of the request. */
  sendData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    this.requestEnded = last;
    if (this.phase === Phase.Opening) {
      this.body.append(bytes, start, end);
      if (!last && this.body.length >= BODY_BUFFER_HIGH_BYTES) this.press();
    } else if (this.writer !== null) {
      this.isWhole = false;
      if (pump(this.writer, bytes, start, end, last)) this.press();
    }
  }

  /** Trailers of the request; the list belongs to the call. */
  sendTrailers(trailers: HeaderList): void {
    this.requestEnded = true;
    if (this.phase === Phase.Opening) {
      this.trailers = trailers;
      return;
    }
    this.isWhole = false;
    this.writer?.writeTrailers(trailers);
    releaseHeaderList(trailers);
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
    else if (phase !== Phase.Over || !this.requestEnded) this.writer?.reset(code);
    this.letGo();
  }

  /** Forgets everything: the exchange is over. */
  clear(): void {
    this.letGo();
    this.phase = Phase.Idle;
    this.cluster = null;
    this.endpoint = null;
    this.stream = null;
    if (this.attempted.length > 0) this.attempted = [];
    this.reopens = 0;
    this.isPressed = false;
  }

  onOpen(stream: UpstreamStream): void {
    const head = this.head as HeaderList;
    this.stream = stream;
    this.endpoint = stream.endpoint;
    this.writer = stream.writer;
    this.phase = Phase.Open;
    this.owner.onCallOpen(stream);
    const { writer } = stream;
    const { length } = this.body;
    const endsHere = this.requestEnded && this.trailers === null;
    writer.writeHead(head, endsHere && length === 0);
    if (this.writer !== writer) return;
    if (length > 0) writer.writeData(this.body.view(), 0, length, endsHere);
    if (this.trailers !== null) writer.writeTrailers(this.trailers);
    if (!this.requestEnded) {
      this.isWhole = false;
      this.body.clear();
      if (this.isPressed && !writer.isBackedUp()) this.release();
    }
  }

  onOpenFailed(failure: OpenFailure): void {
    this.phase = Phase.Over;
    if (failure.endpoint !== null) {
      this.endpoint = failure.endpoint;
      this.attempted.push(failure.endpoint);
    }
    this.letGo();
    this.owner.onCallFailed(failure);
  }

  onHead(head: HeaderList, end: boolean): void {
    if (this.phase !== Phase.Open) {
      releaseHeaderList(head);
      return;
    }
    this.phase = Phase.Responding;
    this.isWhole = false;
    this.body.clear();
    if (head.status === 101) {
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
    if (this.isPressed && this.phase !== Phase.Opening) this.release();
  }

  /**
   * A connection that had answered before may have been closed by the peer while the request was on its way (RFC 9112 §9.3.1, §9.6):
   * the whole request may be sent again when it is idempotent, or when the peer said that it did not look at it.
   */
  private mayReopen(fault: ProtocolFault): boolean {
    const { stream } = this;
    if (!this.isWhole || this.reopens >= REOPENS_MAX || stream === null || !stream.reused) return false;
    return fault.retrySafe || (fault.kind === "connection_closed" && this.isIdempotent && stream.unanswered);
  }

  private reopen(): void {
    this.reopens++;
    this.phase = Phase.Opening;
    this.writer = null;
    this.stream = null;
    this.owner.onCallReopened();
    this.cluster?.open(this);
  }

  private end(fault: ProtocolFault, responded: boolean): void {
    this.phase = Phase.Over;
    if (this.endpoint !== null) this.attempted.push(this.endpoint);
    this.letGo();
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
    if (this.trailers !== null) releaseHeaderList(this.trailers);
    this.trailers = null;
  }
}

/** Stale pooled connections that one attempt may meet before it counts as failed. */
const REOPENS_MAX = 5;

const UNASKED_SWITCH: ProtocolFault = makeFault("codec_error", "unexpected_101", {
  scope: "stream",
  cite: "RFC 9110 §15.2.2",
});
