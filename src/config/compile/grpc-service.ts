// envoy.config.core.v3.ApiConfigSource with a gRPC service. Called by load.ts and runtime-discovery.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { acknowledge, child, children, flag, oneOf, text, texts } from "../load/fields.ts";
import type { GrpcServicePlan } from "../plan/grpc-service.ts";

/** The one service of a source, or what is wrong with it in Envoy's words. Whether its cluster is there is not looked at. */
export function compileGrpcSource(config: CheckedMessage): GrpcServicePlan | string {
  // Of both versions of the transport there is one left.
  acknowledge(config, "transport_api_version");
  const services = children(config, "grpc_services");
  const names = texts(config, "cluster_names").length;
  const plan = services[0] === undefined ? null : compileService(services[0]);
  if (services.length === 0 && names === 0) {
    return "API configs must have either a gRPC service or a cluster name defined";
  }
  const what = "envoy.config.core.v3.ApiConfigSource::(AGGREGATED_)(DELTA_)GRPC must";
  if (names > 0) return `${what} not have a cluster name specified`;
  if (services.length > 1) return `${what} have no more than 1 gRPC services specified`;
  return plan ?? "of gRPC services only envoy_grpc is built";
}

/** Null: it is no envoy_grpc. */
function compileService(service: CheckedMessage): GrpcServicePlan | null {
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
