// envoy.filters.http.health_check as workers run it.
import type { HeaderMatcherPlan } from "../match.ts";

/** Answers health checks that the proxy itself is asked. */
export interface HealthCheckFilterPlan {
  readonly kind: "health_check";
  /** pass_through_mode: the upstream is asked, unless this node is failing or an answer is kept. */
  readonly passThrough: boolean;
  /** cache_time: how long an answer of the upstream is kept; 0: not at all. */
  readonly cacheMs: number;
  /** cluster_min_healthy_percentages, in the file's order. */
  readonly clusterPercents: readonly { readonly cluster: string; readonly percent: number }[];
  /** All must match for a request to be a health check. */
  readonly headers: readonly HeaderMatcherPlan[];
  /** The node's cluster, told in x-envoy-upstream-healthchecked-cluster. */
  readonly localCluster: string;
}
