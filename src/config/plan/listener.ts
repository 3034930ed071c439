// Listeners, filter chains and the HTTP connection manager as the workers run them.

import type { AccessLogPlan } from "./access-log.ts";
import type { AddressPlan } from "./address.ts";
import type { TokenBucketPlan } from "./filters/local-ratelimit.ts";
import type { HttpFilterPlan } from "./http-filter.ts";
import type { HttpProtocolPlan } from "./http-protocol.ts";
import type { LocalReplyPlan } from "./local-reply.ts";
import type { RouteConfigPlan } from "./route.ts";
import type { TcpProxyPlan } from "./tcp-proxy.ts";
import type { DownstreamTlsPlan } from "./tls.ts";
import type { TracingPlan } from "./tracing.ts";

/** One listener. */
export interface ListenerPlan {
  /** Given name, or a random UUID made when the file was loaded (as Envoy). */
  readonly name: string;
  readonly address: AddressPlan;
  readonly additionalAddresses: readonly AddressPlan[];
  /** `127.0.0.1_8080` or stat_prefix: the token in `listener.<token>.downstream_cx_total`. */
  readonly statPrefix: string;
  readonly filterChains: readonly FilterChainPlan[];
  readonly defaultFilterChain: FilterChainPlan | null;
  /** A line for each connection, refused ones too. */
  readonly accessLogs: readonly AccessLogPlan[];
  /** Default 1 MiB. */
  readonly perConnectionBufferBytesMax: number;
  /** bind_to_port, default true. */
  readonly bindToPort: boolean;
  /** The overload manager's limit of the node's downstream connections, the same for every listener; Infinity: none. */
  readonly nodeConnectionsMax: number;
  /** ignore_global_conn_limit. */
  readonly ignoresNodeLimit: boolean;
  /** Listen backlog, default 128 as Envoy. */
  readonly backlog: number;
  /** `modify_only`: its connections stay while the node fails its health check by hand. */
  readonly drainType: "default" | "modify_only";
  readonly trafficDirection: "unspecified" | "inbound" | "outbound";
  readonly inspection: InspectionPlan;
  /** tcp_keepalive of accepted connections: idle seconds before the first probe; 0: none. */
  readonly keepaliveS: number;
  /** filter_metadata, for formats; null: none. So of filter chains. */
  readonly metadata: Readonly<Record<string, unknown>> | null;
}

/** How a connection's first bytes are waited for before its chain is chosen. */
export interface InspectionPlan {
  /** tls_inspector or http_inspector: they are waited for also where nothing depends on them. */
  readonly always: boolean;
  /** listener_filters_timeout; Starling's default 10 000, Envoy's 15 000; Infinity: none. */
  readonly timeoutMs: number;
  /** continue_on_listener_filters_timeout: then the connection is served as cleartext instead of closed. */
  readonly continues: boolean;
}

/** How long connections of a listener that a plan has no more may last. */
export interface DrainTerms {
  /** Over this time the share of answers that end their connection grows to all; 0: all at once. */
  readonly spreadMs: number;
  /** Then what is left is closed. */
  readonly drainMs: number;
}

/** One filter chain: how a connection is matched, secured and served. */
export interface FilterChainPlan {
  readonly name: string;
  readonly match: FilterChainMatchPlan;
  /** Null: cleartext. */
  readonly tls: DownstreamTlsPlan | null;
  /** transport_socket_connect_timeout: TLS handshake, default 10 000. */
  readonly handshakeTimeoutMs: number;
  /** What its new connections take tokens from, one after the other; empty: nothing. */
  readonly rates: readonly ConnectionRatePlan[];
  readonly filter: NetworkFilterPlan;
  readonly metadata: Readonly<Record<string, unknown>> | null;
}

/** envoy.filters.network.local_ratelimit: a connection without a token is closed. */
export interface ConnectionRatePlan {
  readonly statPrefix: string;
  readonly bucket: TokenBucketPlan;
  /** Names its bucket among those of the node (`Plan.rateBuckets`). */
  readonly bucketKey: string;
  /** runtime_enabled; default true. */
  readonly isEnabled: boolean;
  /** Empty: the runtime has no say. */
  readonly runtimeKey: string;
}

/** filter_chain_match; empty arrays match everything. The most specific wins, level by level in the order of the choice: see net/chain-choice.ts. */
export interface FilterChainMatchPlan {
  /** Exact or `*.suffix` names, lower case. */
  readonly serverNames: readonly string[];
  readonly applicationProtocols: readonly string[];
  /** "" | "raw_buffer" | "tls" */
  readonly transportProtocol: string;
  /** 0: any. */
  readonly destinationPort: number;
  /** prefix_ranges, direct_source_prefix_ranges, source_prefix_ranges: `10.0.0.0/8`. */
  readonly destinationNetworks: readonly string[];
  readonly directSourceNetworks: readonly string[];
  readonly sourceNetworks: readonly string[];
  /** `local`: SAME_IP_OR_LOOPBACK. */
  readonly sourceType: "any" | "local" | "external";
  readonly sourcePorts: readonly number[];
}

