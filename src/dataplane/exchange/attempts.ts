// The attempts of one request: what becomes of one that failed or took too long, whether another one follows it, the request's timeout,
// and what is counted of each. Half of a router and reused with it; the router starts them and takes the answer.
import { Timer } from "../../base/timer-wheel.ts";
import type { InternalRedirectPlan } from "../../config/plan/internal-redirect.ts";
import type { ForwardPlan } from "../../config/plan/route.ts";
import { ErrorCode } from "../../protocol/fault.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { CLUSTER } from "../../telemetry/cluster-stats.ts";
import { HOST } from "../../telemetry/host-stats.ts";
import { HTTP } from "../../telemetry/http-stats.ts";
import { count } from "../../telemetry/stats-add.ts";
import type { Route } from "../routing/route-table.ts";
import type { Cluster, Endpoint } from "../upstream/upstream.ts";
import { AnswerAccount } from "./answer-account.ts";
import { type AttemptTime, TIMEOUT_COUNTERS } from "./attempt-timers.ts";
import type { CallOwner } from "./call-owner.ts";
import type { ConnectionManager } from "./connection-manager.ts";
import {
  type AttemptFault,
  attemptDetails,
  attemptReply,
  type LocalReply,
  REPLIES,
  tryTimeoutReply,
} from "./local-reply.ts";
import { endlessTimes, type RequestTimes } from "./request-times.ts";
import { Retries, type RetryOwner } from "./retries.ts";
import { type RetryRules, rulesOfRequest } from "./retry-rules.ts";
import { Verdict } from "./retry-state.ts";
import type { RouterHost } from "./router-host.ts";
import { UpstreamCall } from "./upstream-call.ts";
import { prepareRetryHead, removeRetryOrders } from "./upstream-head.ts";

/** The attempts of one request at a time. */
export class Attempts implements RetryOwner {
  readonly call: UpstreamCall;
  readonly account: AnswerAccount = new AnswerAccount();
  readonly times: RequestTimes = endlessTimes();
  cluster: Cluster | null = null;
  /** Attempts that were started. */
  made: number = 0;
  /** The transport's text of the last one when it failed. */
  transportText: string = "";
  private readonly host: RouterHost;
  private readonly timer: Timer;
  private readonly retries: Retries = new Retries(this);
  private route: Route | null = null;
  /** Null: this request is not retried. */
  private rules: RetryRules | null = null;
  /** Null: redirects go to the client. */
  private redirect: InternalRedirectPlan | null = null;
  /** Whether an interim answer went to the client. */
  private hasBegun = false;
  /** Whether the next attempt follows one that took too long. */
  private wasLate = false;

  constructor(host: RouterHost, owner: CallOwner, manager: ConnectionManager) {
    this.host = host;
    this.call = new UpstreamCall(owner, manager.worker.budget);
    this.timer = new Timer(() => this.onTimeout());
  }

  /** The cluster of the next attempt. */
  useCluster(cluster: Cluster): void {
    const { manager, isHealthCheck, isInternal } = this.host;
    this.cluster = cluster;
    const isCounted = !isHealthCheck && manager.router.dynamicStats;
    this.account.begin(cluster, manager.worker.answersOf(cluster), isCounted, isInternal);
  }

  /** The policy of the route or the cluster, before the request had its say; null: none. */
  usePolicy(rules: RetryRules | null): void {
    this.rules = rules;
    this.times.perTryMs = rules?.plan?.perTryTimeoutMs ?? Number.POSITIVE_INFINITY;
    this.times.perTryIdleMs = rules?.plan?.perTryIdleTimeoutMs ?? Number.POSITIVE_INFINITY;
    this.times.durationMs = (this.cluster as Cluster).plan.streamDurationMaxMs;
  }

  /** Whether the request is retried. `mayHaveOrders`: a trusted client or the configuration may have written x-envoy-* headers. */
  allowRetries(head: HeaderList, mayHaveOrders: boolean): void {
    if (this.rules === null && !mayHaveOrders) return;
    this.rules = rulesOfRequest(this.rules, head, mayHaveOrders);
    if (mayHaveOrders) removeRetryOrders(head);
  }

