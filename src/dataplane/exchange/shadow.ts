// One copy of a request on its way to a mirror's cluster: goes up beside the original, whatever becomes of it there; its answer is read,
// counted in its cluster and thrown away. Lives longer than the exchange that began it when the request is whole. Made by shadows.ts.
import { Timer } from "../../base/timer-wheel.ts";
import { ErrorCode, type ProtocolFault } from "../../protocol/fault.ts";
import { acquireHeaderList, type HeaderList, releaseHeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { CLUSTER } from "../../telemetry/cluster-stats.ts";
import { HOST } from "../../telemetry/host-stats.ts";
import { count } from "../../telemetry/stats-add.ts";
import type { Cluster, OpenFailure, UpstreamStream } from "../upstream/upstream.ts";
import { AnswerAccount } from "./answer-account.ts";
import { BodyBuffer } from "./body-buffer.ts";
import type { CallOwner } from "./call-owner.ts";
import { openFault, REPLIES, streamFault } from "./local-reply.ts";
import { UpstreamCall } from "./upstream-call.ts";
import type { WorkerContext } from "./worker-context.ts";

/** What a copy is made with. */
export interface ShadowParts {
  readonly worker: WorkerContext;
  readonly cluster: Cluster;
  /** Belongs to the shadow. */
  readonly head: HeaderList;
  readonly protocol: "http1" | "http2";
  readonly priority: "default" | "high";
  readonly isGrpc: boolean;
  /** From the request's end to the end of the answer. */
  readonly timeoutMs: number;
  /** How much of the body may wait for the mirror. */
  readonly heldBytesMax: number;
}

/** One copy. */
export class Shadow implements CallOwner {
  private readonly parts: ShadowParts;
  private readonly call: UpstreamCall;
  private readonly account: AnswerAccount = new AnswerAccount();
  /** What the mirror does not take yet. */
  private readonly waiting: BodyBuffer;
  private readonly timer: Timer = new Timer(() => this.onTimeout());
  private isPressed = false;
  private hasEnded = false;
  private trailers: HeaderList | null = null;
  private endMs = -1;
  private isOver = false;

  constructor(parts: ShadowParts) {
    const { worker, cluster } = parts;
    this.parts = parts;
    this.call = new UpstreamCall(this, worker.budget);
    this.waiting = new BodyBuffer(worker.budget);
    this.account.begin(cluster, worker.answersOf(cluster), true, true);
  }

  /** Begins. `end`: the head is all of it. */
  start(end: boolean): void {
    const { call, parts } = this;
    call.priority = parts.priority;
    call.downstreamProtocol = parts.protocol;
    if (end) this.onEnd();
    call.start(parts.cluster, parts.head, end, false, -1);
  }

  /** Body of the original. False: more waits than may, and the copy is given up. */
  data(bytes: Uint8Array, start: number, end: number, last: boolean): boolean {
    if (this.isOver) return true;
    if (last) this.onEnd();
    if (!this.isPressed) {
      this.call.sendData(bytes, start, end, last);
      return true;
    }
    this.waiting.append(bytes, start, end);
    this.hasEnded = last;
    if (this.waiting.length <= this.parts.heldBytesMax) return true;
    this.drop();
    return false;
  }

  /** Trailers of the original, which stay the caller's. */
  end(trailers: HeaderList): void {
    if (this.isOver) return;
    const own = acquireHeaderList();
    own.copyFrom(trailers);
    this.onEnd();
    if (this.isPressed) this.trailers = own;
    else this.call.sendTrailers(own);
  }

  /** The original ended before it was whole. */
  drop(): void {
    if (this.isOver) return;
    this.call.abandon(ErrorCode.Cancel);
    this.finish();
  }

  onCallOpen({ endpoint }: UpstreamStream): void {
    this.account.onOpen(endpoint);
  }

  onCallFailed(failure: OpenFailure): void {
    const { status } = openFault(failure);
    this.account.onLocal(status, failure.endpoint);
    this.finish();
  }

  onCallFault(fault: ProtocolFault, responded: boolean): void {
    const { account, call } = this;
    account.onReset(call.endpoint);
    if (responded) account.onBroken(call.endpoint);
    else account.onLocal(streamFault(fault).status, call.endpoint);
    this.finish();
  }

  onCallReopened(): void {
    this.account.onReconnect();
  }

  onBodyTooLarge(): void {}

  onResponseInterim(head: HeaderList): void {
    releaseHeaderList(head);
  }

  onResponseHead(head: HeaderList, end: boolean): void {
    const { account, call, parts } = this;
    if (parts.cluster.plan.healthChecks.length !== 0 && head.has(H.X_ENVOY_IMMEDIATE_HEALTH_CHECK_FAIL))
      call.endpoint?.failAtOnce();
    account.onAnswer(head, parts.isGrpc, call.endpoint);
    account.onHead(head, end, parts.isGrpc, call.endpoint);
    releaseHeaderList(head);
    if (end) this.complete();
  }

  onResponseData(_bytes: Uint8Array, _start: number, _end: number, last: boolean): void {
    if (!last) return;
    this.account.onGrpcStatus(undefined, this.call.endpoint);
    this.complete();
  }

  onResponseTrailers(trailers: HeaderList): void {
    this.account.onGrpcStatus(trailers.value(H.GRPC_STATUS), this.call.endpoint);
    releaseHeaderList(trailers);
    this.complete();
  }

  onRequestPressure(isBackedUp: boolean): void {
    this.isPressed = isBackedUp;
    if (isBackedUp || this.isOver) return;
    const { call, trailers, waiting } = this;
    if (waiting.length > 0 || this.hasEnded) {
      const { length } = waiting;
      call.sendData(waiting.view(), 0, length, this.hasEnded);
      waiting.clear();
    }
    if (trailers === null) return;
    this.trailers = null;
    call.sendTrailers(trailers);
  }

  /** The request is whole: from now on its mirror has the route's timeout. */
  private onEnd(): void {
    const { clock, wheel } = this.parts.worker.services;
    this.endMs = clock.nowMs();
    wheel.arm(this.timer, this.parts.timeoutMs);
  }

  private onTimeout(): void {
    const { account, call, parts } = this;
    const { endpoint } = call;
    const { status } = REPLIES.routeTimeout;
    count(parts.cluster.stats, CLUSTER.at.upstream_rq_timeout);
    if (endpoint !== null) count(endpoint.stats, HOST.at.rq_timeout);
    if (call.awaitsResponse()) {
      account.onLate(status, endpoint);
      account.onLocal(status, endpoint);
    } else account.onBroken(endpoint);
    this.drop();
  }

  private complete(): void {
    if (this.endMs >= 0) this.account.onComplete(this.parts.worker.services.clock.nowMs() - this.endMs);
    this.call.abandon(ErrorCode.NoError);
    this.finish();
  }

  private finish(): void {
    this.isOver = true;
    this.parts.worker.services.wheel.disarm(this.timer);
    this.waiting.clear();
    this.call.clear();
    this.account.clear();
    if (this.trailers !== null) releaseHeaderList(this.trailers);
    this.trailers = null;
    releaseHeaderList(this.parts.head);
  }
}
