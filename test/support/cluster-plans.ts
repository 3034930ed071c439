// Cluster plans for tests: everything has its default, so that a case shows only what it is about.

import type { SocketAddressPlan } from "../../src/config/plan/address.ts";
import type { BreakerPlan, ClusterPlan, EndpointPlan } from "../../src/config/plan/cluster.ts";
import { NO_ENDPOINT_CHECK } from "../../src/config/plan/health-check.ts";
import type { UpstreamTlsPlan } from "../../src/config/plan/tls.ts";
import { httpDefaults } from "./http-options.ts";

/** Envoy's default thresholds. */
export const breakerDefaults: BreakerPlan = {
  connectionsMax: 1024,
  pendingMax: 1024,
  requestsMax: 1024,
  retriesMax: 3,
  perHostConnectionsMax: Number.POSITIVE_INFINITY,
  retryBudget: null,
  poolsMax: Number.POSITIVE_INFINITY,
  trackRemaining: false,
};

/** A loopback address with a port. */
export function loopback(port: number): SocketAddressPlan {
  return { kind: "socket", host: "127.0.0.1", port, ipv4Compat: false };
}

/** A healthy endpoint of weight 1 and priority 0. */
export function endpoint(port: number, more: Partial<EndpointPlan> = {}): EndpointPlan {
  return {
    address: loopback(port),
    hostname: "",
    weight: 1,
    priority: 0,
    locality: { region: "", zone: "", subZone: "" },
    localityWeight: 0,
    health: "unknown",
    metadata: {},
    canary: false,
    check: NO_ENDPOINT_CHECK,
    ...more,
  };
}

/** Names that are looked up every five seconds, the same after a failure. */
export function namesFound(more: Partial<DnsDiscovery> = {}): DnsDiscovery {
  return {
    kind: "strict_dns",
    endpoints: [],
    refreshMs: 5_000,
    failureRefreshBaseMs: 5_000,
    failureRefreshMaxMs: 5_000,
    respectTtl: false,
    jitterMs: 0,
    family: "auto",
    resolvers: [],
    delaysStart: true,
    ...more,
  };
}

/** A static round-robin HTTP/1 cluster. */
export function clusterPlan(
  name: string,
  endpoints: readonly EndpointPlan[],
  more: Partial<ClusterPlan> = {},
): ClusterPlan {
  return {
    name,
    statName: name,
    discovery: { kind: "static", endpoints },
    balancer: { kind: "round_robin", slowStart: null },
    subsets: null,
    hashPolicy: [],
    connectTimeoutMs: 5_000,
    keepaliveS: 0,
    tls: null,
    protocol: "http1",
    http: httpDefaults,
    breakers: { default: breakerDefaults, high: breakerDefaults },
    perConnectionBufferBytesMax: 1_048_576,
    requestsPerConnectionMax: Number.POSITIVE_INFINITY,
    idleTimeoutMs: 3_600_000,
    connectionDurationMaxMs: Number.POSITIVE_INFINITY,
    streamDurationMaxMs: Number.POSITIVE_INFINITY,
    retry: null,
    panicThresholdPercent: 50,
    overprovisioningPercent: 140,
    dropOverload: null,
    bindAddress: "",
    autoSni: false,
    autoSanValidation: false,
    healthChecks: [],
    outlier: null,
    ignoreHealthOnHostRemoval: false,
    ignoreNewHostsUntilFirstCheck: false,
    endpointStats: false,
    metadata: null,
    ...more,
  };
}

/** A TLS context that verifies nothing. */
export const upstreamTls: UpstreamTlsPlan = {
  certificates: [],
  versionMin: "TLSv1.2",
  versionMax: "TLSv1.3",
  ciphers: "",
  curves: "",
  alpn: [],
  sni: "",
  autoHostSni: false,
  validation: null,
  sessionKeysMax: 1,
};

type DnsDiscovery = Extract<ClusterPlan["discovery"], { readonly refreshMs: number }>;
