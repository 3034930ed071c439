// Cluster plans for tests: everything has its default, so that a case shows only what it is about.

import type { SocketAddressPlan } from "../../src/config/plan/address.ts";
import type { BreakerPlan, ClusterPlan, EndpointPlan } from "../../src/config/plan/cluster.ts";
import { NO_ENDPOINT_CHECK } from "../../src/config/plan/health-check.ts";
import type { HttpProtocolPlan } from "../../src/config/plan/http-protocol.ts";
import type { UpstreamTlsPlan } from "../../src/config/plan/tls.ts";

/** Codec limits with Starling's defaults. */
export const httpDefaults: HttpProtocolPlan = {
  http1: {
    headersBytesMax: 61_440,
    headersCountMax: 100,
    trailersBytesMax: 8_192,
    acceptHttp10: false,
    defaultHostForHttp10: "",
    trailers: false,
    properCase: false,
    allowAbsoluteUrl: true,
    chunkExtensionBytesMax: 256,
    underscores: "allow",
  },
  http2: {
    concurrentStreamsMax: 100,
    initialStreamWindowBytes: 65_536,
    initialConnectionWindowBytes: 1_048_576,
    hpackTableBytes: 4_096,
    frameBytesMax: 16_384,
    headersBytesMax: 61_440,
    headersCountMax: 100,
    trailersBytesMax: 8_192,
    allowConnect: false,
    controlFramesQueuedMax: 1_000,
    resetsPerSecondMax: 100,
    pingsPerSecondMax: 100,
    settingsPerSecondMax: 50,
    emptyDataPerSecondMax: 100,
    continuationsMax: 20,
    priorityPerStreamMax: 100,
    windowUpdatesPerDataMax: 10,
    serverResetsMax: 500,
    stalledStreamsMax: 10,
    keepaliveIntervalMs: Number.POSITIVE_INFINITY,
    keepaliveTimeoutMs: Number.POSITIVE_INFINITY,
    underscores: "allow",
  },
};

/** Envoy's default thresholds. */
export const breakerDefaults: BreakerPlan = {
  connectionsMax: 1024,
  pendingMax: 1024,
  requestsMax: 1024,
  retriesMax: 3,
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
    balancer: { kind: "round_robin" },
    connectTimeoutMs: 5_000,
    tls: null,
    protocol: "http1",
    http: httpDefaults,
    breakers: { default: breakerDefaults, high: breakerDefaults },
    perConnectionBufferBytesMax: 1_048_576,
    requestsPerConnectionMax: Number.POSITIVE_INFINITY,
    idleTimeoutMs: 3_600_000,
    connectionDurationMaxMs: Number.POSITIVE_INFINITY,
    panicThresholdPercent: 50,
    overprovisioningPercent: 140,
    bindAddress: "",
    autoSni: false,
    autoSanValidation: false,
    healthChecks: [],
    outlier: null,
    ignoreHealthOnHostRemoval: false,
    ignoreNewHostsUntilFirstCheck: false,
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
