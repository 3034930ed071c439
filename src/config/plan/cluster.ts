// Clusters and their endpoints.
import type { AddressPlan } from "./address.ts";
import type { HashMethodPlan } from "./hash-policy.ts";
import type { EndpointCheckPlan, HealthCheckPlan, OutlierPlan } from "./health-check.ts";
import type { HttpProtocolPlan } from "./http-protocol.ts";
import type { RetryPlan } from "./retry.ts";
import type { SubsetsPlan } from "./subset.ts";
import type { UpstreamTlsPlan } from "./tls.ts";

/** One cluster. */
export interface ClusterPlan {
  readonly name: string;
  /** alt_stat_name, else the name. */
  readonly statName: string;
  readonly discovery: DiscoveryPlan;
  readonly balancer: BalancerPlan;
  /** Groups of endpoints that the balancer picks from; null: it picks from all of them. */
  readonly subsets: SubsetsPlan | null;
  /** hash_policy of its HttpProtocolOptions: it counts in place of the route's; empty: none. */
  readonly hashPolicy: readonly HashMethodPlan[];
  /** Default 5 000. */
  readonly connectTimeoutMs: number;
  readonly tls: UpstreamTlsPlan | null;
  /** Which protocol the upstream speaks. `downstream`: that of the request (use_downstream_protocol_config); `alpn`: auto_config. */
  readonly protocol: "http1" | "http2" | "downstream" | "alpn";
  readonly http: HttpProtocolPlan;
  readonly breakers: { readonly default: BreakerPlan; readonly high: BreakerPlan };
  /** Default 1 MiB. */
  readonly perConnectionBufferBytesMax: number;
  /** max_requests_per_connection; Infinity: none. */
  readonly requestsPerConnectionMax: number;
  /** idle_timeout of pooled connections, default 3 600 000. */
  readonly idleTimeoutMs: number;
  readonly connectionDurationMaxMs: number;
  /** max_stream_duration of its common_http_protocol_options, for each attempt; Infinity: none. */
  readonly streamDurationMaxMs: number;
  /** retry_policy of its HttpProtocolOptions, for routes without one; null: none. */
  readonly retry: RetryPlan | null;
  /** Percent of healthy hosts below which all are used, default 50. */
  readonly panicThresholdPercent: number;
  /** Default 1.4 as percent. */
  readonly overprovisioningPercent: number;
  /** load_assignment.policy.drop_overloads; null: nothing is dropped. */
  readonly dropOverload: DropOverloadPlan | null;
  /** upstream_bind_config source address; empty: none. */
  readonly bindAddress: string;
  /** upstream_connection_options.tcp_keepalive: idle seconds before the first probe; 0: none. */
  readonly keepaliveS: number;
  readonly autoSni: boolean;
  readonly autoSanValidation: boolean;
  /** Active checks, all of which must pass; empty: every endpoint is healthy to them. */
  readonly healthChecks: readonly HealthCheckPlan[];
  /** Null: no outlier detection. */
  readonly outlier: OutlierPlan | null;
  /** ignore_health_on_host_removal: an endpoint that discovery drops goes at once, though its checks pass; default false. */
  readonly ignoreHealthOnHostRemoval: boolean;
  /**
   * common_lb_config.ignore_new_hosts_until_first_hc: an endpoint that was never checked counts neither as healthy nor in the
   * total by which panic and priorities are judged; default false, without effect without checks.
   */
  readonly ignoreNewHostsUntilFirstCheck: boolean;
  /** track_cluster_stats.per_endpoint_stats: each endpoint has statistics of its own in /stats; default false. */
  readonly endpointStats: boolean;
  /** filter_metadata, for formats; null: none. */
  readonly metadata: Readonly<Record<string, unknown>> | null;
}

/** Where endpoints come from. */
export type DiscoveryPlan =
  | { readonly kind: "static"; readonly endpoints: readonly EndpointPlan[] }
  | {
      readonly kind: "strict_dns" | "logical_dns";
      readonly endpoints: readonly EndpointPlan[];
      /** Default 5 000. */
      readonly refreshMs: number;
      readonly failureRefreshBaseMs: number;
      readonly failureRefreshMaxMs: number;
      readonly respectTtl: boolean;
      readonly jitterMs: number;
      readonly family: "auto" | "v4_only" | "v6_only" | "v4_preferred" | "all";
      /** `ip:port` of resolvers; empty: the system's. */
      readonly resolvers: readonly string[];
      /** Whether listeners wait for the first answer of its names; default true. */
      readonly delaysStart: boolean;
    }
  | {
      readonly kind: "mesh";
      /** Whatever nodes of the mesh announce for this service. */
      readonly service: string;
      /** Of the file: none. */
      readonly endpoints: readonly EndpointPlan[];
    };

