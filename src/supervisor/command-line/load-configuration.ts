// From the command line's sources to a plan: load and compile, with what flags say over the file. Every diagnostic at once.
import { loadPlan } from "../../config/compile/load-plan.ts";
import type { Diagnostic, JsonValue } from "../../config/load/checked.ts";
import { toProtoJson } from "../../config/load/to-proto-json.ts";
import type { Plan } from "../../config/plan/plan.ts";
import type { ServeOptions } from "../../messages/options.ts";

/** A configuration that can be served, or why not. */
export type Configuration =
  | {
      readonly ok: true;
      readonly plan: Plan;
      /** The checked bootstrap as proto3 JSON, secrets hidden: what /config_dump shows. */
      readonly bootstrap: { readonly [name: string]: JsonValue };
      readonly warnings: readonly Diagnostic[];
    }
  | { readonly ok: false; readonly errors: readonly Diagnostic[]; readonly warnings: readonly Diagnostic[] };

/** Loads and compiles what the options name. */
export function loadConfiguration(options: ServeOptions): Configuration {
  const { compat, serviceCluster, serviceNode, serviceZone, overrides } = options;
  const { plan, message, errors, warnings } = loadPlan(
    { path: options.configPath, yaml: options.configYaml },
    {
      allowUnknownFields: options.allowUnknownStaticFields,
      compat,
      serviceCluster,
      serviceNode,
      serviceZone,
      overrides,
    },
  );
  if (plan === null || message === null) return { ok: false, errors, warnings };
  return { ok: true, plan, bootstrap: toProtoJson(message), warnings };
}
