// Active health checks and outlier detection of a cluster. Made by compile/health-check.ts and compile/outlier.ts.
import type { StringMatcherPlan } from "./match.ts";

/**
 * One element of Cluster.health_checks. As in Envoy 1.40 each has its own probes, first check, thresholds, events and eight values; an
 * endpoint has failed when one of them says so, and is degraded when one of them says so.
 */
export interface HealthCheckPlan {
  /**
   * Different for each check of a cluster, fit for counters: they stand under `health_check.name.<name>.`. Empty (only for a single
   * check): `health_check.`. With several, the cluster also has `health_check.healthy` and `.degraded` of what they come to together.
   */
  readonly name: string;
  /** A probe without an outcome by then has failed. */
  readonly timeoutMs: number;
  readonly intervalMs: number;
  /** Greatest random delay before the first probe of an endpoint; 0: none. */
  readonly initialJitterMs: number;
  /** Greatest random addition to each interval; 0: none. */
  readonly intervalJitterMs: number;
  /** Greatest random addition as percent of the interval; 0: none. */
  readonly intervalJitterPercent: number;
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
  /** Interval while the cluster never had an upstream connection, default 60 000. */
  readonly noTrafficIntervalMs: number;
  /** The same for healthy endpoints, default noTrafficIntervalMs. */
  readonly noTrafficHealthyIntervalMs: number;
  /** Defaults: unhealthyIntervalMs intervalMs, unhealthyEdgeIntervalMs unhealthyIntervalMs, healthyEdgeIntervalMs intervalMs. */
  readonly unhealthyIntervalMs: number;
  readonly unhealthyEdgeIntervalMs: number;
  readonly healthyEdgeIntervalMs: number;
  /** Default true. */
  readonly reuseConnection: boolean;
  /** Port probed instead of the endpoint's (alt_port); 0: none. The endpoint's own health_check_config.port_value wins. */
  readonly altPort: number;
  readonly alwaysLogFailures: boolean;
  readonly alwaysLogSuccess: boolean;
  /** Files that get one JSON line an event (event_log_path, event_logger of type HealthCheckEventFileSink). */
  readonly eventLogPaths: readonly string[];
  /** tls_options.alpn_protocols; empty: what a probe speaks (a TCP check: what the cluster's transport socket offers). */
  readonly alpn: readonly string[];
  readonly checker: HttpCheckPlan | TcpCheckPlan | GrpcCheckPlan;
}

/** health_checks.http_health_check. */
export interface HttpCheckPlan {
  readonly kind: "http";
  /** Authority of endpoints whose health_check_config has no hostname; empty: the cluster's name. */
  readonly host: string;
  readonly path: string;
  /** Default GET. */
  readonly method: string;
  readonly codec: "http1" | "http2";
  /** use_alpn_protocol: the protocol agreed on in the handshake is spoken, `codec` where none or another is. */
  readonly usesAlpn: boolean;
  /** Request body; empty: none. */
  readonly send: Uint8Array;
  /** Texts that the body must hold in this order; empty: any body passes. */
  readonly receive: readonly Uint8Array[];
  /** Bytes of the body that `receive` looks at, default 1 024; Infinity: all. */
  readonly responseBytesMax: number;
  readonly headersToAdd: readonly HeaderToAddPlan[];
  /** Lower case. */
  readonly headersToRemove: readonly string[];
  /** Half-open; one `[200, 201)` when the file has none. */
  readonly expectedStatuses: readonly StatusRangePlan[];
  readonly retriableStatuses: readonly StatusRangePlan[];
  /** service_name_matcher against x-envoy-upstream-healthchecked-cluster; null: none. */
  readonly serviceName: StringMatcherPlan | null;
}

/** health_checks.tcp_health_check. Both empty: a connection is enough. */
export interface TcpCheckPlan {
  readonly kind: "tcp";
  readonly send: Uint8Array;
  /** Found in this order in what comes, gaps allowed (fuzzy, as Envoy). */
  readonly receive: readonly Uint8Array[];
}

/** health_checks.grpc_health_check: grpc.health.v1.Health/Check over HTTP/2. */
export interface GrpcCheckPlan {
  readonly kind: "grpc";
  /** `service` of the request; empty: the server as a whole. */
  readonly serviceName: string;
  /** Of endpoints whose health_check_config has no hostname; empty: the cluster's name. */
  readonly authority: string;
  readonly metadata: readonly HeaderToAddPlan[];
}

/** `[start, end)`. */
export interface StatusRangePlan {
  readonly start: number;
  readonly end: number;
}

/** A field of a probe's request. */
export interface HeaderToAddPlan {
  /** Lower case. */
  readonly name: string;
  readonly value: string;
  readonly action: "append" | "add_if_absent" | "overwrite" | "overwrite_if_exists";
}

/** endpoint.health_check_config. */
export interface EndpointCheckPlan {
  /** 0: the endpoint's port. */
  readonly port: number;
  /** IP address; empty: the endpoint's. */
  readonly address: string;
  /** Empty: as the check says. */
  readonly hostname: string;
  /** disable_active_health_check: never probed, always healthy to active checks. */
  readonly disabled: boolean;
}

/** Cluster.outlier_detection with Envoy's defaults. */
export interface OutlierPlan {
  /** Default 5; enforcing share default 100 %. 0: off. */
  readonly consecutive5xx: number;
  readonly enforcingConsecutive5xx: number;
  /** Default 5; enforcing share default 0 %. */
  readonly consecutiveGatewayFailure: number;
  readonly enforcingConsecutiveGatewayFailure: number;
  /** Default 5, 100 %; only with splitExternalLocalOriginErrors. */
  readonly consecutiveLocalOriginFailure: number;
  readonly enforcingConsecutiveLocalOriginFailure: number;
  /** Default false. */
  readonly splitExternalLocalOriginErrors: boolean;
  /** Default 10 000. */
  readonly intervalMs: number;
  /** Default 30 000; multiplied by the number of ejections. */
  readonly baseEjectionTimeMs: number;
  /** Default: the greater of 300 000 and baseEjectionTimeMs. */
  readonly maxEjectionTimeMs: number;
  readonly maxEjectionTimeJitterMs: number;
  /** Default 10. */
  readonly maxEjectionPercent: number;
  readonly alwaysEjectOneHost: boolean;
  /** Default 5 hosts, 100 requests, factor 1 900 (thousandths), enforcing 100 %. */
  readonly successRateMinimumHosts: number;
  readonly successRateRequestVolume: number;
  readonly successRateStdevFactor: number;
  readonly enforcingSuccessRate: number;
  readonly enforcingLocalOriginSuccessRate: number;
  /** Default 85 %, 5 hosts, 50 requests, enforcing 0 %. */
  readonly failurePercentageThreshold: number;
  readonly failurePercentageMinimumHosts: number;
  readonly failurePercentageRequestVolume: number;
  readonly enforcingFailurePercentage: number;
  readonly enforcingFailurePercentageLocalOrigin: number;
  /** detect_degraded_hosts: x-envoy-degraded in an answer degrades its endpoint for a time; default false. */
  readonly detectsDegraded: boolean;
  /** successful_active_health_check_uneject_host, default true. */
  readonly successfulActiveCheckUnejects: boolean;
}

/** An endpoint without health_check_config. */
export const NO_ENDPOINT_CHECK: EndpointCheckPlan = Object.freeze({
  port: 0,
  address: "",
  hostname: "",
  disabled: false,
});
