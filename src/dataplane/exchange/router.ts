// The router of one request (envoy.filters.http.router): route, cluster, head for the upstream, timeouts, the call, and what is counted
// of its outcome. Owned by an exchange and reused with it; the exchange talks to the client, the router to the upstream.
import { Timer } from "../../base/timer-wheel.ts";
import type { ForwardPlan } from "../../config/plan/route.ts";
import { ErrorCode, type ProtocolFault } from "../../protocol/fault.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { CLUSTER } from "../../telemetry/cluster-stats.ts";
import { HOST } from "../../telemetry/host-stats.ts";
import { HTTP } from "../../telemetry/http-stats.ts";
import { count } from "../../telemetry/stats-add.ts";
import { type ChosenCluster, chooseCluster } from "../routing/cluster-choice.ts";
import type { FormatSource } from "../routing/format.ts";
import type { Route } from "../routing/route-table.ts";
import type { Cluster, OpenFailure, UpstreamStream } from "../upstream/upstream.ts";
import { AnswerAccount } from "./answer-account.ts";
import type { ConnectionManager } from "./connection-manager.ts";
import { dropOverload } from "./drop-overload.ts";
import {
  type AttemptFault,
  addReason,
  attemptDetails,
  attemptReply,
  clusterNotFound,
  type LocalReply,
  openFault,
  REPLIES,
  streamFault,
} from "./local-reply.ts";
import { changeResponse, type RouteFacts } from "./route-facts.ts";
import { type CallOwner, UpstreamCall } from "./upstream-call.ts";
import { prepareUpstreamHead, type RequestTimes, rewriteHost, type UpstreamHeadContext } from "./upstream-head.ts";

/** What the router needs of its exchange. */
export interface RouterHost extends FormatSource {
  readonly manager: ConnectionManager;
  readonly request: HeaderList | null;
  readonly requestEnded: boolean;
  readonly endsWithHead: boolean; // no body is still to come, from the client or from behind filters
  /** Monotonic time when the request was complete, -1 before. */
  readonly requestEndMs: number;
  readonly isInternal: boolean;
  readonly isGrpc: boolean;
  readonly protocol: "http1" | "http2";
  /** The request's one random number, which decides every share of it. */
  readonly randomNumber: number;
  nowMs(): number;
  /** Answers, or breaks an answer that has begun. */
  giveUp(answer: LocalReply): void;
  /** The response cannot be finished; its head has gone down. */
  breakResponse(flag: string, details: string): void;
  onRequestPressure(isBackedUp: boolean): void;
  /** Where the answer goes. */
  readonly response: {
    status: number;
    interim(head: HeaderList): void;
    begin(head: HeaderList, end: boolean): void;
    body(bytes: Uint8Array, start: number, end: number, last: boolean): void;
    end(trailers: HeaderList): void;
  };
}

/** One request's router. */
export class Router implements CallOwner {
  readonly call: UpstreamCall;
  /** The matched route; null before, and when none matches. */
  route: Route | null = null;
  cluster: Cluster | null = null;
  /** Attempts that were started. */
  attempts: number = 0;
  /** Milliseconds from the request's end to the response's head, -1 when there was none. */
  upstreamServiceMs: number = -1;
  /** The transport's text of the last failed attempt. */
  transportText: string = "";
  private readonly host: RouterHost;
  private readonly timer: Timer;
  private facts: RouteFacts | null = null;
  chosen: ChosenCluster | null = null; // of a route that names several clusters
  private readonly account: AnswerAccount = new AnswerAccount();
  private readonly times: RequestTimes = { timeoutMs: Number.POSITIVE_INFINITY, alternative: false };

  constructor(host: RouterHost, manager: ConnectionManager) {
    this.host = host;
    this.call = new UpstreamCall(this, manager.worker.budget);
    this.timer = new Timer(() => this.onTimeout());
  }

  /** The route is chosen, whatever it does. */
  useRoute(route: Route): void {
    this.route = route;
    this.facts = this.host.manager.routeFacts.of(route);
  }

