// A gRPC service that the node calls itself: of load reports, of runtime layers. Made by compile/grpc-service.ts.

/** envoy_grpc of a GrpcService. */
export interface GrpcServicePlan {
  /** The cluster of the server. */
  readonly cluster: string;
  /** `:authority` of the stream; the cluster's name unless given. */
  readonly authority: string;
  /** initial_metadata of the stream: names in lower case. */
  readonly metadata: readonly { readonly name: string; readonly value: string }[];
  /** skip_envoy_headers: without x-envoy-internal and x-forwarded-for; default false. */
  readonly skipEnvoyHeaders: boolean;
}
