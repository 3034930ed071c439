// Which HTTP filters there are besides the router, by the type of their settings. A new filter is one entry here; its plan stands in
// plan/filters/, what it does in dataplane/filters/. Called by http-filters.ts and filter-overrides.ts.
import type { CheckedMessage } from "../../load/checked.ts";
import type { FilterOverrideSettings, FilterSettings } from "../../plan/http-filter.ts";
import type { CompileContext } from "../context.ts";
import { compileBuffer, compileBufferOverride } from "./buffer.ts";
import { compileCorsPolicy } from "./cors.ts";
import { compileFault } from "./fault.ts";
import { compileGrpcHttp1Bridge } from "./grpc-http1-bridge.ts";
import { compileGrpcStats } from "./grpc-stats.ts";
import { compileHeaderMutation, compileHeaderMutationOverride } from "./header-mutation.ts";
import { compileHealthCheckFilter } from "./health-check.ts";
import { compileLocalRateLimit, compileLocalRateLimitOverride } from "./local-ratelimit.ts";
import { compileModule, compileModuleOverride } from "./module.ts";

const FAULT = "envoy.extensions.filters.http.fault.v3.HTTPFault";

/** Settings of the chain, by message type. */
export const FILTER_TYPES: Readonly<Record<string, FilterType<FilterSettings>>> = {
  "envoy.extensions.filters.http.buffer.v3.Buffer": compileBuffer,
  [FAULT]: compileFault,
  "envoy.extensions.filters.http.cors.v3.Cors": () => ({ kind: "cors" }),
  "envoy.extensions.filters.http.grpc_http1_bridge.v3.Config": compileGrpcHttp1Bridge,
  "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig": compileGrpcStats,
  "envoy.extensions.filters.http.grpc_web.v3.GrpcWeb": () => ({ kind: "grpc_web" }),
  "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation": compileHeaderMutation,
  "envoy.extensions.filters.http.health_check.v3.HealthCheck": compileHealthCheckFilter,
  "starling.filters.http.module.v1.Module": compileModule,
  "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit": compileLocalRateLimit,
};

/** What routes may give a filter, by message type. */
export const OVERRIDE_TYPES: Readonly<Record<string, FilterType<FilterOverrideSettings>>> = {
  "envoy.extensions.filters.http.buffer.v3.BufferPerRoute": compileBufferOverride,
  [FAULT]: compileFault,
  "envoy.extensions.filters.http.cors.v3.CorsPolicy": compileCorsPolicy,
  "envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute": compileHeaderMutationOverride,
  "starling.filters.http.module.v1.ModulePerRoute": compileModuleOverride,
  "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit": compileLocalRateLimitOverride,
};

/** `name`: of the filter. */
type FilterType<Made> = (context: CompileContext, config: CheckedMessage, name: string) => Made;