  /** The first attempt. */
  start(route: Route, { keptBody, priority, internalRedirect }: ForwardPlan, isIdempotent: boolean): void {
    const { call, host, rules } = this;
    const cluster = this.cluster as Cluster;
    this.route = route;
    this.redirect = internalRedirect;
    if (rules !== null) this.retries.allow(this.worker(), rules, cluster, priority, this.account.groups);
    // A tunnel's request has no end: how long its answer may take is counted from its head.
    if (host.requestEnded || host.tunnel !== null) this.armTimeout();
    call.tunnel = host.tunnel;
    call.priority = priority;
    call.downstreamProtocol = host.protocol;
    const keptBytesMax = rules === null && internalRedirect === null ? -1 : host.manager.keptBytesMax(keptBody);
    host.span?.beginAttempt(cluster, host.request as HeaderList);
    call.start(cluster, host.request as HeaderList, host.endsWithHead, isIdempotent, keptBytesMax);
  }

  /** The request is complete: its timeout begins, and that of an attempt that has a stream. */
  onRequestEnd(): void {
    if (!this.call.isAlive() || this.host.tunnel !== null) return;
    this.armTimeout();
    if (this.call.isOpen()) this.retries.onRequestEnd(this.times);
  }

  /** The attempt has a stream. */
  onOpen(endpoint: Endpoint): void {
    this.account.onOpen(endpoint);
    this.retries.onOpen(this.worker(), this.times, this.host.requestEnded);
  }

  /** Whether another attempt follows in spite of this answer; else it is the client's. */
  goesOn(head: HeaderList): boolean {
    const { call, host, retries } = this;
    this.account.onAnswer(head, host.isGrpc, call.endpoint);
    if (retries.mayFollow && this.follows(retries.afterHead(head, host.request as HeaderList), head.status, ""))
      return true;
    if (this.redirect !== null && host.redirects(head, this.redirect)) return true;
    call.settle();
    retries.onHead();
    if (host.tunnel?.opensWith(head.status) === true) this.worker().wheel.disarm(this.timer);
    return false;
  }

  /** An interim answer goes to the client: there can be no other attempt. */
  onInterim(): void {
    this.hasBegun = true;
    if (!this.retries.mayFollow) return;
    this.retries.forbid();
    if (this.redirect === null) this.call.settle();
  }

  /** Some of the answer came. */
  touch(): void {
    this.retries.touch();
  }

  /** The answer is complete. */
  onComplete(nowMs: number): void {
    this.worker().wheel.disarm(this.timer);
    this.retries.stopTimers();
    if (this.host.requestEndMs >= 0) this.account.onComplete(nowMs - this.host.requestEndMs);
  }

  /** The attempt failed. `responded`: in the middle of its answer. */
  fail(fault: AttemptFault, responded: boolean): void {
    const { account, call, retries } = this;
    this.transportText = fault.transportText;
    retries.stopTimers();
    if (fault.flag !== "UO") account.onReset(call.endpoint); // a full breaker is no fault of the endpoint
    const mayFollow = !responded && fault.flag !== "UH" && retries.mayFollow;
    if (mayFollow && this.follows(retries.afterFault(fault.class, call.stream !== null), 0, fault.flag)) return;
    this.worker().wheel.disarm(this.timer);
    if (responded) {
      this.countBroken();
      this.host.breakResponse(fault.flag, attemptDetails("after", fault));
      return;
    }
    account.onLocal(fault.status, call.endpoint);
    this.host.giveUp(attemptReply(fault, this.made > 1, this.hasBegun));
  }

  /** More of the body came than is kept; `isWaiting`: and it has nowhere to go. */
  onBodyTooLarge(isWaiting: boolean): void {
    if (this.cluster !== null) count(this.cluster.stats, CLUSTER.at.retry_or_shadow_abandoned);
    this.retries.forbid();
    if (isWaiting) this.host.giveUp(REPLIES.bodyTooLargeToRetry);
    else this.call.settle();
  }

