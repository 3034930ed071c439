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
import { rewrittenHost, rewrittenPath } from "../routing/rewrite.ts";
import type { Route } from "../routing/route-table.ts";
import type { Cluster, OpenFailure, UpstreamStream } from "../upstream/upstream.ts";
import type { AnswerKind, ClusterAnswers } from "./cluster-answers.ts";
import type { ConnectionManager } from "./connection-manager.ts";
import {
  type AttemptFault,
  attemptDetails,
  attemptReply,
  clusterNotFound,
  type LocalReply,
  openFault,
  REPLIES,
  streamFault,
} from "./local-reply.ts";
import { changeRequest, changeResponse, type RouteFacts } from "./route-facts.ts";
import { type CallOwner, UpstreamCall } from "./upstream-call.ts";

/** What the router needs of its exchange. */
export interface RouterHost extends FormatSource {
  readonly manager: ConnectionManager;
  readonly request: HeaderList | null;
  readonly requestEnded: boolean;
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
  private chosen: ChosenCluster | null = null;
  private answers: ClusterAnswers | null = null;
  private timeoutMs = Number.POSITIVE_INFINITY;
  private alternativeTimeout = false;
  private grpcPending = false;
  private readonly kind: { isInternal: boolean; isCanary: boolean } & AnswerKind = {
    isInternal: false,
    isCanary: false,
  };

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
    const forward = this.facts?.forward as ForwardPlan;
    const name = this.clusterName(forward);
    const cluster = name === null ? null : manager.worker.services.upstreams.cluster(name);
    if (cluster === null) {
      count(manager.stats, HTTP.at.no_cluster);
      host.giveUp(clusterNotFound(forward.clusterNotFoundStatus));
      return;
    }
    this.cluster = cluster;
    this.answers = manager.worker.answersOf(cluster);
    this.kind.isInternal = host.isInternal;
    this.attempts = 1;
    const head = host.request as HeaderList;
    const method = head.value(H.PSEUDO_METHOD) ?? "";
    this.prepareHead(head, route, forward);
    if (host.requestEnded) this.armTimeout();
    this.call.priority = forward.priority;
    this.call.downstreamProtocol = host.protocol;
    this.call.start(cluster, head, host.requestEnded, IDEMPOTENT.has(method));
  }

  /** The request is complete: the route's timeout begins. */
  onRequestEnd(): void {
    if (this.call.awaitsResponse()) this.armTimeout();
  }

  /** Header changes of the route on an answer that the proxy gives by itself. */
  decorateLocal(head: HeaderList): void {
    if (this.facts !== null) changeResponse(this.facts, this.weighted(), head, this.host);
    if (this.attempts > 0 && this.route?.vhost.plan.includeAttemptCountInResponse === true)
      head.setText(H.X_ENVOY_ATTEMPT_COUNT, String(this.attempts));
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
    this.answers = null;
    this.attempts = 0;
    this.upstreamServiceMs = -1;
    this.transportText = "";
    this.timeoutMs = Number.POSITIVE_INFINITY;
    this.alternativeTimeout = false;
    this.grpcPending = false;
    this.kind.isCanary = false;
  }

  onCallOpen(stream: UpstreamStream): void {
    if (this.facts?.forward?.rewrite.host.kind !== "auto" || stream.endpoint.hostname === "") return;
    this.rewriteHost(this.host.request as HeaderList, stream.endpoint.hostname, this.facts.forward);
  }

  onCallReopened(): void {
    if (this.answers !== null) this.answers.countReconnect();
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
    const endpoint = this.call.endpoint;
    const now = host.nowMs();
    if (host.requestEndMs >= 0) {
      this.upstreamServiceMs = Math.max(0, Math.floor(now - host.requestEndMs));
      if (!host.manager.suppressEnvoyHeaders)
        head.setText(H.X_ENVOY_UPSTREAM_SERVICE_TIME, smallNumber(this.upstreamServiceMs));
    }
    const canaryAt = head.find(H.X_ENVOY_UPSTREAM_CANARY);
    this.kind.isCanary = canaryAt >= 0 && head.valueText(canaryAt) === "true";
    this.answers?.charge(head.status, this.kind);
    if (endpoint !== null) {
      if (head.status >= 500) count(endpoint.stats, HOST.at.rq_error);
      else if (!host.isGrpc) count(endpoint.stats, HOST.at.rq_success);
      else if (end) this.countGrpc(head.value(H.GRPC_STATUS));
      else this.grpcPending = true;
    }
    if (this.route?.vhost.plan.includeAttemptCountInResponse === true)
      head.setText(H.X_ENVOY_ATTEMPT_COUNT, String(this.attempts));
    if (this.facts !== null) changeResponse(this.facts, this.weighted(), head, host);
    if (end) this.onComplete(now);
    host.response.begin(head, end);
  }

  onResponseData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    if (last) {
      if (this.grpcPending) this.countGrpc(undefined);
      this.onComplete(this.host.nowMs());
    }
    this.host.response.body(bytes, start, end, last);
  }

  onResponseTrailers(trailers: HeaderList): void {
    if (this.grpcPending) this.countGrpc(trailers.value(H.GRPC_STATUS));
    this.onComplete(this.host.nowMs());
    this.host.response.end(trailers);
  }

  onRequestPressure(isBackedUp: boolean): void {
    const { cluster } = this;
    if (cluster !== null) {
      const at = isBackedUp
        ? CLUSTER.at.upstream_flow_control_backed_up_total
        : CLUSTER.at.upstream_flow_control_drained_total;
      count(cluster.stats, at);
    }
    this.host.onRequestPressure(isBackedUp);
  }

  private clusterName(forward: ForwardPlan): string | null {
    if (forward.cluster.kind === "one") return forward.cluster.name;
    const { host } = this;
    const { services } = host.manager.worker;
    this.chosen = chooseCluster(forward.cluster, host.request as HeaderList, services.runtime, host.randomNumber);
    return this.chosen === null ? null : this.chosen.name;
  }

  /** Timeouts into the head, then its levels of changes, then host and path: Envoy's order. */
  private prepareHead(head: HeaderList, route: Route, forward: ForwardPlan): void {
    const { manager } = this.host;
    this.timeoutMs = forward.timeoutMs;
    if (this.host.isInternal || head.has(H.X_ENVOY_UPSTREAM_RQ_TIMEOUT_MS)) this.takeTimeoutHeaders(head);
    const perTryMs = forward.retry?.perTryTimeoutMs ?? 0;
    const expectedMs = perTryMs > 0 && perTryMs < this.timeoutMs ? perTryMs : this.timeoutMs;
    if (expectedMs !== Number.POSITIVE_INFINITY && !manager.suppressEnvoyHeaders)
      head.setText(H.X_ENVOY_EXPECTED_RQ_TIMEOUT_MS, String(expectedMs));
    if (route.vhost.plan.includeRequestAttemptCount) head.setText(H.X_ENVOY_ATTEMPT_COUNT, String(this.attempts));
    changeRequest(this.facts as RouteFacts, this.weighted(), head, this.host);
    const { rewrite } = forward;
    if (this.chosen !== null && this.chosen.hostRewrite !== "") this.setHost(head, this.chosen.hostRewrite, forward);
    else if (rewrite.host.kind !== "none" && rewrite.host.kind !== "auto") this.rewriteHost(head, "", forward);
    if (rewrite.path.kind !== "none") this.rewritePath(head, route, forward);
  }

  private takeTimeoutHeaders(head: HeaderList): void {
    const text = head.value(H.X_ENVOY_UPSTREAM_RQ_TIMEOUT_MS);
    if (text !== undefined) {
      head.remove(H.X_ENVOY_UPSTREAM_RQ_TIMEOUT_MS);
      // A value of 0 means none, as in the configuration; what is no number counts for nothing.
      if (/^\d{1,9}$/.test(text)) this.timeoutMs = Number(text) === 0 ? Number.POSITIVE_INFINITY : Number(text);
    }
    this.alternativeTimeout = head.remove(H.X_ENVOY_UPSTREAM_RQ_TIMEOUT_ALT_RESPONSE);
  }

  private rewriteHost(head: HeaderList, endpointHostname: string, forward: ForwardPlan): void {
    const value = rewrittenHost(forward.rewrite, head, head.value(H.PSEUDO_PATH) ?? "", endpointHostname);
    if (value !== null) this.setHost(head, value, forward);
  }

  private setHost(head: HeaderList, value: string, forward: ForwardPlan): void {
    const before = head.value(H.PSEUDO_AUTHORITY) ?? "";
    if (forward.appendForwardedHost && before !== value) head.addText(H.X_FORWARDED_HOST, before);
    if (!this.host.manager.suppressEnvoyHeaders && !head.has(H.X_ENVOY_ORIGINAL_HOST))
      head.addText(H.X_ENVOY_ORIGINAL_HOST, before);
    head.setText(H.PSEUDO_AUTHORITY, value);
  }

  private rewritePath(head: HeaderList, route: Route, forward: ForwardPlan): void {
    const at = head.find(H.PSEUDO_PATH);
    if (at < 0) return;
    const before = head.valueText(at);
    head.replaceValueAt(at, rewrittenPath(forward.rewrite, route.plan.match.path, before));
    if (!this.host.manager.suppressEnvoyHeaders && !head.has(H.X_ENVOY_ORIGINAL_PATH))
      head.addText(H.X_ENVOY_ORIGINAL_PATH, before);
  }

  private armTimeout(): void {
    if (this.timeoutMs !== Number.POSITIVE_INFINITY)
      this.worker().wheel.armAt(this.timer, this.host.requestEndMs + this.timeoutMs);
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
    const answer = this.alternativeTimeout ? REPLIES.routeTimeoutAlternative : REPLIES.routeTimeout;
    if (!awaited) {
      this.countBroken();
      host.breakResponse(answer.flag, answer.details);
      return;
    }
    this.chargeLocal(answer.status);
    host.giveUp(answer);
  }

  private fail(fault: AttemptFault, responded: boolean): void {
    this.worker().wheel.disarm(this.timer);
    this.transportText = fault.transportText;
    if (responded) {
      this.countBroken();
      this.host.breakResponse(fault.flag, attemptDetails("after", fault));
      return;
    }
    this.chargeLocal(fault.status);
    this.host.giveUp(attemptReply(fault, this.attempts > 1));
  }

  /** Counts an answer that the router gives in the upstream's place. */
  private chargeLocal(status: number): void {
    this.answers?.charge(status, this.kind);
    const { endpoint } = this.call;
    if (endpoint !== null) count(endpoint.stats, HOST.at.rq_error);
  }

  private countBroken(): void {
    const { endpoint } = this.call;
    if (!this.grpcPending || endpoint === null) return;
    this.grpcPending = false;
    count(endpoint.stats, HOST.at.rq_error);
    count(this.host.manager.stats, HTTP.at.rq_reset_after_downstream_response_started);
  }

  private countGrpc(status: string | undefined): void {
    this.grpcPending = false;
    const { endpoint } = this.call;
    if (endpoint === null) return;
    const isError = status === undefined || GRPC_SERVER_ERRORS.has(status);
    count(endpoint.stats, isError ? HOST.at.rq_error : HOST.at.rq_success);
  }

  private onComplete(nowMs: number): void {
    this.worker().wheel.disarm(this.timer);
    if (this.host.requestEndMs >= 0) this.answers?.time(nowMs - this.host.requestEndMs, this.kind);
  }

  private weighted(): { readonly headers: ChosenCluster["headers"] & object } | null {
    const chosen = this.chosen;
    return chosen === null || chosen.headers === null ? null : { headers: chosen.headers };
  }

  private worker(): ConnectionManager["worker"]["services"] {
    return this.host.manager.worker.services;
  }
}

const SMALL_NUMBERS: readonly string[] = Array.from({ length: 256 }, (_, i) => String(i));

function smallNumber(value: number): string {
  return SMALL_NUMBERS[value] ?? String(value);
}

/** Methods that may be sent twice (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/** gRPC statuses whose HTTP form is 5xx (Envoy's grpcToHttpStatus): they count as errors of the host. */
const GRPC_SERVER_ERRORS: ReadonlySet<string> = new Set(["2", "4", "12", "13", "14", "15"]);