/** One configured endpoint (before names are resolved). */
export interface EndpointPlan {
  readonly address: AddressPlan;
  /** endpoint.hostname, else the name for DNS, else empty. */
  readonly hostname: string;
  readonly weight: number;
  readonly priority: number;
  readonly locality: LocalityPlan;
  /** load_balancing_weight of the locality, 0: not set. */
  readonly localityWeight: number;
  /** health_status of the file. */
  readonly health: "unknown" | "healthy" | "unhealthy" | "draining" | "timeout" | "degraded";
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly canary: boolean;
  /** Its health_check_config. */
  readonly check: EndpointCheckPlan;
}

/** A share of the requests that is answered 503 without asking anybody, and its name in load reports. */
export interface DropOverloadPlan {
  readonly category: string;
  /** 0 to 1. */
  readonly share: number;
}

/** region, zone, sub_zone. */
export interface LocalityPlan {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

/** lb_policy with its options. */
export type BalancerPlan = TurnBalancerPlan | HashBalancerPlan;

/** The balancers that give every endpoint its turn. */
export type TurnBalancerPlan =
  | { readonly kind: "round_robin"; readonly slowStart: SlowStartPlan | null }
  | { readonly kind: "random" }
  | {
      readonly kind: "least_request";
      /** choice_count, default 2. */
      readonly choices: number;
      /** Default 1. */
      readonly activeRequestBias: number;
      /** Its runtime key; empty: none. */
      readonly biasKey: string;
      readonly slowStart: SlowStartPlan | null;
    };

/** slow_start_config: the share of a new endpoint grows to its own. */
export interface SlowStartPlan {
  /** More than 0. */
  readonly windowMs: number;
  /** 1: in step with time; more: faster at first. Default 1. */
  readonly aggression: number;
  /** Its runtime key; empty: none. */
  readonly aggressionKey: string;
  /** min_weight_percent as a part of 1, default 0.1. */
  readonly leastFactor: number;
}

/** The balancers that send the same hash to the same endpoint. */
export type HashBalancerPlan = HashBalancerOptions &
  (
    | {
        readonly kind: "ring_hash";
        readonly hash: "xx_hash" | "murmur_hash_2";
        /** Points of the ring, default 1,024 and 8,388,608. */
        readonly pointsMin: number;
        readonly pointsMax: number;
      }
    | {
        readonly kind: "maglev";
        /** A prime, default 65,537. */
        readonly tableSize: number;
      }
  );

/** What both have. */
export interface HashBalancerOptions {
  /** hash_policy of the load balancing policy itself: it counts in place of the route's; empty: none. */
  readonly hashPolicy: readonly HashMethodPlan[];
  /** Endpoints are known by their hostname instead of their address; metadata envoy.lb hash_key wins over both. */
  readonly usesHostname: boolean;
  /** hash_balance_factor: percent of the mean load that an endpoint may have before others take over; 0: no limit. */
  readonly balanceFactorPercent: number;
  /** Shares of localities by their load_balancing_weight. */
  readonly isLocalityWeighted: boolean;
}

/** retry_budget: retries may be a share of what runs and waits. */
export interface RetryBudgetPlan {
  /** budget_percent, default 20. */
  readonly percent: number;
  /** min_retry_concurrency, default 3: so many in any case. */
  readonly retriesMin: number;
}

/** One priority's circuit breaker thresholds. */
export interface BreakerPlan {
  /** Default 1024. */
  readonly connectionsMax: number;
  readonly pendingMax: number;
  readonly requestsMax: number;
  /** Default 3. */
  readonly retriesMax: number;
  /** Instead of retriesMax; null: not set. */
  readonly retryBudget: RetryBudgetPlan | null;
  readonly poolsMax: number;
  /** per_host_thresholds.max_connections: of each endpoint; Infinity: none. */
  readonly perHostConnectionsMax: number;
  readonly trackRemaining: boolean;
}
