// rtds_layer of the layered runtime: where its one resource comes from. Called by runtime.ts, and by bootstrap.ts when clusters are known.
import type { CheckedMessage } from "../load/checked.ts";
import { acknowledge, child, children, millis, oneOf, text } from "../load/fields.ts";
import type { NodePlan } from "../plan/plan.ts";
import type { RtdsLayerPlan, RtdsSourcePlan, RuntimePlan, StaticLayerPlan } from "../plan/runtime.ts";
import type { CompileContext } from "./context.ts";
import { compileGrpcSource } from "./grpc-service.ts";

/** Null after an error. */
export function compileRtdsLayer(
  context: CompileContext,
  layer: CheckedMessage,
  facts: { readonly name: string; readonly bootstrap: CheckedMessage; readonly node: NodePlan },
): RtdsLayerPlan | StaticLayerPlan | null {
  const rtds = child(layer, "rtds_layer") as CheckedMessage;
  const config = child(rtds, "rtds_config");
  const source = config === undefined ? null : compileSource(context, config, facts.bootstrap);
  if (facts.node.id === "" || facts.node.cluster === "") context.error(layer, "rtds_layer", NAMELESS);
  if (config === undefined) context.error(rtds, "rtds_config", "says where the layer comes from");
  if (config === undefined || source === null) return null;
  // Of both versions of resources there is one left.
  acknowledge(config, "resource_api_version");
  if (source === "never") {
    acknowledge(config, "initial_fetch_timeout");
    acknowledge(rtds, "name");
    return { kind: "static", name: facts.name, entries: {} };
  }
  const timeoutMs = millis(config, "initial_fetch_timeout") ?? 15_000;
  return {
    kind: "rtds",
    name: facts.name,
    resource: text(rtds, "name") ?? "",
    source,
    firstAnswerMs: timeoutMs === 0 ? Number.POSITIVE_INFINITY : timeoutMs,
  };
}

/** Looks whether the clusters that layers come from are there. */
export function checkRtdsClusters(context: CompileContext, bootstrap: CheckedMessage, runtime: RuntimePlan): void {
  const layered = child(bootstrap, "layered_runtime");
  const messages = layered === undefined ? [] : children(layered, "layers");
  for (const layer of runtime.layers) {
    if (layer.kind !== "rtds" || layer.source.kind !== "grpc") continue;
    const { cluster } = layer.source.service;
    const message = messages.find((one) => text(one, "name") === layer.name);
    if (context.clusterNames.has(cluster) || message === undefined) continue;
    context.error(message, "rtds_layer", `Unknown gRPC client cluster '${cluster}'`);
  }
}

function compileSource(
  context: CompileContext,
  config: CheckedMessage,
  bootstrap: CheckedMessage,
): RtdsSourcePlan | "never" | null {
  const kind = oneOf(config, ["path", "path_config_source", "api_config_source", "ads", "self"]);
  if (kind === "path") return { kind: "file", path: text(config, "path") ?? "" };
  if (kind === "path_config_source") {
    const file = child(config, "path_config_source") as CheckedMessage;
    return { kind: "file", path: text(file, "path") ?? "" };
  }
  if (kind === "api_config_source") {
    return compileApi(context, child(config, "api_config_source") as CheckedMessage, "own");
  }
  const dynamic = child(bootstrap, "dynamic_resources");
  const ads = dynamic === undefined ? undefined : child(dynamic, "ads_config");
  if (kind === "ads" && ads !== undefined) {
    acknowledge(config, "ads");
    return compileApi(context, ads, "aggregated");
  }
  if (kind === "ads") {
    context.warn(config, kind, "the layer stays empty: there is no dynamic_resources.ads_config");
    return "never";
  }
  context.error(config, kind ?? "", "name a path, an api_config_source or ads");
  return null;
}

function compileApi(context: CompileContext, api: CheckedMessage, stream: "own" | "aggregated"): RtdsSourcePlan | null {
  const type = text(api, "api_type") ?? "";
  const dialect = TYPES.get(type);
  const service = compileGrpcSource(api);
  if (dialect === undefined) {
    context.refuse(
      api,
      "api_type",
      `runtime layers over ${type || "an api_type that is not given"}`,
      "use GRPC or DELTA_GRPC",
    );
    return null;
  }
  if (typeof service === "string") {
    context.error(api, "grpc_services", service);
    return null;
  }
  return { kind: "grpc", service, dialect, stream };
}

const TYPES: ReadonlyMap<string, "sotw" | "delta"> = new Map([
  ["GRPC", "sotw"],
  ["DELTA_GRPC", "delta"],
]);
const NAMELESS =
  "type.googleapis.com/envoy.service.runtime.v3.Runtime: node 'id' and 'cluster' are required. Set it either in 'node' config or via --service-node and --service-cluster options.";
