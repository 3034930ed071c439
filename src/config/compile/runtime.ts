// envoy.config.bootstrap.v3.LayeredRuntime to flat keys. Called once per configuration, first, so that others can look keys up.
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, flag, json, oneOf, text } from "../load/fields.ts";
import type { NodePlan } from "../plan/plan.ts";
import type { RuntimeLayerPlan, RuntimePlan } from "../plan/runtime.ts";
import type { CompileContext } from "./context.ts";
import { compileRtdsLayer } from "./runtime-discovery.ts";
import { runtimeEntries } from "./runtime-entries.ts";

/** Compiles the layers and notes the final texts in the context. Without `layered_runtime` there are none, as in Envoy. */
export function compileRuntime(context: CompileContext, bootstrap: CheckedMessage, node: NodePlan): RuntimePlan {
  const runtime = child(bootstrap, "layered_runtime");
  if (runtime === undefined) return { layers: [] };
  const layers: RuntimeLayerPlan[] = [];
  for (const layer of children(runtime, "layers")) {
    const compiled = compileLayer(context, layer, { bootstrap, node });
    if (compiled === null) continue;
    if (layers.some((other) => other.name === compiled.name)) {
      context.error(layer, "name", `Duplicate layer name: ${compiled.name}`);
    }
    if (compiled.kind === "admin" && layers.some((other) => other.kind === "admin")) {
      context.error(
        layer,
        "admin_layer",
        "Too many admin layers specified in LayeredRuntime, at most one may be specified",
      );
    }
    layers.push(compiled);
  }
  return { layers };
}

function compileLayer(context: CompileContext, layer: CheckedMessage, facts: LayerFacts): RuntimeLayerPlan | null {
  const name = text(layer, "name") ?? "";
  const kind = oneOf(layer, ["static_layer", "admin_layer", "disk_layer", "rtds_layer"]);
  if (kind === "static_layer") {
    const entries = runtimeEntries(json(layer, "static_layer") ?? {});
    if (entries instanceof Error) context.error(layer, "static_layer", entries.message);
    return { name, kind: "static", entries: entries instanceof Error ? {} : entries };
  }
  if (kind === "admin_layer") return { kind: "admin", name };
  if (kind === "disk_layer") return compileDiskLayer(context, layer, name);
  return kind === "rtds_layer" ? compileRtdsLayer(context, layer, { ...facts, name }) : null;
}

function compileDiskLayer(context: CompileContext, layer: CheckedMessage, name: string): RuntimeLayerPlan {
  const disk = child(layer, "disk_layer") as CheckedMessage;
  const root = text(disk, "symlink_root") ?? "";
  // Envoy: `invalid file path `, without saying whose.
  if (root === "") context.error(disk, "symlink_root", "invalid file path: name the symbolic link that is moved");
  return {
    kind: "disk",
    name,
    root,
    subdirectory: text(disk, "subdirectory") ?? "",
    appendServiceCluster: flag(disk, "append_service_cluster") ?? false,
  };
}

/** What layers need besides themselves. */
interface LayerFacts {
  readonly bootstrap: CheckedMessage;
  readonly node: NodePlan;
}
