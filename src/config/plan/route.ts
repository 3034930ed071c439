// Virtual hosts, routes and what they do.
import type { FormatPartPlan } from "./access-log.ts";
import type { HashMethodPlan } from "./hash-policy.ts";
import type { FilterOverridePlan } from "./http-filter.ts";
import type { InternalRedirectPlan } from "./internal-redirect.ts";
import type { FractionPlan, HeaderMatcherPlan, QueryMatcherPlan } from "./match.ts";
import type { MirrorPlan } from "./mirror.ts";
import type { RatePolicyPlan } from "./rate-limit.ts";
import type { RetryPlan } from "./retry.ts";
import type { MetadataMatchPlan } from "./subset.ts";
import type { RouteTracingPlan } from "./tracing.ts";

/** One RouteConfiguration. */
export interface RouteConfigPlan {
  readonly name: string;
  readonly virtualHosts: readonly VirtualHostPlan[];
  readonly headers: HeaderChangesPlan;
  /** internal_only_headers, lower case. */
  readonly internalOnlyHeaders: readonly string[];
  readonly mostSpecificHeaderMutationsWins: boolean;
  readonly ignorePortInHostMatching: boolean;
  /** typed_per_filter_config; so at every level below. */
  readonly filterOverrides: readonly FilterOverridePlan[];
}

/** One virtual host. */
export interface VirtualHostPlan {
  readonly name: string;
  /** Lower case: exact, `*.suffix`, `prefix.*` or `*`. Chosen in this order, longest first within a kind. */
  readonly domains: readonly string[];
  readonly routes: readonly RoutePlan[];
  readonly requireTls: "none" | "external" | "all";
  readonly headers: HeaderChangesPlan;
  readonly includeRequestAttemptCount: boolean;
  readonly includeAttemptCountInResponse: boolean;
  readonly filterOverrides: readonly FilterOverridePlan[];
  /** rate_limits, for filters of the chain that limit. */
  readonly rateLimits: readonly RatePolicyPlan[];
  /** Requests that are counted by name: the first whose matchers all match. */
  readonly virtualClusters: readonly VirtualClusterPlan[];
  /** include_is_timeout_retry_header: attempts after the first say whether a timeout was the reason. */
  readonly includeIsTimeoutRetry: boolean;
  /** filter_metadata, for formats; null: none. So of routes below. */
  readonly metadata: Readonly<Record<string, unknown>> | null;
}

/** Requests of a virtual host that are counted under a name of their own. */
export interface VirtualClusterPlan {
  /** As statistics have it. */
  readonly name: string;
  readonly headers: readonly HeaderMatcherPlan[];
}

/** One route: first match in file order wins. */
export interface RoutePlan {
  readonly name: string;
  readonly match: RouteMatchPlan;
  readonly action: RouteActionPlan;
  readonly headers: HeaderChangesPlan;
  readonly filterOverrides: readonly FilterOverridePlan[];
  /** Null: what the connection manager says. */
  readonly tracing: RouteTracingPlan | null;
  /** stat_prefix: its requests are counted as `vhost.<host>.route.<stat_prefix>.*` too; empty: they are not. */
  readonly statPrefix: string;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  /** `file:line` of the route, for `explain`. */
  readonly source: string;
}

/** When a route matches. */
export interface RouteMatchPlan {
  readonly path: PathMatchPlan;
  readonly headers: readonly HeaderMatcherPlan[];
  readonly query: readonly QueryMatcherPlan[];
  readonly fraction: FractionPlan | null;
  /** Whose hash decides the fraction; empty: a random number does. */
  readonly stickyBy: readonly HashMethodPlan[];
  /** grpc: {} */
  readonly grpcOnly: boolean;
}

/** prefix, path, path_separated_prefix, safe_regex or connect_matcher; `value` lower case when not case sensitive. */
export interface PathMatchPlan {
  readonly kind: "prefix" | "path" | "path_separated_prefix" | "regex" | "connect";
  readonly value: string;
  readonly caseSensitive: boolean;
}

/** What a matched route does. */
export type RouteActionPlan = ForwardPlan | RedirectPlan | DirectResponsePlan | NonForwardingPlan;

/** route: to a cluster. */
export interface ForwardPlan {
  readonly kind: "forward";
  readonly cluster: ClusterChoicePlan;
  /** cluster_not_found_response_code as a number, default 503. */
  readonly clusterNotFoundStatus: number;
  /** Default 15 000; Infinity: none (timeout: 0s). */
  readonly timeoutMs: number;
  /** route idle_timeout; -1: the manager's stream_idle_timeout. */
  readonly idleTimeoutMs: number;
  /** max_stream_duration of the route; -1: the manager's. */
  readonly streamDurationMaxMs: number;
  /** What a gRPC request's own grpc-timeout does; null: nothing. */
  readonly grpcTimeout: GrpcTimeoutPlan | null;
  readonly rewrite: RewritePlan;
  readonly priority: "default" | "high";
  readonly retry: RetryPlan | null;
  readonly keptBody: KeptBodyPlan;
  /** Null: redirects of the upstream go to the client. */
  readonly internalRedirect: InternalRedirectPlan | null;
  /** request_mirror_policies of the most specific level that has any. */
  readonly mirrors: readonly MirrorPlan[];
  /** append_x_forwarded_host. */
  readonly appendForwardedHost: boolean;
  /** upgrade_configs: what differs from the manager's. */
  readonly upgrades: readonly RouteUpgradePlan[];
  /** What of a request is hashed; empty: nothing. */
  readonly hashPolicy: readonly HashMethodPlan[];
  /** rate_limits, for filters of the chain that limit. */
  readonly rateLimits: readonly RatePolicyPlan[];
  /** include_vh_rate_limits: those of the virtual host count beside them. */
  readonly includesHostRateLimits: boolean;
  /** Metadata subset match; null: none. */
  readonly metadataMatch: MetadataMatchPlan | null;
}

