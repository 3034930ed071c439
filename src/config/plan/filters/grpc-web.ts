// envoy.filters.http.grpc_web as workers run it: it has no settings.

/** Serves gRPC-Web clients from gRPC upstreams. */
export interface GrpcWebPlan {
  readonly kind: "grpc_web";
}
