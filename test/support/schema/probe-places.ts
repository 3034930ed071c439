// Messages with which support-probe.ts starts: small, valid, and standing for something that is served. A type with variants is
// tried with each, because some fields count only beside another (a balancer's settings beside its lb_policy).

import { OVERRIDE_TYPES } from "../../../src/config/compile/filters/filter-types.ts";
import type { JsonValue } from "../../../src/config/load/checked.ts";
import type { JsonObject, Templates } from "./sample-value.ts";

/** A message packed into an Any. */
export function pack(type: string, message: JsonObject): JsonObject {
  return { "@type": `type.googleapis.com/${type}`, ...message };
}

/** The root of every probe. */
export const bootstrapType = "envoy.config.bootstrap.v3.Bootstrap";

const managerType = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const tls = "envoy.extensions.transport_sockets.tls.v3";
const address: JsonObject = { socket_address: { address: "127.0.0.1", port_value: 80 } };
const route: JsonObject = { match: { prefix: "/" }, route: { cluster: "c" } };
const virtualHost: JsonObject = { name: "v", domains: ["*"], routes: [route] };
const router: JsonObject = { name: "r", typed_config: pack("envoy.extensions.filters.http.router.v3.Router", {}) };
// Filters that routes can name: an entry's key is the type of what it holds.
const named = (name: string): JsonObject => ({
  name,
  typed_config: pack("envoy.extensions.filters.http.buffer.v3.Buffer", { max_request_bytes: 1 }),
});
const manager: JsonObject = {
  stat_prefix: "s",
  route_config: { name: "r", virtual_hosts: [virtualHost] },
  http_filters: [...[...Object.keys(OVERRIDE_TYPES), "envoy.config.route.v3.FilterConfig"].map(named), router],
};
const filter: JsonObject = { name: "h", typed_config: pack(managerType, manager) };
const loadAssignment: JsonObject = {
  cluster_name: "c",
  endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
};
const cluster: JsonObject = { name: "c", type: "STATIC", connect_timeout: "1s", load_assignment: loadAssignment };
const listener: JsonObject = { name: "l", address, filter_chains: [{ filters: [filter] }] };
const collector: JsonObject = { envoy_grpc: { cluster_name: "c" } };
const policy: JsonObject = {
  typed_extension_config: {
    name: "p",
    typed_config: pack("envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin", {}),
  },
};

const tracer: JsonObject = {
  name: "t",
  typed_config: pack("envoy.config.trace.v3.OpenTelemetryConfig", {
    grpc_service: { envoy_grpc: { cluster_name: "c" } },
  }),
};

/** The message of each type that its rules alone do not give. */
export const templates: Templates = {
  [bootstrapType]: { static_resources: { listeners: [listener], clusters: [cluster] } },
  "envoy.config.bootstrap.v3.Bootstrap.StaticResources": { listeners: [listener], clusters: [cluster] },
  "envoy.config.listener.v3.Listener": listener,
  "envoy.config.listener.v3.FilterChain": { filters: [filter] },
  "envoy.config.listener.v3.Filter": filter,
  [managerType]: manager,
  "envoy.config.trace.v3.Tracing.Http": tracer,
  "envoy.config.trace.v3.OpenTelemetryConfig": { grpc_service: { envoy_grpc: { cluster_name: "c" } } },
  "envoy.config.cluster.v3.Cluster": cluster,
  "envoy.config.cluster.v3.LoadBalancingPolicy": { policies: [policy] },
  "envoy.config.cluster.v3.LoadBalancingPolicy.Policy": policy,
  "envoy.config.cluster.v3.Cluster.CustomClusterType": {
    name: "starling.clusters.mesh",
    typed_config: pack("starling.mesh.v1.MeshCluster", { service_name: "s" }),
  },
  "envoy.config.core.v3.Address": address,
  "envoy.config.core.v3.SocketAddress": { address: "127.0.0.1", port_value: 80 },
  "envoy.config.endpoint.v3.ClusterLoadAssignment": loadAssignment,
  "envoy.config.endpoint.v3.LbEndpoint": { endpoint: { address } },
  "envoy.config.endpoint.v3.Endpoint": { address },
  "envoy.config.route.v3.RouteConfiguration": { name: "r", virtual_hosts: [virtualHost] },
  "envoy.config.route.v3.VirtualHost": virtualHost,
  "envoy.config.route.v3.Route": route,
  "envoy.config.route.v3.FilterConfig": {
    config: pack("envoy.extensions.filters.http.buffer.v3.BufferPerRoute", { disabled: true }),
  },
  "envoy.config.route.v3.RouteMatch": { prefix: "/" },
  "envoy.config.route.v3.RouteAction": { cluster: "c" },
  "envoy.config.route.v3.RetryPolicy": { retry_on: "5xx" },
  "envoy.config.bootstrap.v3.Admin": { address },
  "envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig": { grpc_service: collector },
  "envoy.config.trace.v3.ZipkinConfig": {
    collector_cluster: "c",
    collector_endpoint: "/api/v2/spans",
    collector_endpoint_version: "HTTP_JSON",
  },
  "envoy.config.core.v3.GrpcService": collector,
  "envoy.extensions.stat_sinks.open_telemetry.v3.SinkConfig": { grpc_service: collector },
  "envoy.config.core.v3.HttpService": { http_uri: { uri: "http://c/v1/logs", cluster: "c", timeout: "1s" } },
  "opentelemetry.proto.common.v1.KeyValue": { key: "k", value: { string_value: "v" } },
  "starling.mesh.v1.Mesh": { servers: ["nats://127.0.0.1:4222"] },
  [`${tls}.SubjectAltNameMatcher`]: { san_type: "DNS", matcher: { exact: "x" } },
  [`${tls}.DownstreamTlsContext`]: {
    common_tls_context: {
      tls_certificates: [{ certificate_chain: { inline_string: "x" }, private_key: { inline_string: "x" } }],
    },
  },
  "envoy.config.core.v3.HealthCheck": {
    timeout: "1s",
    interval: "1s",
    unhealthy_threshold: 1,
    healthy_threshold: 1,
    http_health_check: { path: "/" },
  },
};

