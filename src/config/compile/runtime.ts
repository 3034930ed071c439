// envoy.config.bootstrap.v3.LayeredRuntime to flat keys. Called once per configuration, first, so that others can look keys up.
import type { CheckedMessage, JsonValue } from "../load/checked.ts";
import { child, children, flag, json, oneOf, text } from "../load/fields.ts";
import type { RuntimeLayerPlan, RuntimePlan } from "../plan/runtime.ts";
import type { CompileContext } from "./context.ts";

/** Compiles the layers and notes the final texts in the context. Without `layered_runtime` there are none, as in Envoy. */
export function compileRuntime(context: CompileContext, bootstrap: CheckedMessage): RuntimePlan {
  const runtime = child(bootstrap, "layered_runtime");
  if (runtime === undefined) return { layers: [] };
  const layers: RuntimeLayerPlan[] = [];
  for (const layer of children(runtime, "layers")) {
    const compiled = compileLayer(context, layer);
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
    if (compiled.kind === "static") {
      for (const [key, value] of Object.entries(compiled.entries)) context.runtimeTexts.set(key, value);
    }
    layers.push(compiled);
  }
  return { layers };
}

function compileLayer(context: CompileContext, layer: CheckedMessage): RuntimeLayerPlan | null {
  const name = text(layer, "name") ?? "";
  const kind = oneOf(layer, ["static_layer", "admin_layer", "disk_layer", "rtds_layer"]);
  if (kind === "static_layer") {
    const entries: Record<string, string> = {};
    flatten(context, layer, "", json(layer, "static_layer") ?? {}, entries);
    return { name, kind: "static", entries };
  }
  if (kind === "admin_layer") return { kind: "admin", name };
  if (kind === "disk_layer") return compileDiskLayer(context, layer, name);
  const instead = "use a static_layer, a disk_layer, and an admin_layer for changes while running";
  context.refuse(layer, kind ?? "", "runtime layers from a discovery server", instead);
  return null;
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

function flatten(
  context: CompileContext,
  layer: CheckedMessage,
  prefix: string,
  value: JsonValue,
  entries: Record<string, string>,
): void {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const fields = value as Readonly<Record<string, JsonValue>>;
    if (prefix !== "" && isFraction(fields)) {
      entries[prefix] = JSON.stringify(fields);
      return;
    }
    for (const [key, below] of Object.entries(fields)) {
      flatten(context, layer, prefix === "" ? key : `${prefix}.${key}`, below, entries);
    }
    return;
  }
  if (value === null || typeof value === "object") {
    context.error(layer, "static_layer", `Invalid runtime entry value for ${prefix}`);
    return;
  }
  entries[prefix] = typeof value === "string" ? value : String(value);
}

// As Envoy decides it: a map with one of these keys is a FractionalPercent, not a deeper level.
function isFraction(fields: Readonly<Record<string, JsonValue>>): boolean {
  return Object.hasOwn(fields, "numerator") || Object.hasOwn(fields, "denominator");
}
