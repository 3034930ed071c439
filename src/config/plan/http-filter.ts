// The HTTP filters of a connection manager, and what single routes change of them. Each filter's own settings stand in filters/.
import type { BufferOverridePlan, BufferPlan } from "./filters/buffer.ts";
import type { CorsPlan, CorsPolicyPlan } from "./filters/cors.ts";
import type { FaultPlan } from "./filters/fault.ts";
import type { GrpcHttp1BridgePlan } from "./filters/grpc-http1-bridge.ts";
import type { GrpcStatsPlan } from "./filters/grpc-stats.ts";
import type { GrpcWebPlan } from "./filters/grpc-web.ts";
import type { HeaderMutationOverridePlan, HeaderMutationPlan } from "./filters/header-mutation.ts";
import type { HealthCheckFilterPlan } from "./filters/health-check.ts";
import type { LocalRateLimitPlan } from "./filters/local-ratelimit.ts";
import type { ModuleFilterPlan, ModuleOverridePlan } from "./filters/module.ts";

/** One HTTP filter of the chain, in execution order; the last is the router. */
export type HttpFilterPlan = RouterFilterPlan | (FilterSettings & NamedFilter);

/** What a filter of each kind is made of: a new filter adds its type here. */
export type FilterSettings =
  | BufferPlan
  | FaultPlan
  | CorsPlan
  | GrpcHttp1BridgePlan
  | GrpcStatsPlan
  | GrpcWebPlan
  | HeaderMutationPlan
  | HealthCheckFilterPlan
  | LocalRateLimitPlan
  | ModuleFilterPlan;

/** What routes may give a filter in its typed_per_filter_config: a filter with such a type adds it here. */
export type FilterOverrideSettings =
  | BufferOverridePlan
  | CorsPolicyPlan
  | FaultPlan
  | HeaderMutationOverridePlan
  | LocalRateLimitPlan
  | ModuleOverridePlan;

/** What every filter but the router has. */
export interface NamedFilter {
  /** The name that routes call it by. */
  readonly name: string;
  /** Off unless a route's entry turns it on. */
  readonly disabled: boolean;
}

/** One entry of typed_per_filter_config of a route configuration, virtual host, route or weighted cluster. */
export interface FilterOverridePlan {
  readonly name: string;
  /** The filter is off here; otherwise any entry turns it on. */
  readonly disabled: boolean;
  /** Null: the filter's own settings. */
  readonly settings: FilterOverrideSettings | null;
}

/** envoy.filters.http.router */
export interface RouterFilterPlan {
  readonly kind: "router";
  readonly name: string;
  readonly suppressEnvoyHeaders: boolean;
  /** x-envoy-expected-rq-timeout-ms of a trusted client is the request's timeout. */
  readonly respectExpectedRequestTimeout: boolean;
  /** strict_check_headers: x-envoy-* headers whose values are judged. */
  readonly strictHeaders: readonly string[];
  /** start_child_span and upstream_log are not acted on. */
  readonly dynamicStats: boolean;
}
