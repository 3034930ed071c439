// What Envoy 1.40 has and the installed .proto files lack: extensions other than filters.
// Grown by validating files against Envoy itself; later.ts says how it is read. Data only.

/** Additions in .proto notation, one text per package. */
export const laterExtensions: readonly string[] = [
  `package envoy.extensions.clusters.aggregate.v3;
  message AggregateClusterResource {
    config.core.v3.ConfigSource config_source = 1 [(validate.rules).message = {required: true}];
    string resource_name = 2 [(validate.rules).string = {min_len: 1}];
  }`,
  `package envoy.extensions.clusters.common.dns.v3;
  enum DnsLookupFamily { UNSPECIFIED = 0; AUTO = 1; V4_ONLY = 2; V6_ONLY = 3; V4_PREFERRED = 4; ALL = 5; }`,
  `package envoy.extensions.clusters.dns.v3;
  message DnsCluster {
    google.protobuf.Duration dns_refresh_rate = 3 [(validate.rules).duration = {gt {nanos: 1000000}}];
    DnsCluster.RefreshRate dns_failure_refresh_rate = 4;
    bool respect_dns_ttl = 5;
    google.protobuf.Duration dns_jitter = 6 [(validate.rules).duration = {gte {}}];
    config.core.v3.TypedExtensionConfig typed_dns_resolver_config = 7;
    common.dns.v3.DnsLookupFamily dns_lookup_family = 8;
    bool all_addresses_in_single_endpoint = 9;
    google.protobuf.Duration dns_min_refresh_rate = 10 [(validate.rules).duration = {gte {seconds: 1}}];
  }
  message DnsCluster.RefreshRate {
    google.protobuf.Duration base_interval = 1 [(validate.rules).duration = {required: true gt {nanos: 1000000}}];
    google.protobuf.Duration max_interval = 2 [(validate.rules).duration = {gt {nanos: 1000000}}];
  }`,
  `package envoy.extensions.clusters.dynamic_forward_proxy.v3;
  message SubClustersConfig { dns.v3.DnsCluster dns_cluster_config = 5; }`,
  `package envoy.extensions.clusters.original_dst.v3;
  message OriginalDstCluster {
    bool use_http_header = 1;
    string http_header_name = 2;
    google.protobuf.UInt32Value upstream_port_override = 3 [(validate.rules).uint32 = {lte: 65535}];
    type.metadata.v3.MetadataKey metadata_key = 4;
  }`,
  `package envoy.extensions.common.dynamic_forward_proxy.v3;
  message DnsCacheConfig {
    bool disable_dns_refresh_on_failure = 15;
    google.protobuf.Duration dns_query_timeout = 11 [(validate.rules).duration = {gte {}}];
    type.matcher.v3.AddressMatcher resolved_address_filter = 16;
  }`,
  `package envoy.extensions.common.ratelimit.v3;
  message LocalRateLimitDescriptor { bool shadow_mode = 3; }
  message RateLimitDescriptor { google.protobuf.UInt64Value hits_addend = 3; bool is_negative_hits = 4; }
  message RateLimitDescriptor.Entry { string value = 2 [(validate.rules).string = {min_len: 0}]; }
  message RateLimitDescriptor.RateLimitOverride {
    google.protobuf.UInt32Value unit_multiplier = 3 [(validate.rules).uint32 = {gt: 0}];
  }`,
  `package envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3;
  message ClientSideWeightedRoundRobin {
    repeated string metric_names_for_computing_utilization = 7;
    common.v3.SlowStartConfig slow_start_config = 8;
    common.v3.OrcaOobReportingConfig oob_reporting_config = 9;
  }`,
  `package envoy.extensions.load_balancing_policies.common.v3;
  message ConsistentHashingLbConfig { repeated config.route.v3.RouteAction.HashPolicy hash_policy = 3; }
  message LocalityLbConfig.ZoneAwareLbConfig {
    bool force_locality_direct_routing = 4 [deprecated = true];
    LocalityLbConfig.ZoneAwareLbConfig.ForceLocalZone force_local_zone = 5;
    LocalityLbConfig.ZoneAwareLbConfig.LocalityBasis locality_basis = 6;
  }
  message LocalityLbConfig.ZoneAwareLbConfig.ForceLocalZone { google.protobuf.UInt32Value min_size = 1; }
  enum LocalityLbConfig.ZoneAwareLbConfig.LocalityBasis { HEALTHY_HOSTS_NUM = 0; HEALTHY_HOSTS_WEIGHT = 1; }
  message OrcaOobReportingConfig {
    uint32 port_value = 1 [(validate.rules).uint32 = {lte: 65535}];
    string authority = 2 [(validate.rules).string = {well_known_regex: HTTP_HEADER_VALUE strict: false}];
    google.protobuf.Struct transport_socket_match_criteria = 3;
  }`,
  `package envoy.extensions.load_balancing_policies.override_host.v3;
  message OverrideHost {
    repeated OverrideHost.OverrideHostSource override_host_sources = 1 [(validate.rules).repeated = {min_items: 1}];
    type.metadata.v3.MetadataKey selected_host_key = 2;
    config.cluster.v3.LoadBalancingPolicy fallback_policy = 3 [(validate.rules).message = {required: true}];
  }
  message OverrideHost.OverrideHostSource {
    string header = 1 [(validate.rules).string = {well_known_regex: HTTP_HEADER_VALUE strict: false}];
    type.metadata.v3.MetadataKey metadata = 2;
  }`,
  `package envoy.extensions.matching.common_inputs.network.v3;
  message DynamicMetadataInput {
    string filter = 1 [(validate.rules).string = {min_len: 1}];
    repeated DynamicMetadataInput.PathSegment path = 2 [(validate.rules).repeated = {min_items: 1}];
  }
  message DynamicMetadataInput.PathSegment {
    oneof segment { option (validate.required) = true; string key = 1 [(validate.rules).string = {min_len: 1}]; }
  }
  message FilterStateInput { string field = 2; }
  message NetworkNamespaceInput {}`,
  `package envoy.extensions.matching.common_inputs.stats.v3;
  message StatFullNameMatchInput {}
  message StatTagValueInput {}`,
  `package envoy.extensions.matching.common_inputs.transport_socket.v3;
  message EndpointMetadataInput {
    string filter = 1;
    repeated EndpointMetadataInput.PathSegment path = 2 [(validate.rules).repeated = {min_items: 1}];
  }
  message EndpointMetadataInput.PathSegment {
    oneof segment { option (validate.required) = true; string key = 1 [(validate.rules).string = {min_len: 1}]; }
  }
  message FilterStateInput { string key = 1 [(validate.rules).string = {min_len: 1}]; }
  message LocalityMetadataInput {
    string filter = 1;
    repeated LocalityMetadataInput.PathSegment path = 2 [(validate.rules).repeated = {min_items: 1}];
  }
  message LocalityMetadataInput.PathSegment {
    oneof segment { option (validate.required) = true; string key = 1 [(validate.rules).string = {min_len: 1}]; }
  }
  message TransportSocketNameAction { string name = 1 [(validate.rules).string = {min_len: 1}]; }`,
  `package envoy.extensions.network.dns_resolver.cares.v3;
  message CaresDnsResolverConfig {
    repeated config.core.v3.Address resolvers = 1;
    google.protobuf.UInt64Value query_timeout_seconds = 6 [(validate.rules).uint64 = {gte: 1}];
    google.protobuf.UInt32Value query_tries = 7 [(validate.rules).uint32 = {gte: 1}];
    bool rotate_nameservers = 8;
    google.protobuf.UInt32Value edns0_max_payload_size = 9 [(validate.rules).uint32 = {lte: 4096 gte: 512}];
    google.protobuf.Duration max_udp_channel_duration = 10 [(validate.rules).duration = {gte {}}];
    bool reinit_channel_on_timeout = 11;
    google.protobuf.UInt32Value qcache_max_ttl = 12 [(validate.rules).uint32 = {gte: 0}];
  }`,
  `package envoy.extensions.network.dns_resolver.getaddrinfo.v3;
  message GetAddrInfoDnsResolverConfig {
    google.protobuf.UInt32Value num_retries = 1;
    google.protobuf.UInt32Value num_resolver_threads = 2;
  }`,
  `package envoy.extensions.resource_monitors.cgroup_memory.v3;
  message CgroupMemoryConfig { uint64 max_memory_bytes = 1; }`,
  `package envoy.extensions.resource_monitors.cpu_utilization.v3;
  message CpuUtilizationConfig {
    CpuUtilizationConfig.UtilizationComputeStrategy mode = 1 [(validate.rules).enum = {defined_only: true}];
  }
  enum CpuUtilizationConfig.UtilizationComputeStrategy { HOST = 0; CONTAINER = 1; }`,
  `package envoy.extensions.resource_monitors.fixed_heap.v3;
  message FixedHeapConfig {
    uint64 max_heap_size_bytes = 1;
    config.core.v3.RuntimeUInt64 max_heap_size_bytes_runtime = 2;
  }`,
  `package envoy.extensions.router.cluster_specifiers.matcher.v3;
  message ClusterAction { string cluster = 1 [(validate.rules).string = {min_len: 1}]; }
  message MatcherClusterSpecifier {
    xds.type.matcher.v3.Matcher cluster_matcher = 1 [(validate.rules).message = {required: true}];
  }`,
  `package envoy.extensions.stat_sinks.open_telemetry.v3;
  message SinkConfig {
    repeated config.core.v3.TypedExtensionConfig resource_detectors = 7;
    xds.type.matcher.v3.Matcher custom_metric_conversions = 8;
    uint32 max_data_points_per_request = 10;
    oneof protocol_specifier { config.core.v3.HttpService http_service = 9; }
  }
  message SinkConfig.ConversionAction {
    string metric_name = 2;
    repeated opentelemetry.proto.common.v1.KeyValue static_metric_labels = 3;
  }
  message SinkConfig.DropAction {}`,
  `package envoy.extensions.tracers.opentelemetry.samplers.v3;
  message CELSamplerConfig { xds.type.v3.CelExpression expression = 1; }
  message ParentBasedSamplerConfig { config.core.v3.TypedExtensionConfig wrapped_sampler = 1; }
  message TraceIdRatioBasedSamplerConfig { type.v3.FractionalPercent sampling_percentage = 1; }`,
  `package envoy.extensions.transport_sockets.http_11_proxy.v3;
  message Http11ProxyUpstreamTransport {
    config.core.v3.TransportSocket transport_socket = 1;
    config.core.v3.Address default_proxy_address = 2;
  }`,
  `package envoy.extensions.transport_sockets.proxy_protocol.v3;
  message ProxyProtocolUpstreamTransport { bool allow_unspecified_address = 3; bool tlv_as_pool_key = 4; }`,
  `package envoy.extensions.transport_sockets.tls.v3;
  message CertificateProviderPluginInstance { string instance_name = 1 [(validate.rules).string = {min_len: 1}]; }
  message CertificateValidationContext { bool suppress_client_ca_list = 18; }
  message CommonTlsContext { config.core.v3.TypedExtensionConfig custom_tls_certificate_selector = 16; }
  message DownstreamTlsContext { bool prefer_client_ciphers = 11; }
  message GenericSecret {
    map<string, config.core.v3.DataSource> secrets = 2 [(udpa.annotations.sensitive) = true];
  }
  message SPIFFECertValidatorConfig { config.core.v3.DataSource trust_bundles = 2; }
  message SPIFFECertValidatorConfig.TrustDomain { string workload_trust_domain = 3; }
  message SubjectAltNameMatcher {
    SubjectAltNameMatcher.SanType san_type = 1 [(validate.rules).enum = {defined_only: true not_in: [0]}];
  }
  message TlsCertificate { TlsParameters tls_params = 9; }
  message TlsParameters {
    repeated TlsParameters.CompliancePolicy compliance_policies = 6 [(validate.rules).repeated = {max_items: 1}];
  }
  enum TlsParameters.CompliancePolicy { FIPS_202205 = 0; CNSA2_202603 = 1; CNSA1_202603 = 2; }
  message UpstreamTlsContext {
    bool auto_host_sni = 6;
    bool auto_sni_san_validation = 7;
    google.protobuf.BoolValue enforce_rsa_key_usage = 5 [deprecated = true];
  }`,
  `package envoy.extensions.upstreams.http.v3;
  message HttpProtocolOptions {
    HttpProtocolOptions.OutlierDetection outlier_detection = 8;
    repeated config.route.v3.RouteAction.RequestMirrorPolicy request_mirror_policies = 9;
    repeated config.route.v3.RouteAction.HashPolicy hash_policy = 10;
    config.route.v3.RetryPolicy retry_policy = 11;
  }
  message HttpProtocolOptions.OutlierDetection {
    config.common.matcher.v3.MatchPredicate error_matcher = 1 [(validate.rules).message = {required: true}];
  }`,
];
