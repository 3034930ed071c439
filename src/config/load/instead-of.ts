// What to write in place of a field that Envoy took away or deprecates. Called where such a field is met; a test holds the table to
// the descriptors: each field is gone or deprecated, and each replacement exists.

/** `; write x instead`, or nothing when the table has no advice. `type` is a full message name, `field` as written. */
export function insteadOf(type: string, field: string): string {
  const advice = INSTEAD[`${type}.${field}`];
  return advice === undefined ? "" : `; write ${advice} instead`;
}

/** Every field with advice, for the test: full message name and field, and the advice. */
export function insteadEntries(): readonly (readonly [field: string, advice: string])[] {
  return Object.entries(INSTEAD);
}

const HTTP_OPTIONS =
  "typed_extension_protocol_options with envoy.extensions.upstreams.http.v3.HttpProtocolOptions (explicit_http_config)";
const DNS_OPTIONS = "typed_dns_resolver_config";
const CLUSTER = "envoy.config.cluster.v3.Cluster";
const HEADERS = "envoy.config.route.v3.HeaderMatcher";
const ACTION = "envoy.config.route.v3.RouteAction";
const MATCH = "envoy.config.route.v3.RouteMatch";
const FILE_LOG = "envoy.extensions.access_loggers.file.v3.FileAccessLog";

/** Of Envoy 1.40, and of the v2 files that still circulate. */
const INSTEAD: Readonly<Record<string, string>> = {
  "envoy.config.bootstrap.v3.Bootstrap.runtime": "layered_runtime",
  "envoy.config.bootstrap.v3.Bootstrap.watchdog": "watchdogs",
  "envoy.config.bootstrap.v3.Bootstrap.use_tcp_for_dns_lookups": DNS_OPTIONS,
  "envoy.config.bootstrap.v3.Bootstrap.dns_resolution_config": DNS_OPTIONS,
  "envoy.config.bootstrap.v3.Admin.access_log_path": "access_log",
  [`${CLUSTER}.hosts`]: "load_assignment",
  [`${CLUSTER}.tls_context`]: "transport_socket with envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
  [`${CLUSTER}.max_requests_per_connection`]: HTTP_OPTIONS,
  [`${CLUSTER}.upstream_http_protocol_options`]: HTTP_OPTIONS,
  [`${CLUSTER}.common_http_protocol_options`]: HTTP_OPTIONS,
  [`${CLUSTER}.http_protocol_options`]: HTTP_OPTIONS,
  [`${CLUSTER}.http2_protocol_options`]: HTTP_OPTIONS,
  [`${CLUSTER}.protocol_selection`]: HTTP_OPTIONS,
  [`${CLUSTER}.dns_resolvers`]: DNS_OPTIONS,
  [`${CLUSTER}.use_tcp_for_dns_lookups`]: DNS_OPTIONS,
  [`${CLUSTER}.dns_resolution_config`]: DNS_OPTIONS,
  [`${CLUSTER}.track_timeout_budgets`]: "track_cluster_stats",
  "envoy.config.listener.v3.Filter.config": "typed_config with an @type",
  "envoy.config.listener.v3.FilterChain.tls_context":
    "transport_socket with envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
  "envoy.config.listener.v3.Listener.reuse_port": "enable_reuse_port",
  "envoy.config.accesslog.v3.AccessLog.config": "typed_config with an @type",
  "envoy.config.core.v3.TransportSocket.config": "typed_config with an @type",
  "envoy.config.core.v3.ConfigSource.path": "path_config_source",
  "envoy.config.core.v3.HeaderValueOption.append": "append_action",
  "envoy.config.core.v3.HealthCheck.event_log_path": "event_logger",
  "envoy.config.core.v3.HealthCheck.HttpHealthCheck.use_http2": "codec_client_type",
  "envoy.config.core.v3.HealthCheck.HttpHealthCheck.service_name": "service_name_matcher",
  "envoy.config.core.v3.SubstitutionFormatString.text_format": "text_format_source",
  "envoy.config.route.v3.CorsPolicy.allow_origin": "allow_origin_string_match",
  "envoy.config.route.v3.VirtualHost.per_request_buffer_limit_bytes": "request_body_buffer_limit",
  "envoy.config.route.v3.Route.per_request_buffer_limit_bytes": "request_body_buffer_limit",
  [`${MATCH}.regex`]: "safe_regex",
  [`${ACTION}.max_grpc_timeout`]: "max_stream_duration",
  [`${ACTION}.grpc_timeout_offset`]: "max_stream_duration",
  [`${ACTION}.internal_redirect_action`]: "internal_redirect_policy",
  [`${ACTION}.max_internal_redirects`]: "internal_redirect_policy",
  [`${HEADERS}.exact_match`]: "string_match",
  [`${HEADERS}.safe_regex_match`]: "string_match",
  [`${HEADERS}.regex_match`]: "string_match",
  [`${HEADERS}.prefix_match`]: "string_match",
  [`${HEADERS}.suffix_match`]: "string_match",
  [`${HEADERS}.contains_match`]: "string_match",
  [`${FILE_LOG}.format`]: "log_format",
  [`${FILE_LOG}.json_format`]: "log_format",
  [`${FILE_LOG}.typed_json_format`]: "log_format",
  "envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext.match_subject_alt_names":
    "match_typed_subject_alt_names",
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.access_log_flush_interval":
    "access_log_options",
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.flush_access_log_on_new_request":
    "access_log_options",
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter.config": "typed_config with an @type",
};
