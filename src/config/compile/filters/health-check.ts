// envoy.extensions.filters.http.health_check.v3.HealthCheck to HealthCheckFilterPlan. Called through filter-types.ts.
import type { CheckedMessage } from "../../load/checked.ts";
import { childEntries, children, decimal, flag, millis } from "../../load/fields.ts";
import type { HealthCheckFilterPlan } from "../../plan/filters/health-check.ts";
import type { CompileContext } from "../context.ts";
import { compileHeaderMatcher } from "../match.ts";

/** Compiles HealthCheck. */
export function compileHealthCheckFilter(context: CompileContext, config: CheckedMessage): HealthCheckFilterPlan {
  const passThrough = flag(config, "pass_through_mode") ?? false;
  const cacheMs = millis(config, "cache_time") ?? 0;
  if (!passThrough && cacheMs > 0) {
    context.error(config, "cache_time", "cache_time_ms must not be set when path_through_mode is disabled");
  }
  return {
    kind: "health_check",
    passThrough,
    cacheMs,
    clusterPercents: childEntries(config, "cluster_min_healthy_percentages").map(([cluster, percent]) => ({
      cluster,
      percent: decimal(percent, "value") ?? 0,
    })),
    headers: children(config, "headers").map((one) => compileHeaderMatcher(context, one)),
    localCluster: context.localCluster,
  };
}
