// The way back to the client: answers of the upstream and local ones, through the filters, the connection manager's header rules and
// the codec. Half of an exchange, and reused with it.
import { ErrorCode } from "../../protocol/fault.ts";
import { acquireHeaderList, type HeaderList, releaseHeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { CLUSTER } from "../../telemetry/cluster-stats.ts";
import { HTTP } from "../../telemetry/http-stats.ts";
import { count } from "../../telemetry/stats-add.ts";
import { Step } from "../filters/filter.ts";
import type { PassOutput } from "../filters/pass.ts";
import { countStatus } from "./count-status.ts";
import type { Exchange } from "./exchange.ts";
import { localAnswer } from "./local-answer.ts";
import { type LocalReply, REPLIES } from "./local-reply.ts";
import { BACKED_UP_BYTES } from "./memory-budget.ts";
import { pump } from "./pump.ts";
import { ResponseThrottle } from "./response-throttle.ts";
import { grantedToHttp2 } from "./tunnel-heads.ts";

/** What of a response has gone down. */
export class ResponseSide implements PassOutput {
  /** The head, kept until the access log was written; null before. */
  head: HeaderList | null = null;
  /** Whether the head was given to the codec. */
  headSent: boolean = false;
  /** Status of the upstream's answer or of what was sent; 0 before. */
  status: number = 0;
  bytesSent: number = 0;
  grpcStatus: string | undefined = undefined;
  /** What went down behind the body, kept until the access log was written. */
  trailerList: HeaderList | null = null;
  private readonly exchange: Exchange;
  /** Whether the end was given to the codec. */
  private ended = false;
  private isPaused = false;
  private headEnds = false;
  /** Body of a local answer that waits for the filters to let its head pass. */
  private localBody: Uint8Array | null = null;
  /** A filter slows the body down; null: none does. */
  private throttle: ResponseThrottle | null = null;
  /** A local 400: the client's next request cannot be trusted either. */
  private refuses = false;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  /** Answers here. `location`: of a redirect, empty for none; `change` adds to the head. Always `Step.Reply`. */
  local(answer: LocalReply, location: string, change?: (head: HeaderList) => void): Step {
    const { exchange } = this;
    exchange.addFlag(answer.flag);
    exchange.details = answer.details;
    if (answer === REPLIES.requestTooLarge) count(exchange.manager.stats, HTTP.at.downstream_rq_too_large);
    if (answer === REPLIES.responseTooLarge) count(exchange.manager.stats, HTTP.at.rs_too_large);
    exchange.router.abandon(ErrorCode.Cancel);
    if (this.headSent) {
      this.breakOff(answer.details === REPLIES.streamIdleTimeout.details);
      return Step.Reply;
    }
    if (this.head !== null) this.forgetHead();
    const { head, body } = localAnswer(exchange, answer, location, change);
    this.refuses = answer.status === 400 && !exchange.manager.plan.streamErrorOnInvalidHttp;
    this.localBody = body;
    this.begin(head, body.length === 0);
    return Step.Reply;
  }

  /** 100 Continue, so that the client sends its body. */
  sendContinue(): void {
    const { exchange } = this;
    const head = acquireHeaderList();
    head.status = 100;
    countStatus(exchange, 100);
    exchange.writer?.writeInterim(head);
    releaseHeaderList(head);
  }

  /** An interim answer of the upstream; the list belongs to this. */
  interim(head: HeaderList): void {
    // A 100 of the upstream answers an `expect` that went through; otherwise the proxy has answered it.
    if (!this.headSent && (head.status !== 100 || this.exchange.manager.plan.proxy100Continue)) {
      countStatus(this.exchange, head.status);
      this.exchange.writer?.writeInterim(head);
    }
    releaseHeaderList(head);
  }

  /** The head of the answer; the list belongs to this. */
  begin(head: HeaderList, end: boolean): void {
    const { exchange } = this;
    this.head = head;
    this.headEnds = end;
    exchange.enterRespond();
    const step = exchange.chain === null ? Step.Next : exchange.chain.encode.head(head, end);
    if (step === Step.Next) this.sendHead();
    else if (step === Step.Parked) this.sendLocalBody();
  }

  /** A parked filter lets the response go on. */
  resume(): void {
    const { chain } = this.exchange;
    if (chain === null) return;
    if (!this.headSent) {
      if (chain.encode.resume() !== Step.Next) return;
      this.sendHead();
    } else if (chain.encode.resume() !== Step.Next) return;
    chain.encode.release(this);
    if (this.isPaused && this.exchange.writer?.isBackedUp() === false) this.onWritable();
  }

  /** Body bytes of the answer. */
  body(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    const { chain, timers } = this.exchange;
    if (!last) timers.touch();
    if (chain === null) {
      this.data(bytes, start, end, last);
      return;
    }
    chain.encode.data(bytes, start, end, last, this);
    if (chain.encode.takeResume()) this.resume();
    else if (!last && chain.encode.isFull()) this.pause();
  }

  /** Trailers of the answer; the list belongs to this. */
  end(trailers: HeaderList): void {
    const { chain } = this.exchange;
    if (chain === null) this.trailers(trailers);
    else {
      chain.encode.end(trailers, this);
      if (chain.encode.takeResume()) this.resume();
    }
  }

  /** The body goes to the client at no more than this rate. */
  limit(bytesPerSecond: number): void {
    const { budget, services } = this.exchange.manager.worker;
    this.throttle ??= new ResponseThrottle(services.wheel, budget, bytesPerSecond, {
      data: (bytes, start, end, last) => this.write(bytes, start, end, last),
      trailers: (trailers) => this.writeTrailers(trailers),
      isBackedUp: () => this.exchange.writer?.isBackedUp() === true,
      onPassed: () => {
        this.exchange.timers.touch();
        if (this.exchange.writer?.isBackedUp() === false) this.onWritable();
      },
    });
  }

  /** Bytes that all filters let pass. */
  data(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    const { throttle } = this;
    if (throttle === null) {
      this.write(bytes, start, end, last);
      return;
    }
    throttle.data(bytes, start, end, last);
    if (!last && throttle.isFull) this.pause();
  }

  /** Trailers that all filters let pass. */
  trailers(trailers: HeaderList): void {
    if (this.throttle === null) this.writeTrailers(trailers);
    else this.throttle.end(trailers);
  }

  private write(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    const { writer } = this.exchange;
    if (writer === null || this.ended) return;
    this.bytesSent += end - start;
    if (pump(writer, bytes, start, end, last)) this.pause();
    if (last) this.finish();
  }

  private writeTrailers(trailers: HeaderList): void {
    if (this.exchange.isGrpc) this.grpcStatus = trailers.value(H.GRPC_STATUS) ?? this.grpcStatus;
    if (this.ended) releaseHeaderList(trailers);
    else {
      this.exchange.writer?.writeTrailers(trailers);
      this.trailerList = trailers;
      this.finish();
    }
  }

  /**
   * The answer cannot be completed: the stream is reset, an HTTP/1 connection closed, so that nobody takes it for whole. `idle`: because
   * nothing of it moved.
   */
  breakOff(idle: boolean = false): void {
    const { exchange } = this;
    exchange.router.abandon(ErrorCode.Cancel);
    this.ended = true;
    count(exchange.manager.stats, HTTP.at.downstream_rq_tx_reset);
    count(exchange.manager.stats, HTTP.at.downstream_rq_rx_reset); // as Envoy: every reset, whoever began it
    exchange.writer?.reset(exchange.tunnel === null ? ErrorCode.InternalError : ErrorCode.ConnectError, idle);
    exchange.complete();
  }

  /** The client took what was queued. */
  onWritable(): void {
    if (!this.isPaused || this.throttle?.isFull === true) return;
    this.unpause();
    this.exchange.router.call.resumeResponse();
  }

  /** Forgets the response. */
  clear(): void {
    if (this.isPaused) this.unpause();
    if (this.throttle !== null) this.throttle.clear();
    this.throttle = null;
    if (this.head !== null) releaseHeaderList(this.head);
    this.head = null;
    if (this.trailerList !== null) releaseHeaderList(this.trailerList);
    this.trailerList = null;
    this.headSent = false;
    this.status = 0;
    this.bytesSent = 0;
    this.grpcStatus = undefined;
    this.ended = false;
    this.localBody = null;
    this.refuses = false;
  }

  private sendHead(): void {
    const { exchange } = this;
    const { manager, owner, writer } = exchange;
    const head = this.head as HeaderList;
    const opens = exchange.tunnel?.opensWith(head.status) === true;
    const grants = opens && head.status === 101;
    if (opens) exchange.timers.onRequestEnd(); // there is no request any more that could take too long
    manager.responseRules.apply(head, exchange.request, grants);
    if (owner === null || writer === null) return;
    owner.drainBeforeAnswer();
    const isEarly = !exchange.requestEnded || exchange.cutShort;
    if (isEarly) count(manager.stats, HTTP.at.downstream_rq_response_before_rq_complete);
    if (isEarly || this.refuses) owner.endAfterAnswer();
    this.headSent = true;
    this.status = head.status;
    countStatus(exchange, head.status);
    if (exchange.isGrpc) this.grpcStatus = head.value(H.GRPC_STATUS);
    if (grants && owner.protocol === "http2") grantedToHttp2(head);
    writer.writeHead(head, this.headEnds);
    if (opens && manager.plan.logsTunnels) manager.logs.write(exchange, "DownstreamTunnelSuccessfullyEstablished");
    if (this.headEnds) {
      this.finish();
      return;
    }
    if (this.localBody === null) exchange.timers.touch();
    else this.sendLocalBody();
  }

  /** Filters that hold the head back see the body nevertheless. */
  private sendLocalBody(): void {
    const body = this.localBody;
    this.localBody = null;
    if (body !== null) this.body(body, 0, body.length, true);
  }

  /** An answer that a filter held back gives way to another one, which no filter sees (as Envoy's direct local reply). */
  private forgetHead(): void {
    if (this.head !== null) releaseHeaderList(this.head);
    this.head = null;
    this.localBody = null;
    this.exchange.chain?.encode.drop();
  }

  private finish(): void {
    this.ended = true;
    this.exchange.onResponseEnd();
  }

  private pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    const { exchange } = this;
    exchange.manager.worker.budget.heldBytes += BACKED_UP_BYTES;
    if (exchange.router.cluster !== null)
      count(exchange.router.cluster.stats, CLUSTER.at.upstream_flow_control_paused_reading_total);
    exchange.router.call.pauseResponse();
  }

  private unpause(): void {
    this.isPaused = false;
    const { exchange } = this;
    exchange.manager.worker.budget.heldBytes -= BACKED_UP_BYTES;
    if (exchange.router.cluster !== null)
      count(exchange.router.cluster.stats, CLUSTER.at.upstream_flow_control_resumed_reading_total);
  }
}
