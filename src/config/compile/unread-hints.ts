// What a warning of a field that nobody acts on adds where a reader would ask: what happens instead, or what to write. Called by
// compile-plan.ts; fields that it does not have are warned of by their name alone.

/** After `… is accepted and not acted on`: empty, or `: ` and a sentence without its stop. */
export function unreadHint(type: string, field: string): string {
  const hint = HINTS[type]?.[field];
  return hint === undefined ? "" : `: ${hint}`;
}

/** Fields with a hint, by message type. */
export const HINTS: Readonly<Record<string, Readonly<Record<string, string>> | undefined>> = {
  "envoy.config.bootstrap.v3.Bootstrap": {
    hds_config: "no server orders checks; write health_checks into the clusters",
    watchdogs: "workers are watched for filter modules that stand still only",
    default_regex_engine: "regexes mean what RE2 means",
    dns_resolution_config: "write it into the clusters",
    typed_dns_resolver_config: "write it into the clusters",
    tracing: "write it into the HTTP connection managers",
  },
  "envoy.config.bootstrap.v3.Bootstrap.StaticResources": {
    secrets: "write certificates into tls_certificates and validation_context",
  },
  "envoy.config.cluster.v3.Cluster": {
    preconnect_policy: "connections are made when requests need them",
    close_connections_on_host_health_failure: "connections to an endpoint that fails its checks end when they are idle",
    track_timeout_budgets: "there are no histograms of time-out budgets",
  },
  "envoy.config.cluster.v3.Cluster.CommonLbConfig": {
    zone_aware_lb_config: "requests go to all zones alike",
    locality_weighted_lb_config: "weights of localities change nothing",
  },
  "envoy.config.listener.v3.Listener": {
    connection_balance_config: "the kernel spreads connections over the workers",
    tcp_fast_open_queue_length: "clients shake hands first",
  },
  "envoy.config.overload.v3.OverloadManager": {
    actions: "only max_active_downstream_connections is acted on",
  },
  "envoy.config.route.v3.RouteAction": {
    rate_limits: "no local_ratelimit filter of http_filters reads them",
    cors: corsHint("of the route"),
  },
  "envoy.config.route.v3.VirtualHost": {
    rate_limits: "no local_ratelimit filter of http_filters reads them",
    cors: corsHint("of the virtual host"),
  },
  "envoy.extensions.filters.http.router.v3.Router": {
    upstream_log: "write access_log of the HTTP connection manager, which knows the upstream",
    start_child_span: "write spawn_upstream_span of tracing",
  },
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager": {
    http3_protocol_options: "HTTP/3 is not served",
    add_user_agent: "no field is added; write request_headers_to_add",
    proxy_status_config: "no proxy-status field is added",
    early_header_mutation_extensions: "write the changes as the first of http_filters, a header_mutation",
    request_id_extension: "x-request-id is a random UUID",
  },
  "envoy.extensions.transport_sockets.tls.v3.CommonTlsContext": { key_log: "no keys are written" },
  "envoy.extensions.transport_sockets.tls.v3.TlsCertificate": { ocsp_staple: "nothing is stapled" },
};

function corsHint(where: string): string {
  return `write an envoy.extensions.filters.http.cors.v3.CorsPolicy into typed_per_filter_config ${where}`;
}