const LOG_FILTER: JsonObject = { not_health_check_filter: {} };
const NULL_VALUE: JsonObject = { null_match: {} };

/** What a list must end with, besides what is tried in it. */
export const lastOf: Readonly<Record<string, JsonObject | undefined>> = {
  [`${managerType}.http_filters`]: router,
  "envoy.config.listener.v3.FilterChain.filters": filter,
  "envoy.config.accesslog.v3.AndFilter.filters": LOG_FILTER,
  "envoy.config.accesslog.v3.OrFilter.filters": LOG_FILTER,
  "envoy.type.matcher.v3.OrMatcher.value_matchers": NULL_VALUE,
};

/** What is laid over a type's template, one try each. */
export const variants: Readonly<Record<string, readonly JsonObject[] | undefined>> = {
  [`${managerType}.Tracing`]: [{ provider: tracer }],
  "envoy.config.cluster.v3.Cluster": [
    { type: "STRICT_DNS" },
    { type: "LOGICAL_DNS" },
    { lb_policy: "LEAST_REQUEST" },
    { lb_policy: "RING_HASH" },
    { lb_policy: "MAGLEV" },
    { lb_policy: "LOAD_BALANCING_POLICY_CONFIG" },
    { http2_protocol_options: {} },
  ],
};

/** Values of single fields that hold a different thing than their type does elsewhere. */
export const fieldSamples: Readonly<Record<string, JsonValue | undefined>> = {
  "envoy.config.cluster.v3.Cluster.typed_dns_resolver_config": {
    name: "d",
    typed_config: pack("envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig", {}),
  },
  [`${managerType}.Tracing.provider`]: tracer,
  "envoy.config.accesslog.v3.AndFilter.filters": [LOG_FILTER, LOG_FILTER],
  "envoy.config.accesslog.v3.OrFilter.filters": [LOG_FILTER, LOG_FILTER],
  "envoy.type.matcher.v3.OrMatcher.value_matchers": [NULL_VALUE, NULL_VALUE],
  "envoy.type.matcher.v3.ValueMatcher.or_match": { value_matchers: [NULL_VALUE, NULL_VALUE] },
  "envoy.config.accesslog.v3.AccessLogFilter.and_filter": { filters: [LOG_FILTER, LOG_FILTER] },
  "envoy.config.accesslog.v3.AccessLogFilter.or_filter": { filters: [LOG_FILTER, LOG_FILTER] },
};

/** Types that end such a list themselves. */
export const ending: ReadonlySet<unknown> = new Set(
  [
    managerType,
    "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
    "envoy.extensions.filters.http.router.v3.Router",
  ].map((type) => `type.googleapis.com/${type}`),
);
