// Listener plans for tests: everything has its default, so that a case shows only what it is about.
import type {
  FilterChainPlan,
  HttpConnectionManagerPlan,
  ListenerPlan,
  NetworkFilterPlan,
} from "../../src/config/plan/listener.ts";
import type { ClusterChoicePlan, ForwardPlan, RouteActionPlan, RoutePlan } from "../../src/config/plan/route.ts";
import type { TracingPlan } from "../../src/config/plan/tracing.ts";
import { httpDefaults } from "./http-options.ts";
import { chainPlan, INSPECTION } from "./net-peers.ts";
import { pathMatch, route, routeConfig, virtualHost } from "./route-plans.ts";

/** A connection manager named `main`; every path goes to the cluster `up` unless `routes` says otherwise. */
export function manager(more: Partial<HttpConnectionManagerPlan> = {}): HttpConnectionManagerPlan {
  return {
    kind: "http",
    statPrefix: "main",
    codec: "auto",
    routes: routeConfig(virtualHost("all", ["*"], [forwarding("/", "up")])),
    filters: [
      {
        kind: "router",
        name: "router",
        suppressEnvoyHeaders: false,
        respectExpectedRequestTimeout: false,
        strictHeaders: [],
        dynamicStats: true,
      },
    ],
    accessLogs: [],
    logIntervalMs: Number.POSITIVE_INFINITY,
    logsNewRequests: false,
    logsTunnels: false,
    tracing: null,
    serverName: "envoy",
    serverHeader: "overwrite",
    via: "",
    http: httpDefaults,
    headersBytesMax: 61_440,
    idleTimeoutMs: 3_600_000,
    streamIdleTimeoutMs: 300_000,
    streamFlushTimeoutMs: 300_000,
    requestTimeoutMs: Number.POSITIVE_INFINITY,
    requestHeadersTimeoutMs: 10_000,
    connectionDurationMaxMs: Number.POSITIVE_INFINITY,
    connectionDurationJitterPercent: 0,
    streamDurationMaxMs: Number.POSITIVE_INFINITY,
    requestsPerConnectionMax: Number.POSITIVE_INFINITY,
    drainTimeoutMs: 5_000,
    drainTimeoutJitterPercent: 0,
    delayedCloseTimeoutMs: 1_000,
    useRemoteAddress: false,
    xffTrustedHops: 0,
    skipXffAppend: false,
    internalCidrs: null,
    generateRequestId: true,
    preserveExternalRequestId: false,
    alwaysSetRequestIdInResponse: false,
    normalizePath: false,
    mergeSlashes: false,
    escapedSlashes: "keep",
    stripHostPort: "none",
    stripTrailingHostDot: false,
    suppressEnvoyHeaders: false,
    appendForwardedPort: false,
    upgradeTypes: [],
    proxy100Continue: false,
    streamErrorOnInvalidHttp: false,
    clientCertificate: { mode: "sanitize", details: [] },
    localReplies: null,
    ...more,
  };
}

/** A listener with one filter chain. */
export function listener(filter: NetworkFilterPlan = manager()): ListenerPlan {
  const chain: FilterChainPlan = {
    name: "",
    match: chainPlan().match,
    tls: null,
    handshakeTimeoutMs: 10_000,
    rates: [],
    filter,
    metadata: null,
  };
  return {
    name: "main",
    address: { kind: "socket", host: "127.0.0.1", port: 0, ipv4Compat: false },
    additionalAddresses: [],
    statPrefix: "127.0.0.1_0",
    filterChains: [chain],
    defaultFilterChain: null,
    accessLogs: [],
    perConnectionBufferBytesMax: 1_048_576,
    bindToPort: true,
    nodeConnectionsMax: Number.POSITIVE_INFINITY,
    ignoresNodeLimit: false,
    backlog: 128,
    drainType: "default",
    trafficDirection: "unspecified",
    inspection: INSPECTION,
    keepaliveS: 0,
    metadata: null,
  };
}

/** Forwards to a cluster. */
export function forward(cluster: string | ClusterChoicePlan, more: Partial<ForwardPlan> = {}): ForwardPlan {
  return {
    kind: "forward",
    cluster: typeof cluster === "string" ? { kind: "one", name: cluster } : cluster,
    clusterNotFoundStatus: 503,
    timeoutMs: 15_000,
    idleTimeoutMs: -1,
    streamDurationMaxMs: -1,
    grpcTimeout: null,
    rewrite: { path: { kind: "none" }, host: { kind: "none" } },
    priority: "default",
    retry: null,
    mirrors: [],
    keptBody: { lowerBytesMax: Number.POSITIVE_INFINITY, bytesMax: -1 },
    internalRedirect: null,
    appendForwardedHost: false,
    upgrades: [],
    hashPolicy: [],
    rateLimits: [],
    includesHostRateLimits: false,
    metadataMatch: null,
    ...more,
  };
}

/** A route of a prefix that forwards to a cluster. */
export function forwarding(prefix: string, cluster: string, more: Partial<ForwardPlan> = {}): RoutePlan {
  return acting(prefix, forward(cluster, more));
}

/** A route of a prefix with this action. */
export function acting(prefix: string, action: RouteActionPlan, more: Partial<RoutePlan> = {}): RoutePlan {
  return { ...route("", pathMatch("prefix", prefix)), action, ...more };
}

/** A tracer of OpenTelemetry's that exports every request over gRPC, whatever the runtime says. */
export function tracingPlan(changes: Partial<TracingPlan> = {}): TracingPlan {
  const always = { numerator: 100, denominator: 100, runtimeKey: "" };
  const place = { cluster: "c", authority: "c", path: "/x", timeoutMs: 1_000, headers: [], serviceName: "" };
  return {
    exporter: { protocol: "grpc", tracer: "opentelemetry", ...place },
    clientSampling: always,
    randomSampling: always,
    overallSampling: always,
    isEgress: false,
    pathLengthMax: 256,
    tags: [],
    isSilent: false,
    spawnsUpstream: false,
    names: { request: null, attempt: null },
    zipkin: null,
    ...changes,
  };
}
