// What Envoy 1.40 has and the installed .proto files lack: bootstrap, cluster, listener, endpoint and the core types.
// Grown by validating files against Envoy itself; later.ts says how it is read. Data only.

/** Additions in .proto notation, one text per package. */
export const laterConfig: readonly string[] = [
  `package envoy.config.accesslog.v3;
  enum ComparisonFilter.Op { NE = 3; }
  message ResponseFlagFilter {
    repeated string flags = 1 [(validate.rules).repeated = {items {string {in: ["LH", "UH", "UT", "LR", "UR", "UF",
        "UC", "UO", "NR", "DI", "FI", "RL", "UAEX", "RLSE", "DC", "URX", "SI", "IH", "DPE", "UMSDR", "RFCF", "NFCF",
            "DT", "UPE", "NC", "OM", "DF", "DO", "DR", "UDO"]}}}];
  }`,
  `package envoy.config.bootstrap.v3;
  message Admin { repeated type.matcher.v3.StringMatcher allow_paths = 7; }
  message ApiListenerManager { ApiListenerManager.ThreadingModel threading_model = 1; }
  enum ApiListenerManager.ThreadingModel { MAIN_THREAD_ONLY = 0; STANDALONE_WORKER_THREAD = 1; }
  message Bootstrap {
    bool enable_worker_cpu_affinity = 43;
    oneof stats_eviction { google.protobuf.Duration stats_eviction_interval = 42 [(validate.rules).duration = {gte
        {nanos: 1000000}}]; }
  }
  message ListenerManager {}
  message MemoryAllocatorManager {
    google.protobuf.UInt64Value soft_memory_limit_bytes = 3;
    google.protobuf.UInt32Value max_per_cpu_cache_size_bytes = 4;
    uint64 max_unfreed_memory_bytes = 5;
  }
  message ValidationListenerManager {}`,
  `package envoy.config.cluster.v3;
  message CircuitBreakers.Thresholds.RetryBudget { google.protobuf.Duration budget_interval = 3; }
  message Cluster {
    xds.type.matcher.v3.Matcher transport_socket_matcher = 59;
    metrics.v3.StatsMatcher stats_matcher = 61;
    google.protobuf.Duration per_connection_buffer_high_watermark_timeout = 60 [(validate.rules).duration = {gte {}}];
    repeated core.v3.HealthCheck health_checks = 8 [(validate.rules).repeated = {max_items: 8}];
    google.protobuf.Duration dns_refresh_rate = 16
        [deprecated = true, (validate.rules).duration = {gt {nanos: 1000000}}];
    google.protobuf.Duration dns_jitter = 58 [deprecated = true, (validate.rules).duration = {gte {}}];
    Cluster.RefreshRate dns_failure_refresh_rate = 44 [deprecated = true];
    bool respect_dns_ttl = 39 [deprecated = true];
    Cluster.QueuingPolicies queuing_policies = 62;
  }
  message Cluster.PreconnectPolicy { type.matcher.v3.MetadataMatcher preconnect_enabled_metadata = 3; }
  message Cluster.QueuingPolicies { core.v3.TypedExtensionConfig pending_rq_policy = 1; }
  message OutlierDetection { google.protobuf.BoolValue detect_degraded_hosts = 26; }
  enum UpstreamConnectionOptions.FirstAddressFamilyVersion { PIPE = 3; INTERNAL = 4; }`,
  `package envoy.config.common.matcher.v3; message Matcher.OnMatch { bool keep_matching = 3; }`,
  `package envoy.config.common.mutation_rules.v3;
  message HeaderMutation { oneof action { HeaderMutation.RemoveOnMatch remove_on_match = 3; } }
  message HeaderMutation.RemoveOnMatch {
    type.matcher.v3.StringMatcher key_matcher = 1 [(validate.rules).message = {required: true}];
  }`,
  `package envoy.config.core.v3;
  message BindConfig { bool validate_network_namespaces = 7; }
  message CelExpressionConfig {
    bool enable_string_conversion = 1;
    bool enable_string_concat = 2;
    bool enable_string_functions = 3;
  }
  message HealthCheck { string name = 27; }
  message HealthCheck.HttpHealthCheck { bool use_alpn_protocol = 15; }
  message Http1ProtocolOptions {
    google.protobuf.BoolValue use_balsa_parser = 9 [deprecated = true];
    repeated type.matcher.v3.StringMatcher ignore_http_11_upgrade = 11;
  }
  message Http2ProtocolOptions {
    google.protobuf.UInt64Value max_metadata_size = 17;
    google.protobuf.BoolValue enable_huffman_encoding = 18;
    google.protobuf.UInt32Value max_header_field_size_kb = 19 [(validate.rules).uint32 = {lte: 256 gte: 64}];
    google.protobuf.BoolValue disallow_obs_text = 20;
    google.protobuf.UInt64Value stream_reset_burst = 21;
    google.protobuf.UInt64Value stream_reset_rate = 22;
  }
  message Http3ProtocolOptions {
    bool disable_qpack = 7;
    bool disable_connection_flow_control_for_streams = 8;
    google.protobuf.BoolValue disallow_obs_text = 9;
  }
  message HttpProtocolOptions {
    type.v3.Percent max_connection_duration_jitter = 8;
    google.protobuf.UInt32Value max_response_headers_kb = 7 [(validate.rules).uint32 = {lte: 8192 gt: 0}];
  }
  message HttpService { repeated TypedExtensionConfig formatters = 3; }
  message JsonFormatOptions { bool sort_properties = 1 [deprecated = true]; }
  message KeyValue {
    string key = 1 [deprecated = true, (validate.rules).string = {min_len: 1 max_bytes: 16384}];
    bytes value = 2 [deprecated = true];
  }
  message KeyValueAppend {
    KeyValuePair record = 3;
    KeyValue entry = 1 [deprecated = true, (validate.rules).message = {skip: true}];
  }
  message KeyValuePair {
    string key = 1 [(validate.rules).string = {min_len: 1 max_bytes: 16384}];
    google.protobuf.Value value = 2;
  }
  message PathConfigSource {
    google.protobuf.Duration poll_interval = 3 [(validate.rules).duration = {gte {nanos: 1000000}}];
  }
  message PerHostConfig { repeated TlvEntry added_tlvs = 1; }
  message ProxyProtocolConfig { repeated TlvEntry added_tlvs = 3; }
  message RuntimeDouble { string runtime_key = 2; }
  message RuntimeFeatureFlag { string runtime_key = 2; }
  message RuntimePercent { string runtime_key = 2; }
  message RuntimeUInt32 { string runtime_key = 3; }
  message RuntimeUInt64 { uint64 default_value = 2; string runtime_key = 3; }
  message SocketAddress { string network_namespace_filepath = 7; }
  message SocketCmsgHeaders {
    google.protobuf.UInt32Value level = 1;
    google.protobuf.UInt32Value type = 2;
    uint32 expected_size = 3;
  }
  message SocketOption { SocketOption.SocketType type = 7; SocketOption.SocketIpVersion ip_version = 8; }
  enum SocketOption.SocketIpVersion { SOCKET_IP_VERSION_UNSPECIFIED = 0; SOCKET_IP_VERSION_IPV4 = 1;
      SOCKET_IP_VERSION_IPV6 = 2; }
  message SocketOption.SocketType {
    SocketOption.SocketType.Stream stream = 1;
    SocketOption.SocketType.Datagram datagram = 2;
  }
  message SocketOption.SocketType.Datagram {}
  message SocketOption.SocketType.Stream {}
  message TlvEntry {
    uint32 type = 1 [(validate.rules).uint32 = {lt: 256}];
    bytes value = 2;
    SubstitutionFormatString format_string = 3;
  }
  message WatchedDirectory { bool watch_modify = 2; }`,
  `package envoy.config.endpoint.v3;
  message Endpoint { string observability_name = 5; }
  message LbEndpointCollection { repeated xds.core.v3.CollectionEntry entries = 1; }
  message LocalityLbEndpoints {
    oneof lb_config { LocalityLbEndpoints.LbEndpointList load_balancer_endpoints = 7 [deprecated = true]; }
  }`,
  `package envoy.config.listener.v3;
  message AdditionalAddress { core.v3.TcpKeepalive tcp_keepalive = 3; }
  message Listener {
    metrics.v3.StatsMatcher stats_matcher = 39;
    Listener.FcdsConfig fcds_config = 36;
    google.protobuf.Duration per_connection_buffer_high_watermark_timeout = 38 [(validate.rules).duration = {gte {}}];
    core.v3.TcpKeepalive tcp_keepalive = 37;
  }
  message Listener.ConnectionBalanceConfig {
    oneof balance_type { Listener.ConnectionBalanceConfig.CpuLocalityBalance cpu_locality_balance = 3; }
  }
  message Listener.ConnectionBalanceConfig.CpuLocalityBalance {}
  message Listener.FcdsConfig { string name = 1; core.v3.ConfigSource config_source = 2; }`,
  `package envoy.config.metrics.v3;
  message DogStatsdSink { bool scale_histogram_units_to_milliseconds = 5; }
  message HistogramBucketSettings {
    repeated double buckets = 2 [(validate.rules).repeated = {unique: true items {double {gt: 0}}}];
    google.protobuf.UInt32Value bins = 3 [(validate.rules).uint32 = {lte: 46082 gt: 0}];
  }
  message MetricsServiceConfig { uint32 batch_size = 6 [(validate.rules).uint32 = {gte: 0}]; }
  message StatsConfig { google.protobuf.BoolValue allow_default_tag_overrides = 5; }
  message StatsdSink { bool scale_histogram_units_to_milliseconds = 4; }`,
  `package envoy.config.trace.v3;
  message ZipkinConfig {
    string collector_cluster = 1;
    string collector_endpoint = 2;
    ZipkinConfig.TraceContextOption trace_context_option = 8;
    core.v3.HttpService collector_service = 9;
  }
  enum ZipkinConfig.TraceContextOption { USE_B3 = 0; USE_B3_WITH_W3C_PROPAGATION = 1; }`,
];
