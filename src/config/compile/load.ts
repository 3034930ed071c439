// cluster_manager.load_stats_config to LoadReportPlan. Called by bootstrap.ts when the clusters are known.
import type { CheckedMessage } from "../load/checked.ts";
import { acknowledge, child, children, flag, oneOf, text, texts } from "../load/fields.ts";
import type { LoadReportPlan } from "../plan/load.ts";
import type { CompileContext } from "./context.ts";

/** Null when there is none, without the role `load`, and when it is one that Envoy serves without reporting: a warning says why. */
export function compileLoadReports(
  context: CompileContext,
  bootstrap: CheckedMessage,
  hasRole: boolean,
): LoadReportPlan | null {
  const manager = child(bootstrap, "cluster_manager");
  const config = manager === undefined ? undefined : child(manager, "load_stats_config");
  if (manager === undefined || config === undefined) return null;
  // Of both versions of the transport there is one left.
  acknowledge(config, "transport_api_version");
  const [service] = children(config, "grpc_services");
  const plan = service === undefined ? null : compileService(service);
  const wrong = wrongWith(context, config, plan?.cluster ?? null);
  if (wrong === "" && hasRole) return plan;
  const why = wrong === "" ? "this node has no role load (--roles)" : wrong;
  context.warn(manager, "load_stats_config", `no load is reported: ${why}`);
  return null;
}

/** Null: it is no envoy_grpc. */
function compileService(service: CheckedMessage): LoadReportPlan | null {
  const grpc =
    oneOf(service, ["envoy_grpc", "google_grpc"]) === "envoy_grpc" ? child(service, "envoy_grpc") : undefined;
  if (grpc === undefined) return null;
  const cluster = text(grpc, "cluster_name") ?? "";
  return {
    cluster,
    authority: text(grpc, "authority") || cluster,
    metadata: children(service, "initial_metadata").map((header) => ({
      name: (text(header, "key") ?? "").toLowerCase(),
      value: text(header, "value") ?? "",
    })),
    skipEnvoyHeaders: flag(grpc, "skip_envoy_headers") ?? false,
  };
}

/** In Envoy's words; empty: nothing. `cluster`: of the service; null: there is none that is built. */
function wrongWith(context: CompileContext, config: CheckedMessage, cluster: string | null): string {
  const type = text(config, "api_type") ?? "";
  const services = children(config, "grpc_services").length;
  const names = texts(config, "cluster_names").length;
  if (!TYPES.has(type)) return "envoy.config.core.v3.ApiConfigSource type must be of non-aggregated gRPC";
  if (services === 0 && names === 0) return "API configs must have either a gRPC service or a cluster name defined";
  const what = "envoy.config.core.v3.ApiConfigSource::(AGGREGATED_)(DELTA_)GRPC must";
  if (names > 0) return `${what} not have a cluster name specified`;
  if (services > 1) return `${what} have no more than 1 gRPC services specified`;
  if (cluster === null) return "of gRPC services only envoy_grpc is built";
  return context.clusterNames.has(cluster) ? "" : `Unknown gRPC client cluster '${cluster}'`;
}

const TYPES: ReadonlySet<string> = new Set(["GRPC", "DELTA_GRPC"]);
