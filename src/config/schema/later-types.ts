// What Envoy 1.40 has and the installed .proto files lack: routes, access rules, shared types, the admin and discovery messages.
// Grown by validating files against Envoy itself; later.ts says how it is read. Data only.

/** Additions in .proto notation, one text per package. */
export const laterTypes: readonly string[] = [
  `package envoy.admin.v3;
  enum ClientResourceStatus { RECEIVED_ERROR = 5; TIMEOUT = 6; }
  message CommandLineOptions {
    bool skip_deprecated_logs = 41;
    uint32 file_flush_min_size = 42;
    bool log_stacktrace_single_entry = 43;
  }
  message HostHealthStatus { bool failed_degraded_outlier_detection = 9; }
  message ServerInfo { bool hot_restart_initializing = 8; }`,
  `package envoy.config.rbac.v3;
  enum MetadataSource { DYNAMIC = 0; ROUTE = 1; }
  message Permission {
    oneof rule { type.matcher.v3.MetadataMatcher metadata = 7 [deprecated = true]; SourcedMetadata sourced_metadata =
        14; }
  }
  message Policy { core.v3.CelExpressionConfig cel_config = 5; }
  message Principal {
    oneof identifier { type.matcher.v3.MetadataMatcher metadata = 7 [deprecated = true]; SourcedMetadata
        sourced_metadata = 13; core.v3.TypedExtensionConfig custom = 14; }
  }
  message SourcedMetadata {
    type.matcher.v3.MetadataMatcher metadata_matcher = 1 [(validate.rules).message = {required: true}];
    MetadataSource metadata_source = 2 [(validate.rules).enum = {defined_only: true}];
  }`,
  `package envoy.config.route.v3;
  message CookieMatcher {
    string name = 1 [(validate.rules).string = {min_len: 1 max_bytes: 1024}];
    type.matcher.v3.StringMatcher string_match = 2 [(validate.rules).message = {required: true}];
    bool invert_match = 3;
  }
  message DirectResponseAction { core.v3.SubstitutionFormatString body_format = 3; }
  message RateLimit {
    RateLimit.HitsAddend hits_addend = 5;
    bool apply_on_stream_done = 6;
    RateLimit.XRateLimitOption x_ratelimit_option = 7;
  }
  message RateLimit.Action {
    oneof action_specifier { RateLimit.Action.QueryParameters query_parameters = 12;
        RateLimit.Action.RemoteAddressMatch remote_address_match = 13; }
  }
  message RateLimit.Action.GenericKey { string default_value = 3; }
  message RateLimit.Action.HeaderValueMatch { string default_value = 5; }
  enum RateLimit.Action.MetaData.Source { CLUSTER_ENTRY = 2; CLUSTER_LOCALITY_ENTRY = 3; }
  message RateLimit.Action.QueryParameterValueMatch { string default_value = 5; }
  message RateLimit.Action.QueryParameters {
    string query_parameter_name = 1 [(validate.rules).string = {min_len: 1}];
    string descriptor_key = 2 [(validate.rules).string = {min_len: 1}];
    bool skip_if_absent = 3;
  }
  message RateLimit.Action.RemoteAddressMatch {
    string descriptor_value = 1 [(validate.rules).string = {min_len: 1}];
    string descriptor_key = 2;
    string default_value = 3;
    type.matcher.v3.AddressMatcher address_matcher = 4 [(validate.rules).message = {required: true}];
  }
  message RateLimit.HitsAddend {
    google.protobuf.UInt64Value number = 1 [(validate.rules).uint64 = {lte: 1000000000}];
    string format = 2 [(validate.rules).string = {prefix: "%" suffix: "%" ignore_empty: true}];
    bool is_negative_hits = 3;
  }
  message RateLimit.Override { oneof override_specifier { RateLimit.Override.RateLimitOverride rate_limit = 2; } }
  message RateLimit.Override.RateLimitOverride { uint32 requests_per_unit = 1; type.v3.RateLimitUnit unit = 2; }
  enum RateLimit.XRateLimitOption { UNSPECIFIED = 0; OFF = 1; DRAFT_VERSION_03 = 2; }
  message RedirectAction { oneof path_rewrite_specifier { string path_rewrite = 10; } }
  message RetryPolicy { bool refresh_cluster_on_retry = 14; }
  message Route {
    google.protobuf.UInt32Value per_request_buffer_limit_bytes = 16 [deprecated = true];
    google.protobuf.UInt64Value request_body_buffer_limit = 20;
    repeated core.v3.TypedExtensionConfig route_specifiers = 21;
  }
  message RouteAction {
    string path_rewrite = 45;
    google.protobuf.Duration flush_timeout = 42;
    oneof host_rewrite_specifier { string host_rewrite = 44; }
  }
  message RouteAction.RequestMirrorPolicy {
    repeated common.mutation_rules.v3.HeaderMutation request_headers_mutations = 7
        [(validate.rules).repeated = {max_items: 1000}];
    string host_rewrite_literal = 8 [(validate.rules).string = {well_known_regex: HTTP_HEADER_VALUE strict: false}];
  }
  message RouteConfiguration {
    string vhost_header = 18 [(validate.rules).string = {well_known_regex: HTTP_HEADER_NAME strict: false}];
    repeated core.v3.TypedExtensionConfig route_specifiers = 19;
  }
  message RouteMatch {
    repeated CookieMatcher cookies = 17;
    repeated type.matcher.v3.FilterStateMatcher filter_state = 16;
  }
  message Tracing { string operation = 5; string upstream_operation = 6; }
  message VirtualHost {
    google.protobuf.UInt32Value per_request_buffer_limit_bytes = 18 [deprecated = true];
    google.protobuf.UInt64Value request_body_buffer_limit = 25 [(validate.rules).message = {required: false}];
    repeated core.v3.TypedExtensionConfig route_specifiers = 26;
  }
  message WeightedCluster { oneof random_value_specifier { google.protobuf.BoolValue use_hash_policy = 5; } }`,
  `package envoy.data.cluster.v3; enum OutlierEjectionType { DEGRADED = 7; }`,
  `package envoy.data.core.v3;
  message HealthCheckEjectUnhealthy { uint32 http_status_code = 2; }
  message HealthCheckFailure { uint32 http_status_code = 3; }
  enum HealthCheckerType { DYNAMIC_MODULE = 5; UDP = 6; }`,
  `package envoy.service.discovery.v3;
  message DeltaDiscoveryResponse { repeated ResourceError resource_errors = 9; }
  message DiscoveryResponse { repeated ResourceError resource_errors = 7; }
  message ResourceError { ResourceName resource_name = 1; google.rpc.Status error_detail = 2; }`,
  `package envoy.type.http.v3;
  message Cookie { repeated CookieAttribute attributes = 4; }
  message CookieAttribute {
    string name = 1
        [(validate.rules).string = {min_len: 1 max_bytes: 16384 well_known_regex: HTTP_HEADER_NAME strict: false}];
    string value = 2 [(validate.rules).string = {max_bytes: 16384 well_known_regex: HTTP_HEADER_VALUE strict: false}];
  }`,
  `package envoy.type.matcher.v3;
  message AddressMatcher { repeated xds.core.v3.CidrRange ranges = 1; bool invert_match = 2; }
  message FilterStateMatcher { oneof matcher { AddressMatcher address_match = 3; } }
  message HttpResponseLocalReplyMatchInput {}`,
  `package envoy.type.metadata.v3;
  message MetadataKey.PathSegment { oneof segment { uint32 index = 2; } }`,
  `package envoy.type.tracing.v3;
  message CustomTag {
    CustomTag.ValueType value_type = 7 [(validate.rules).enum = {defined_only: true}];
    oneof type { string value = 6; }
  }
  enum CustomTag.ValueType { UNSPECIFIED = 0; STRING = 1; INT = 2; DOUBLE = 3; BOOL = 4; }`,
  `package envoy.type.v3;
  message HttpStatus { StatusCode code = 1 [(validate.rules).enum = {defined_only: true not_in: [0]}]; }
  message Scope {
    google.protobuf.UInt32Value max_counters = 1;
    google.protobuf.UInt32Value max_gauges = 2;
    google.protobuf.UInt32Value max_histograms = 3;
    bool enable_eviction = 4;
    string prefix = 5;
    string sharing_name = 6;
  }
  message TokenBucket { uint32 max_tokens = 1 [(validate.rules).uint32 = {gte: 0}]; }`,
  `package opentelemetry.proto.common.v1;
  message AnyValue {
    oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
        ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7; }
  }
  message ArrayValue { repeated AnyValue values = 1; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message KeyValueList { repeated KeyValue values = 1; }`,
  `package xds.service.orca.v3;
  message OrcaLoadReportRequest {
    google.protobuf.Duration report_interval = 1;
    repeated string request_cost_names = 2;
  }`,
  `package xds.type.matcher.v3;
  message Matcher.OnMatch { bool keep_matching = 3; }
  message StringMatcher { oneof match_pattern { core.v3.TypedExtensionConfig custom = 8; } }`,
  `package xds.type.v3;
  message CelExpression {
    string cel_expr_string = 5;
    oneof expr_specifier { google.api.expr.v1alpha1.ParsedExpr parsed_expr = 1 [deprecated = true];
        google.api.expr.v1alpha1.CheckedExpr checked_expr = 2 [deprecated = true]; }
  }`,
];