/** The terminal network filter of a chain. */
export type NetworkFilterPlan = HttpConnectionManagerPlan | TcpProxyPlan;

/** The HTTP connection manager. */
export interface HttpConnectionManagerPlan {
  readonly kind: "http";
  readonly statPrefix: string;
  readonly codec: "auto" | "http1" | "http2";
  readonly routes: RouteConfigPlan;
  readonly filters: readonly HttpFilterPlan[];
  readonly accessLogs: readonly AccessLogPlan[];
  /** How often a line is written while a stream lasts; Infinity: at its end only. */
  readonly logIntervalMs: number;
  /** Whether a line is also written when a request's head has come, and when its tunnel stands. */
  readonly logsNewRequests: boolean;
  readonly logsTunnels: boolean;
  /** Null: nothing is traced. */
  readonly tracing: TracingPlan | null;
  /** server_name, default `envoy`. */
  readonly serverName: string;
  readonly serverHeader: "overwrite" | "append_if_absent" | "pass_through";
  /** via; empty: none. */
  readonly via: string;
  readonly http: HttpProtocolPlan;
  /** Codec limits that the sizes of this manager set. */
  readonly headersBytesMax: number;
  /** idle timeout of a connection without requests; default 3 600 000; Infinity: none. */
  readonly idleTimeoutMs: number;
  /** stream_idle_timeout, default 300 000; Infinity: none. */
  readonly streamIdleTimeoutMs: number;
  /** stream_flush_timeout, else stream_idle_timeout; Starling's default 60 000, Envoy's 300 000; Infinity: none. */
  readonly streamFlushTimeoutMs: number;
  /** request_timeout, default Infinity. */
  readonly requestTimeoutMs: number;
  /** request_headers_timeout; Starling's default 10 000, Envoy's none. */
  readonly requestHeadersTimeoutMs: number;
  /** max_connection_duration, max_stream_duration; Infinity: none. */
  readonly connectionDurationMaxMs: number;
  /** max_connection_duration_jitter: up to this share of the duration, in percent, is added for each connection; 0 to 100. */
  readonly connectionDurationJitterPercent: number;
  readonly streamDurationMaxMs: number;
  /** max_requests_per_connection; Infinity: none. */
  readonly requestsPerConnectionMax: number;
  /** drain_timeout after the first GOAWAY, default 5 000. */
  readonly drainTimeoutMs: number;
  /** drain_timeout_jitter: up to this share of it, in percent, is added for each connection; 0 to 100. */
  readonly drainTimeoutJitterPercent: number;
  /** delayed_close_timeout, default 1 000. */
  readonly delayedCloseTimeoutMs: number;
  readonly useRemoteAddress: boolean;
  readonly xffTrustedHops: number;
  readonly skipXffAppend: boolean;
  /** CIDR texts of internal_address_config; null: Envoy's default (RFC 1918 and loopback when the runtime guard says so). */
  readonly internalCidrs: readonly string[] | null;
  readonly generateRequestId: boolean;
  readonly preserveExternalRequestId: boolean;
  readonly alwaysSetRequestIdInResponse: boolean;
  readonly normalizePath: boolean;
  readonly mergeSlashes: boolean;
  readonly escapedSlashes: "keep" | "reject" | "redirect" | "forward";
  /** strip_matching_host_port / strip_any_host_port. */
  readonly stripHostPort: "none" | "matching" | "any";
  readonly stripTrailingHostDot: boolean;
  /** The router's suppress_envoy_headers, here too for what answers without it. */
  readonly suppressEnvoyHeaders: boolean;
  /** append_x_forwarded_port. */
  readonly appendForwardedPort: boolean;
  /** upgrade_configs: upgrade types that are on, lower case. */
  readonly upgradeTypes: readonly string[];
  /** proxy_100_continue. */
  readonly proxy100Continue: boolean;
  readonly streamErrorOnInvalidHttp: boolean;
  readonly clientCertificate: ClientCertificatePlan;
  /** local_reply_config; null: the own answers go out as they are. */
  readonly localReplies: LocalReplyPlan | null;
}

/** forward_client_cert_details and set_current_client_cert_details: what becomes of x-forwarded-client-cert. */
export interface ClientCertificatePlan {
  readonly mode: "sanitize" | "forward_only" | "append_forward" | "sanitize_set" | "always_forward_only";
  /** What is written besides By and Hash, in the order of writing. */
  readonly details: readonly CertificateDetail[];
}

/** One part of an element of x-forwarded-client-cert. */
export type CertificateDetail = "cert" | "chain" | "subject" | "issuer" | "uri" | "dns";