  /** Finds the cluster, finishes the head and asks for a stream. */
  forward(): void {
    const { host } = this;
    const { manager } = host;
    const route = this.route as Route;
    const facts = this.facts as RouteFacts;
    const forward = facts.forward as ForwardPlan;
    const name = this.clusterName(forward);
    const cluster = name === null ? null : manager.worker.services.upstreams.cluster(name);
    if (cluster === null) {
      count(manager.stats, HTTP.at.no_cluster);
      host.giveUp(clusterNotFound(forward.clusterNotFoundStatus));
      return;
    }
    this.cluster = cluster;
    this.account.begin(cluster, manager.worker.answersOf(cluster), host.isInternal);
    if (cluster.plan.dropOverload !== null && dropOverload(cluster, host, this.account)) return;
    this.attempts = 1;
    const head = host.request as HeaderList;
    if (!prepareUpstreamHead(head, this.headContext(route, facts, forward), this.times)) {
      host.giveUp(REPLIES.headTooLarge);
      return;
    }
    if (host.requestEnded) this.armTimeout();
    this.call.priority = forward.priority;
    this.call.downstreamProtocol = host.protocol;
    this.call.start(cluster, head, host.endsWithHead, IDEMPOTENT.has(head.value(H.PSEUDO_METHOD) ?? ""));
  }

  /** The request is complete: the route's timeout begins. */
  onRequestEnd(): void {
    if (this.call.isAlive()) this.armTimeout();
  }

  /** What an answer that the proxy gives by itself carries of the route: its header changes, then Envoy's own fields. `flag`: why. */
  decorateLocal(head: HeaderList, flag: string): void {
    if (this.facts !== null) changeResponse(this.facts, this.chosen?.headers ?? null, head, this.host);
    if (flag !== "" && !this.host.manager.suppressEnvoyHeaders) addReason(head, flag);
    if (this.attempts > 0) this.countAttempts(head);
  }

  /** Drops the upstream half, if there is one. */
  abandon(code: number): void {
    this.worker().wheel.disarm(this.timer);
    this.call.abandon(code);
  }

  /** Forgets the request. */
  clear(): void {
    this.worker().wheel.disarm(this.timer);
    this.call.clear();
    this.route = null;
    this.cluster = null;
    this.facts = null;
    this.chosen = null;
    this.account.clear();
    this.attempts = 0;
    this.upstreamServiceMs = -1;
    this.transportText = "";
  }

  onCallOpen(stream: UpstreamStream): void {
    this.account.onOpen(stream.endpoint);
    const { facts, route } = this;
    const forward = facts?.forward ?? null;
    if (route === null || facts === null || forward === null || forward.rewrite.host.kind !== "auto") return;
    if (stream.endpoint.hostname === "" || (this.chosen !== null && this.chosen.hostRewrite !== "")) return;
    const { hostname } = stream.endpoint;
    rewriteHost(this.host.request as HeaderList, hostname, this.headContext(route, facts, forward));
  }

  onCallReopened(): void {
    this.account.onReconnect();
  }

  onCallFailed(failure: OpenFailure): void {
    this.fail(openFault(failure), false);
  }

  onCallFault(fault: ProtocolFault, responded: boolean): void {
    this.fail(streamFault(fault), responded);
  }

  onResponseInterim(head: HeaderList): void {
    this.host.response.interim(head);
  }

  onResponseHead(head: HeaderList, end: boolean): void {
    const { host } = this;
    const now = host.nowMs();
    if (host.requestEndMs >= 0) {
      this.upstreamServiceMs = Math.max(0, Math.floor(now - host.requestEndMs));
      if (!host.manager.suppressEnvoyHeaders)
        head.setText(
          H.X_ENVOY_UPSTREAM_SERVICE_TIME,
          SMALL_NUMBERS[this.upstreamServiceMs] ?? String(this.upstreamServiceMs),
        );
    }
    this.account.onHead(head, end, host.isGrpc, this.call.endpoint);
    if (this.cluster?.plan.healthChecks.length !== 0 && head.has(H.X_ENVOY_IMMEDIATE_HEALTH_CHECK_FAIL))
      this.call.endpoint?.failAtOnce();
    host.response.status = head.status; // for %RESPONSE_CODE% in what follows
    if (this.facts !== null) changeResponse(this.facts, this.chosen?.headers ?? null, head, host);
    this.countAttempts(head);
    if (end) this.onComplete(now);
    host.response.begin(head, end);
  }

