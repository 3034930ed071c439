// What Envoy 1.40 has and the installed .proto files lack: listener, network and HTTP filters, and access loggers.
// Grown by validating files against Envoy itself; later.ts says how it is read. Data only.

/** Additions in .proto notation, one text per package. */
export const laterFilters: readonly string[] = [
  `package envoy.extensions.access_loggers.filters.cel.v3;
  message ExpressionFilter { config.core.v3.CelExpressionConfig cel_config = 2; }`,
  `package envoy.extensions.access_loggers.open_telemetry.v3;
  message OpenTelemetryAccessLogConfig {
    grpc.v3.CommonGrpcAccessLogConfig common_config = 1 [deprecated = true];
    config.core.v3.HttpService http_service = 8;
    config.core.v3.GrpcService grpc_service = 9;
    repeated config.core.v3.TypedExtensionConfig resource_detectors = 15;
    string log_name = 10;
    google.protobuf.Duration buffer_flush_interval = 11;
    google.protobuf.UInt32Value buffer_size_bytes = 12;
    repeated string filter_state_objects_to_log = 13;
    repeated type.tracing.v3.CustomTag custom_tags = 14;
  }`,
  `package envoy.extensions.filters.http.compressor.v3;
  message Compressor.CommonDirectionConfig {
    repeated string content_type = 3 [deprecated = true];
    repeated type.matcher.v3.StringMatcher content_type_matcher = 4;
  }
  message Compressor.ResponseDirectionConfig {
    bool weaken_etag_on_compress = 6;
    repeated uint32 uncompressible_response_codes = 4
        [(validate.rules).repeated = {unique: true items {uint32 {lt: 600 gte: 200}}}];
    bool status_header_enabled = 5;
  }
  message CompressorOverrides { config.core.v3.TypedExtensionConfig compressor_library = 2; }`,
  `package envoy.extensions.filters.http.fault.v3; message FaultAbort { string response_body = 6; }`,
  `package envoy.extensions.filters.http.header_mutation.v3;
  message Mutations {
    repeated config.core.v3.KeyValueMutation query_parameter_mutations = 3;
    repeated config.common.mutation_rules.v3.HeaderMutation response_trailers_mutations = 4;
    repeated config.common.mutation_rules.v3.HeaderMutation request_trailers_mutations = 5;
    repeated config.core.v3.TypedExtensionConfig formatters = 6;
  }`,
  `package envoy.extensions.filters.http.header_to_metadata.v3;
  message Config { string stat_prefix = 3; }`,
  `package envoy.extensions.filters.http.local_ratelimit.v3;
  message LocalRateLimit {
    repeated config.route.v3.RateLimit rate_limits = 17;
    google.protobuf.UInt32Value max_dynamic_descriptors = 18 [(validate.rules).uint32 = {gte: 1}];
    bool enable_retry_after_header = 19;
  }`,
  `package envoy.extensions.filters.http.ratelimit.v3;
  message RateLimit {
    config.core.v3.RuntimeFractionalPercent filter_enabled = 14;
    config.core.v3.RuntimeFractionalPercent filter_enforced = 15;
    config.core.v3.RuntimeFractionalPercent failure_mode_deny_percent = 16;
    repeated config.route.v3.RateLimit rate_limits = 17;
    string metadata_namespace = 18;
    bool enable_retry_after_header = 19;
  }
  message RateLimitPerRoute { repeated config.route.v3.RateLimit rate_limits = 3; }`,
  `package envoy.extensions.filters.http.router.v3;
  message Router { google.protobuf.BoolValue reject_connect_request_early_data = 10; }`,
  `package envoy.extensions.filters.http.set_filter_state.v3;
  message Config { bool clear_route_cache = 2; }`,
  `package envoy.extensions.filters.http.stateful_session.v3;
  message StatefulSession { string stat_prefix = 3; uint32 status_on_strict_destination_not_found = 4; }`,
  `package envoy.extensions.filters.listener.proxy_protocol.v3;
  message ProxyProtocol { ProxyProtocol.TlvLocation tlv_location = 6; }
  message ProxyProtocol.KeyValuePair { ProxyProtocol.KeyValuePair.ValueStringEncoding value_string_encoding = 3; }
  enum ProxyProtocol.KeyValuePair.ValueStringEncoding { UNSPECIFIED = 0; SANITIZED_UTF8 = 1; BASE64 = 2; }
  enum ProxyProtocol.TlvLocation { DYNAMIC_METADATA = 0; FILTER_STATE = 1; }`,
  `package envoy.extensions.filters.listener.set_filter_state.v3;
  message Config { repeated common.set_filter_state.v3.FilterStateValue on_accept = 1; }`,
  `package envoy.extensions.filters.listener.tls_inspector.v3;
  message TlsInspector {
    google.protobuf.BoolValue enable_ja4_fingerprinting = 3;
    bool close_connection_on_client_hello_parsing_errors = 4;
    google.protobuf.UInt32Value max_client_hello_size = 5 [(validate.rules).uint32 = {lte: 16384 gt: 255}];
  }`,
  `package envoy.extensions.filters.network.http_connection_manager.v3;
  message ForwardProtoConfig {
    repeated uint32 https_destination_ports = 1;
    repeated uint32 http_destination_ports = 2;
  }
  message HttpConnectionManager {
    bool http1_safe_max_connection_duration = 58;
    google.protobuf.Duration stream_flush_timeout = 59;
    type.v3.Percent drain_timeout_jitter = 62;
    xds.type.matcher.v3.Matcher forward_client_cert_matcher = 60;
    ForwardProtoConfig forward_proto_config = 61;
    bool record_route_resolution_stats = 63;
  }
  message HttpConnectionManager.ForwardClientCertConfig {
    HttpConnectionManager.ForwardClientCertDetails forward_client_cert_details = 1;
    HttpConnectionManager.SetCurrentClientCertDetails set_current_client_cert_details = 2;
  }
  enum HttpConnectionManager.ForwardClientCertFormat { TEXT = 0; JSON = 1; }
  message HttpConnectionManager.SetCurrentClientCertDetails {
    bool issuer = 8;
    HttpConnectionManager.ForwardClientCertFormat format = 7;
  }
  message HttpConnectionManager.Tracing {
    string operation = 11;
    string upstream_operation = 12;
    bool no_context_propagation = 13;
  }
  message Rds { config.core.v3.ConfigSource config_source = 1; }`,
  `package envoy.extensions.filters.network.tcp_proxy.v3;
  enum ProxyProtocolTlvMergePolicy { ADD_IF_ABSENT = 0; OVERWRITE_BY_TYPE_IF_EXISTS_OR_ADD = 1;
      APPEND_IF_EXISTS_OR_ADD = 2; }
  message TcpProxy {
    config.core.v3.BackoffStrategy backoff_options = 18;
    type.v3.Percent max_downstream_connection_duration_jitter_percentage = 20;
    repeated config.core.v3.TlvEntry proxy_protocol_tlvs = 19;
    ProxyProtocolTlvMergePolicy proxy_protocol_tlv_merge_policy = 23 [(validate.rules).enum = {defined_only: true}];
    UpstreamConnectMode upstream_connect_mode = 21 [(validate.rules).enum = {defined_only: true}];
    google.protobuf.UInt32Value max_early_data_bytes = 22 [(validate.rules).uint32 = {lte: 1048576}];
    google.protobuf.BoolValue check_drain_close = 24;
  }
  message TcpProxy.TcpAccessLogOptions { bool flush_access_log_on_start = 3; }
  message TcpProxy.TunnelingConfig {
    http_connection_manager.v3.RequestIDExtension request_id_extension = 7;
    string request_id_header = 8;
    string request_id_metadata_key = 9;
    repeated config.core.v3.TypedExtensionConfig formatters = 10;
  }
  enum UpstreamConnectMode { IMMEDIATE = 0; ON_DOWNSTREAM_DATA = 1; ON_DOWNSTREAM_TLS_HANDSHAKE = 2; }`,
  `package envoy.extensions.http.original_ip_detection.xff.v3;
  message XffConfig { XffTrustedCidrs xff_trusted_cidrs = 2; google.protobuf.BoolValue skip_xff_append = 3; }
  message XffTrustedCidrs { repeated config.core.v3.CidrRange cidrs = 1; }`,
  `package envoy.extensions.internal_redirect.filter_state.v3;
  message FilterStateConfig {
    string redirect_enabled_key = 1 [(validate.rules).string = {min_len: 1}];
    bool redirect_if_absent = 2;
  }`,
];