/** `duration`: the route has max_stream_duration, for the whole stream. `route`: it has the older max_grpc_timeout, for its timeout. */
export interface GrpcTimeoutPlan {
  readonly kind: "duration" | "route";
  /** grpc_timeout_header_max, max_grpc_timeout: the most that is given; Infinity: all that is asked for; -1: nobody is asked. */
  readonly maxMs: number;
  /** Taken off what is asked for. */
  readonly offsetMs: number;
}

/** How much of a request's body is kept so that it can be sent again. */
export interface KeptBodyPlan {
  /** per_request_buffer_limit_bytes: the listener's per_connection_buffer_limit_bytes where that is less; Infinity: not set. */
  readonly lowerBytesMax: number;
  /** request_body_buffer_limit: it alone counts; -1: not set. */
  readonly bytesMax: number;
}

/** One of a route's upgrade_configs. */
export interface RouteUpgradePlan {
  /** Lower case. */
  readonly type: string;
  readonly enabled: boolean;
  /** connect_config: the bytes of a CONNECT go to the endpoint as they are. */
  readonly endsConnect: boolean;
}

/** Which cluster. */
export type ClusterChoicePlan =
  | { readonly kind: "one"; readonly name: string }
  | { readonly kind: "header"; readonly header: string }
  | {
      readonly kind: "weighted";
      readonly clusters: readonly WeightedClusterPlan[];
      readonly totalWeight: number;
      readonly runtimeKeyPrefix: string;
      /** What chooses: a random number, the remainder of the request's hash (use_hash_policy), or its hash so that a change of weights moves few. */
      readonly by: "chance" | "hash" | "sticky";
      /** header_name with a random value; empty: none. */
      readonly headerName: string;
    };

/** One of weighted_clusters. */
export interface WeightedClusterPlan {
  readonly name: string;
  /** Its name, made different from that of an earlier entry: what a sticky split knows it by. */
  readonly key: string;
  readonly weight: number;
  readonly headers: HeaderChangesPlan;
  readonly hostRewrite: string;
  readonly filterOverrides: readonly FilterOverridePlan[];
  /** Its metadata_match over the route's; null: neither has one. */
  readonly metadataMatch: MetadataMatchPlan | null;
}

/** prefix_rewrite, regex_rewrite, host_rewrite_*. */
export interface RewritePlan {
  readonly path:
    | { readonly kind: "none" }
    | { readonly kind: "prefix"; readonly value: string }
    | { readonly kind: "regex"; readonly pattern: string; readonly substitution: string };
  readonly host:
    | { readonly kind: "none" }
    | { readonly kind: "literal"; readonly value: string }
    | { readonly kind: "auto" }
    | { readonly kind: "header"; readonly header: string }
    | { readonly kind: "path_regex"; readonly pattern: string; readonly substitution: string };
}

/** redirect. */
export interface RedirectPlan {
  readonly kind: "redirect";
  readonly status: 301 | 302 | 303 | 307 | 308;
  /** Empty: as the request. */
  readonly scheme: string;
  readonly host: string;
  /** 0: as the request. */
  readonly port: number;
  readonly path:
    | { readonly kind: "none" }
    | { readonly kind: "path"; readonly value: string }
    | { readonly kind: "prefix"; readonly value: string }
    | { readonly kind: "regex"; readonly pattern: string; readonly substitution: string };
  readonly stripQuery: boolean;
}

/** direct_response. */
export interface DirectResponsePlan {
  readonly kind: "direct_response";
  readonly status: number;
  readonly body: Uint8Array;
  /** body_format, null: the plain body. */
  readonly bodyFormat: readonly FormatPartPlan[] | null;
}

/** non_forwarding_action. */
export interface NonForwardingPlan {
  readonly kind: "non_forwarding";
}

/** request_headers_to_add/remove and the response ones of one level. */
export interface HeaderChangesPlan {
  readonly requestAdd: readonly HeaderAddPlan[];
  readonly requestRemove: readonly string[];
  readonly responseAdd: readonly HeaderAddPlan[];
  readonly responseRemove: readonly string[];
}

/** One header to add; `value` may hold `%…%` operators. */
export interface HeaderAddPlan {
  readonly name: string;
  readonly value: readonly FormatPartPlan[];
  readonly action: "append" | "add_if_absent" | "overwrite" | "overwrite_if_exists";
  readonly keepEmpty: boolean;
}
