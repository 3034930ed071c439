// envoy.filters.http.grpc_http1_bridge as workers run it.

/** Serves HTTP/1 clients that read no trailers from gRPC upstreams. */
export interface GrpcHttp1BridgePlan {
  readonly kind: "grpc_http1_bridge";
  /** upgrade_protobuf_to_grpc: bare messages get their prefix, and answers lose it. */
  readonly upgradeProtobuf: boolean;
  /** ignore_query_parameters. */
  readonly ignoreQuery: boolean;
}
