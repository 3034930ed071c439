// The router of one request (envoy.filters.http.router): route, cluster, head for the upstream, and the answer's way to the exchange.
// What fails on the way up is attempts.ts's. Owned by an exchange and reused with it: the exchange talks to the client, the router to the upstream.
import type { Bits64 } from "../../base/bits64.ts";
import type { ForwardPlan } from "../../config/plan/route.ts";
import type { ProtocolFault } from "../../protocol/fault.ts";
import { type HeaderList, releaseHeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { CLUSTER } from "../../telemetry/cluster-stats.ts";
import { HTTP } from "../../telemetry/http-stats.ts";
import { count } from "../../telemetry/stats-add.ts";
import { type ChosenCluster, chooseCluster } from "../routing/cluster-choice.ts";
import type { Route } from "../routing/route-table.ts";
import type { Cluster, OpenFailure, UpstreamStream } from "../upstream/upstream.ts";
import { Attempts } from "./attempts.ts";
import type { CallOwner } from "./call-owner.ts";
import type { ConnectionManager } from "./connection-manager.ts";
import {
  addReason,
  clusterNotFound,
  type LocalReply,
  MANAGER_DETAILS,
  openFault,
  REPLIES,
  streamFault,
} from "./local-reply.ts";
import { refusesRequest } from "./refusals.ts";
import { changeResponse, type RouteFacts } from "./route-facts.ts";
import type { RouterHost } from "./router-host.ts";
import { type Shadows, shadowsOf } from "./shadows.ts";
import { subsetLabels } from "./subset-labels.ts";
import type { UpstreamCall } from "./upstream-call.ts";
import { prepareUpstreamHead, rewriteHost, type UpstreamHeadContext } from "./upstream-head.ts";

/** One request's router. */
export class Router implements CallOwner {
  readonly call: UpstreamCall;
  /** The matched route; null before, and when none matches. */
  route: Route | null = null;
  /** Milliseconds from the request's end to the response's head, -1 when there was none. */
  upstreamServiceMs: number = -1;
  private readonly host: RouterHost;
  private readonly tries: Attempts;
  private facts: RouteFacts | null = null;
  /** Copies of the request that is still coming; null: none. */
  private shadows: Shadows | null = null;
  chosen: ChosenCluster | null = null; // of a route that names several clusters

  constructor(host: RouterHost, manager: ConnectionManager) {
    this.host = host;
    this.tries = new Attempts(host, this, manager);
    this.call = this.tries.call;
  }

  get cluster(): Cluster | null {
    return this.tries.cluster;
  }

  /** Name of the request's virtual cluster; undefined: it has none. */
  get virtualCluster(): string | undefined {
    return this.tries.account.groups?.virtualCluster;
  }

  /** Attempts that were started. */
  get attempts(): number {
    return this.tries.made;
  }

  /** The transport's text of the last attempt when it failed. */
  get transportText(): string {
    return this.tries.transportText;
  }

  /** The route is chosen, whatever it does. */
  useRoute(route: Route): void {
    this.route = route;
    this.facts = this.host.manager.routeFacts.of(route);
  }

  /** Finds the cluster, finishes the head and asks for a stream. */
  forward(): void {
    const { host, tries } = this;
    const { manager } = host;
    const route = this.route as Route;
    const facts = this.facts as RouteFacts;
    const forward = facts.forward as ForwardPlan;
    const name = this.clusterName(forward);
    const cluster = name === null ? null : manager.worker.services.upstreams.cluster(name);
    if (name === null && forward.cluster.kind === "weighted") {
      // All weights are 0: as if there were no route, as in Envoy.
      count(manager.stats, HTTP.at.no_route);
      host.giveUp(REPLIES.routeNotFound);
      return;
    }
    if (cluster === null) {
      count(manager.stats, HTTP.at.no_cluster);
      host.giveUp(clusterNotFound(forward.clusterNotFoundStatus));
      return;
    }
    tries.useCluster(cluster);
    if (facts.groups !== null) tries.account.groups = facts.groups.of(host.request as HeaderList);
    tries.usePolicy(facts.retry ?? manager.worker.retryOf(cluster));
    if (refusesRequest(cluster, host, tries.account)) return;
    tries.made = 1;
    if (cluster.hashing !== null) this.call.hash = hostHash(host, forward, cluster);
    if (cluster.plan.subsets !== null) this.call.metadataMatch = subsetLabels(host, this.chosen, forward);
    const head = host.request as HeaderList;
    if (!prepareUpstreamHead(head, this.headContext(route, facts, forward), tries.times)) {
      host.giveUp(REPLIES.headTooLarge);
      return;
    }
    // Orders to this router: of a trusted client, or of the configuration itself.
    tries.allowRetries(head, host.isInternal || facts.levels.length > 0 || this.chosen !== null);
    const isIdempotent = IDEMPOTENT.has(head.value(H.PSEUDO_METHOD) ?? "");
    if (forward.mirrors.length === 0 || host.tunnel !== null) tries.start(route, forward, isIdempotent);
    else this.startMirrored(route, forward, isIdempotent);
  }

  /** Body bytes of the request. */
  sendData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    if (this.shadows !== null) this.shadows.data(bytes, start, end, last);
    if (last) this.shadows = null;
    this.call.sendData(bytes, start, end, last);
  }

  /** Trailers of the request; the list belongs to the router. */
  sendTrailers(trailers: HeaderList): void {
    if (this.shadows !== null) this.shadows.end(trailers);
    this.shadows = null;
    this.call.sendTrailers(trailers);
  }

  /** The request is complete: the route's timeout begins. */
  onRequestEnd(): void {
    this.tries.onRequestEnd();
  }

  /** What an answer that the proxy gives by itself carries of the route: its header changes, then Envoy's own fields. `flag`: why. */
  decorateLocal(head: HeaderList, { details, flag }: LocalReply): void {
    this.host.hashing?.addSplitCookies(head);
    if (this.facts !== null) changeResponse(this.facts, this.chosen?.headers ?? null, head, this.host);
    if (flag !== "" && !this.host.manager.suppressEnvoyHeaders) addReason(head, flag);
    if (this.attempts > 0 && !MANAGER_DETAILS.has(details)) this.countAttempts(head);
  }

  /** Drops the upstream half, if there is one. */
  abandon(code: number): void {
    this.dropShadows();
    this.tries.abandon(code);
  }

  /** Forgets the request. */
  clear(): void {
    this.dropShadows();
    this.tries.clear();
    this.route = null;
    this.facts = null;
    this.chosen = null;
    this.upstreamServiceMs = -1;
  }

  onCallOpen(stream: UpstreamStream): void {
    this.tries.onOpen(stream.endpoint);
    const { facts, route } = this;
    const forward = facts?.forward ?? null;
    if (route === null || facts === null || forward === null || forward.rewrite.host.kind !== "auto") return;
    if (stream.endpoint.hostname === "" || (this.chosen !== null && this.chosen.hostRewrite !== "")) return;
    const { hostname } = stream.endpoint;
    rewriteHost(this.host.request as HeaderList, hostname, this.headContext(route, facts, forward));
  }

  onCallReopened(): void {
    this.tries.account.onReconnect();
  }

  onCallFailed(failure: OpenFailure): void {
    this.tries.fail(openFault(failure), false);
  }

  onCallFault(fault: ProtocolFault, responded: boolean): void {
    this.tries.fail(streamFault(fault), responded);
  }

  onBodyTooLarge(isWaiting: boolean): void {
    this.tries.onBodyTooLarge(isWaiting);
  }

  onResponseInterim(head: HeaderList): void {
    this.tries.onInterim();
    this.host.response.interim(head);
  }

  onResponseHead(head: HeaderList, end: boolean): void {
    const { host, tries } = this;
    const { endpoint } = this.call;
    if (this.cluster?.plan.healthChecks.length !== 0 && head.has(H.X_ENVOY_IMMEDIATE_HEALTH_CHECK_FAIL))
      endpoint?.failAtOnce();
    if (tries.goesOn(head)) {
      releaseHeaderList(head);
      return;
    }
    const now = host.nowMs();
    if (host.requestEndMs >= 0) {
      this.upstreamServiceMs = Math.max(0, Math.floor(now - host.requestEndMs));
      if (!host.manager.suppressEnvoyHeaders)
        head.setText(
          H.X_ENVOY_UPSTREAM_SERVICE_TIME,
          SMALL_NUMBERS[this.upstreamServiceMs] ?? String(this.upstreamServiceMs),
        );
    }
    tries.account.onHead(head, end, host.isGrpc, endpoint);
    host.hashing?.addCookies(head);
    host.response.status = head.status; // for %RESPONSE_CODE% in what follows
    if (this.facts !== null) changeResponse(this.facts, this.chosen?.headers ?? null, head, host);
    this.countAttempts(head);
    if (end) tries.onComplete(now);
    host.response.begin(head, end);
  }

  onResponseData(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    const { tries } = this;
    if (last) {
      tries.account.onGrpcStatus(undefined, this.call.endpoint);
      tries.onComplete(this.host.nowMs());
    } else tries.touch();
    this.host.response.body(bytes, start, end, last);
  }

  onResponseTrailers(trailers: HeaderList): void {
    const { tries } = this;
    tries.account.onGrpcStatus(trailers.value(H.GRPC_STATUS), this.call.endpoint);
    tries.onComplete(this.host.nowMs());
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
  clusterName({ cluster, hashPolicy }: ForwardPlan): string | null {
    if (cluster.kind === "one") return cluster.name;
    if (this.chosen === null) {
      const { host } = this;
      const isHashed = cluster.kind === "weighted" && cluster.by !== "chance";
      const hash = isHashed ? host.hash.ofSplit(hashPolicy) : null;
      const { runtime } = host.manager.worker.services;
      this.chosen = chooseCluster(cluster, host.request as HeaderList, { runtime, random: host.randomNumber, hash });
    }
    return this.chosen?.name ?? null;
  }

  private countAttempts(head: HeaderList): void {
    if (this.route?.vhost.plan.includeAttemptCountInResponse === true)
      head.setText(H.X_ENVOY_ATTEMPT_COUNT, String(this.attempts));
  }

  /** As Envoy: there are copies only of what has an upstream. They begin behind the original, and go on without it once they are whole. */
  private startMirrored(route: Route, forward: ForwardPlan, isIdempotent: boolean): void {
    const { host, tries } = this;
    const end = host.endsWithHead;
    const shadows = shadowsOf(host, forward, tries.cluster as Cluster, tries.times.timeoutMs);
    tries.start(route, forward, isIdempotent);
    if (shadows === null) return;
    if (!tries.call.isAlive()) {
      shadows.drop();
      return;
    }
    shadows.start(end);
    if (!end) this.shadows = shadows;
  }

  private dropShadows(): void {
    if (this.shadows === null) return;
    this.shadows.drop();
    this.shadows = null;
  }

  private headContext(route: Route, facts: RouteFacts, forward: ForwardPlan): UpstreamHeadContext {
    const { host, chosen } = this;
    const { isGrpc, isInternal: mayHaveOrders, manager } = host;
    return { route, facts, forward, chosen, mayHaveOrders, isGrpc, manager, source: host };
  }
}

/** What the cluster's balancer hashes: its own policy wins over the cluster's, and that over the route's. */
function hostHash(host: RouterHost, { hashPolicy }: ForwardPlan, { plan, hashing }: Cluster): Bits64 | null {
  const own = hashing?.hashPolicy ?? [];
  if (own.length > 0) return host.hash.by(own);
  return host.hash.by(plan.hashPolicy.length > 0 ? plan.hashPolicy : hashPolicy);
}

const SMALL_NUMBERS: readonly string[] = Array.from({ length: 256 }, (_, i) => String(i));

/** Methods that may be sent twice (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);
