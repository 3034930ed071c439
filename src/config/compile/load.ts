// cluster_manager.load_stats_config to LoadReportPlan. Called by bootstrap.ts when the clusters are known.
import type { CheckedMessage } from "../load/checked.ts";
import { child, text } from "../load/fields.ts";
import type { LoadReportPlan } from "../plan/load.ts";
import type { CompileContext } from "./context.ts";
import { compileGrpcSource } from "./grpc-service.ts";

/** Null when there is none, without the role `load`, and when it is one that Envoy serves without reporting: a warning says why. */
export function compileLoadReports(
  context: CompileContext,
  bootstrap: CheckedMessage,
  hasRole: boolean,
): LoadReportPlan | null {
  const manager = child(bootstrap, "cluster_manager");
  const config = manager === undefined ? undefined : child(manager, "load_stats_config");
  if (manager === undefined || config === undefined) return null;
  const plan = compileGrpcSource(config);
  const wrong = wrongWith(context, config, plan);
  if (wrong === "" && hasRole && typeof plan !== "string") return plan;
  const why = wrong === "" ? "this node has no role load (--roles)" : wrong;
  context.warn(manager, "load_stats_config", `no load is reported: ${why}`);
  return null;
}

/** Whether the file names a load-report server at all. */
export function hasLoadStats(bootstrap: CheckedMessage): boolean {
  const manager = child(bootstrap, "cluster_manager");
  return manager !== undefined && child(manager, "load_stats_config") !== undefined;
}

/** In Envoy's words; empty: nothing. */
function wrongWith(context: CompileContext, config: CheckedMessage, plan: LoadReportPlan | string): string {
  if (!TYPES.has(text(config, "api_type") ?? "")) {
    return "envoy.config.core.v3.ApiConfigSource type must be of non-aggregated gRPC";
  }
  if (typeof plan === "string") return plan;
  return context.clusterNames.has(plan.cluster) ? "" : `Unknown gRPC client cluster '${plan.cluster}'`;
}

const TYPES: ReadonlySet<string> = new Set(["GRPC", "DELTA_GRPC"]);