  onBackOffEnd(): void {
    const { host } = this;
    const cluster = this.worker().upstreams.cluster(this.cluster?.plan.name ?? "");
    this.made++;
    this.transportText = "";
    if (cluster === null) {
      this.account.onLocal(REPLIES.noHealthyUpstream.status, null);
      host.giveUp(REPLIES.noHealthyUpstream);
      return;
    }
    if (cluster !== this.cluster) this.useCluster(cluster);
    const elapsedMs = host.requestEndMs < 0 ? 0 : host.nowMs() - host.requestEndMs;
    const suppress = host.manager.suppressEnvoyHeaders;
    const facts = { attempts: this.made, elapsedMs, wasLate: this.wasLate, suppress };
    prepareRetryHead(host.request as HeaderList, (this.route as Route).vhost.plan, this.times, facts);
    this.wasLate = false;
    host.span?.beginAttempt(cluster, host.request as HeaderList);
    this.call.again(cluster, this.rules?.plan ?? null);
  }

  onTryTimeout(which: AttemptTime): void {
    const { call, cluster, host } = this;
    const { endpoint } = call;
    if (cluster === null) return;
    count(cluster.stats, TIMEOUT_COUNTERS[which]);
    const answer = tryTimeoutReply(which, this.times.alternative, host.requestEnded);
    if (which !== "duration") {
      if (endpoint !== null) count(endpoint.stats, HOST.at.rq_timeout);
      this.account.onLate(answer.status, endpoint);
      this.wasLate = true;
    }
    if (call.awaitsResponse() && this.follows(this.retries.afterFault("other", true), 0, answer.flag)) return;
    this.giveUp(answer, which !== "duration");
  }

  /** Drops the attempt, if there is one. */
  abandon(code: number): void {
    this.end();
    this.call.abandon(code);
  }

  /** Forgets the request. */
  clear(): void {
    this.end();
    this.call.clear();
    this.account.clear();
    this.route = null;
    this.cluster = null;
    this.rules = null;
    this.redirect = null;
    this.made = 0;
    this.transportText = "";
    this.wasLate = false;
    this.hasBegun = false;
  }

  private end(): void {
    this.worker().wheel.disarm(this.timer);
    this.retries.end();
  }

  private armTimeout(): void {
    const { requestEndMs, startMs } = this.host;
    this.worker().wheel.armAt(this.timer, (requestEndMs < 0 ? startMs : requestEndMs) + this.times.timeoutMs);
  }

  private onTimeout(): void {
    const { call, cluster } = this;
    if (cluster === null) return;
    const { endpoint } = call;
    const answer = this.times.alternative ? REPLIES.routeTimeoutAlternative : REPLIES.routeTimeout;
    if (call.isWaiting()) {
      this.host.giveUp(answer); // no attempt is under way: nobody is late
      return;
    }
    count(cluster.stats, CLUSTER.at.upstream_rq_timeout);
    this.account.groups?.count("upstream_rq_timeout");
    if (endpoint !== null) count(endpoint.stats, HOST.at.rq_timeout);
    if (call.awaitsResponse()) this.account.onLate(answer.status, endpoint);
    this.giveUp(answer, true);
  }

  /** Ends the attempt under way and the request with it. `isCharged`: as the upstream's answer. */
  private giveUp(answer: LocalReply, isCharged: boolean): void {
    const { call, host } = this;
    const awaited = call.awaitsResponse();
    call.abandon(ErrorCode.Cancel);
    if (awaited) {
      if (isCharged) this.account.onLocal(answer.status, call.endpoint);
      host.giveUp(answer);
      return;
    }
    this.countBroken();
    host.breakResponse(answer.flag, answer.details);
  }

  /** Whether another attempt follows, this one given up; else flags say why not. `status`: 0 without an answer; `flag`: why it failed. */
  private follows(verdict: Verdict, status: number, flag: string): boolean {
    switch (verdict) {
      case Verdict.Again:
        this.account.onRetried(status, this.call.endpoint);
        this.host.span?.endAttempt(status, flag);
        this.retries.stopTimers();
        this.call.wait();
        return true;
      case Verdict.Overflow:
        this.host.addFlag("UO");
        return false;
      case Verdict.Exhausted:
        this.host.addFlag("URX");
        return false;
      case Verdict.Final:
        return false;
    }
  }

  private countBroken(): void {
    if (this.account.onBroken(this.call.endpoint))
      count(this.host.manager.stats, HTTP.at.rq_reset_after_downstream_response_started);
  }

  private worker(): ConnectionManager["worker"]["services"] {
    return this.host.manager.worker.services;
  }
}