  onResponseData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    if (last) {
      this.account.onGrpcStatus(undefined, this.call.endpoint);
      this.onComplete(this.host.nowMs());
    }
    this.host.response.body(bytes, start, end, last);
  }

  onResponseTrailers(trailers: HeaderList): void {
    this.account.onGrpcStatus(trailers.value(H.GRPC_STATUS), this.call.endpoint);
    this.onComplete(this.host.nowMs());
    this.host.response.end(trailers);
  }

  onRequestPressure(isBackedUp: boolean): void {
    const { cluster } = this;
    if (cluster !== null) {
      const { upstream_flow_control_backed_up_total: begun, upstream_flow_control_drained_total: over } = CLUSTER.at;
      count(cluster.stats, isBackedUp ? begun : over);
    }
    this.host.onRequestPressure(isBackedUp);
  }

  /** Where a route leads, chosen once; null: nowhere. */
  clusterName({ cluster }: ForwardPlan): string | null {
    if (cluster.kind === "one") return cluster.name;
    const { manager, randomNumber, request } = this.host;
    this.chosen ??= chooseCluster(cluster, request as HeaderList, manager.worker.services.runtime, randomNumber);
    return this.chosen?.name ?? null;
  }

  private armTimeout(): void {
    this.worker().wheel.armAt(this.timer, this.host.requestEndMs + this.times.timeoutMs);
  }

  private onTimeout(): void {
    const { cluster, host } = this;
    if (cluster === null) return;
    const awaited = this.call.awaitsResponse();
    const { endpoint } = this.call;
    if (awaited) {
      count(cluster.stats, CLUSTER.at.upstream_rq_timeout);
      if (endpoint !== null) count(endpoint.stats, HOST.at.rq_timeout);
    }
    this.call.abandon(ErrorCode.Cancel);
    const answer = this.times.alternative ? REPLIES.routeTimeoutAlternative : REPLIES.routeTimeout;
    if (!awaited) {
      this.countBroken();
      host.breakResponse(answer.flag, answer.details);
      return;
    }
    this.account.onTimeout(answer.status, endpoint);
    host.giveUp(answer);
  }

  private fail(fault: AttemptFault, responded: boolean): void {
    this.worker().wheel.disarm(this.timer);
    this.transportText = fault.transportText;
    if (fault.flag !== "UO") this.account.onReset(this.call.endpoint); // a full breaker is no fault of the endpoint
    if (responded) {
      this.countBroken();
      this.host.breakResponse(fault.flag, attemptDetails("after", fault));
      return;
    }
    this.account.onLocal(fault.status, this.call.endpoint);
    this.host.giveUp(attemptReply(fault, this.attempts > 1));
  }

  private countAttempts(head: HeaderList): void {
    if (this.route?.vhost.plan.includeAttemptCountInResponse === true)
      head.setText(H.X_ENVOY_ATTEMPT_COUNT, String(this.attempts));
  }

  private countBroken(): void {
    if (this.account.onBroken(this.call.endpoint))
      count(this.host.manager.stats, HTTP.at.rq_reset_after_downstream_response_started);
  }

  private onComplete(nowMs: number): void {
    this.worker().wheel.disarm(this.timer);
    if (this.host.requestEndMs >= 0) this.account.onComplete(nowMs - this.host.requestEndMs);
  }

  private headContext(route: Route, facts: RouteFacts, forward: ForwardPlan): UpstreamHeadContext {
    const { host, chosen } = this;
    const { suppressEnvoyHeaders: suppress, plan } = host.manager;
    const { headersBytesMax } = plan;
    return { route, facts, forward, chosen, mayHaveTimeouts: host.isInternal, suppress, source: host, headersBytesMax };
  }

  private worker(): ConnectionManager["worker"]["services"] {
    return this.host.manager.worker.services;
  }
}

const SMALL_NUMBERS: readonly string[] = Array.from({ length: 256 }, (_, i) => String(i));

/** Methods that may be sent twice (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);
