// From a file or text to a plan in one call: load, compile, say everything. Called by the command line and the supervisor.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { CheckedMessage, LoadResult } from "../load/checked.ts";
import { loadConfigFile, loadConfigText } from "../load/load-config.ts";
import { type ConfigSources, loadConfigSources } from "../load/load-sources.ts";
import { type CompileResult, compilePlan, inFileOrder } from "./compile-plan.ts";
import type { CompileOptions } from "./context.ts";

/** Where the configuration is: a file, text with the name that diagnostics show, or what the command line named. */
export type PlanSource = { readonly path: string } | { readonly text: string; readonly file: string } | ConfigSources;

/** All optional: what is left out is Starling's default, the real files and the real environment. */
export interface LoadPlanOptions extends Partial<CompileOptions> {
  /** Unknown fields are warnings (`--allow-unknown-static-fields`), default false. */
  readonly allowUnknownFields?: boolean;
}

/** A plan with the checked message it came from (for config_dump); both null after an error. */
export interface LoadPlanResult extends CompileResult {
  readonly message: CheckedMessage | null;
}

/** Loads and compiles. Never throws for what a file says; a file that cannot be read is an error diagnostic. */
export function loadPlan(source: PlanSource, options: LoadPlanOptions = {}): LoadPlanResult {
  const { allowUnknownFields = false, ...given } = options;
  const compat = given.compat ?? "starling";
  const loaded = load(source, { allowUnknownFields, compat });
  if (loaded.message === null) {
    return { plan: null, message: null, errors: loaded.errors, warnings: loaded.warnings };
  }
  const compiled = compilePlan(loaded.message, { ...SYSTEM, ...given });
  return {
    plan: compiled.plan,
    message: compiled.plan === null ? null : loaded.message,
    errors: inFileOrder([...loaded.errors, ...compiled.errors]),
    warnings: inFileOrder([...loaded.warnings, ...compiled.warnings]),
  };
}

function load(source: PlanSource, how: { allowUnknownFields: boolean; compat: "starling" | "envoy" }): LoadResult {
  if ("yaml" in source) return loadConfigSources(source, how);
  if ("path" in source) return loadConfigFile(source.path, how);
  return loadConfigText(source.text, { file: source.file, ...how });
}

const SYSTEM: CompileOptions = {
  compat: "starling",
  readFile(path) {
    try {
      return readFileSync(path);
    } catch (fault) {
      return fault instanceof Error ? fault : new Error(String(fault));
    }
  },
  environment: (name) => process.env[name],
  uuid: randomUUID,
  serviceCluster: "",
  serviceNode: "",
  serviceZone: "",
};
