// envoy.filters.http.grpc_stats as workers run it.

/** Counts gRPC calls and messages by service and method. */
export interface GrpcStatsPlan {
  readonly kind: "grpc_stats";
  /** Which methods have counters of their own: all, or `service/method` for each in the list; others are counted without a name. */
  readonly methods: "all" | readonly string[];
  /** enable_upstream_stats: a histogram of upstream_rq_time by method. */
  readonly upstreamStats: boolean;
  /** replace_dots_in_grpc_service_name. */
  readonly replaceDots: boolean;
}
