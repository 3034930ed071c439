// Load reporting of a node: to whom. Made by compile/load.ts.

/** cluster_manager.load_stats_config. */
export interface LoadReportPlan {
  /** The cluster of the server. */
  readonly cluster: string;
  /** `:authority` of the stream; the cluster's name unless given. */
  readonly authority: string;
  /** initial_metadata of the stream: names in lower case. */
  readonly metadata: readonly { readonly name: string; readonly value: string }[];
  /** skip_envoy_headers: without x-envoy-internal and x-forwarded-for; default false. */
  readonly skipEnvoyHeaders: boolean;
}
