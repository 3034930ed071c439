// From a file or text to a plan in one call: load, compile, say everything. Called by the command line and the supervisor.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { CheckedMessage, Diagnostic, LoadResult } from "../load/checked.ts";
import { loadConfigFile, loadConfigText } from "../load/load-config.ts";
import { type ConfigSources, loadConfigSources } from "../load/load-sources.ts";
import { checkModule } from "./check-module.ts";
import { type CompileResult, compilePlan, inFileOrder } from "./compile-plan.ts";
import { type CompileOptions, isRefusal } from "./context.ts";

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
    const errors = inFileOrder([...loaded.errors, ...refusalsBeside(loaded, { ...SYSTEM, ...given })]);
    return { plan: null, message: null, errors, warnings: loaded.warnings };
  }
  const compiled = compilePlan(loaded.message, { ...SYSTEM, ...given });
  return {
    plan: compiled.plan,
    message: compiled.plan === null ? null : loaded.message,
    errors: inFileOrder([...loaded.errors, ...compiled.errors]),
    warnings: inFileOrder([...loaded.warnings, ...compiled.warnings]),
  };
}

/**
 * The refused features of a file that also has mistakes, so that both are said at once. Only refusals, and only away from the
 * mistakes: any other complaint may follow from what could not be read.
 */
function refusalsBeside({ readable, errors }: LoadResult, options: CompileOptions): readonly Diagnostic[] {
  if (readable === null) return [];
  const isNear = (path: string): boolean =>
    errors.some((error) => error.path.startsWith(path) || path.startsWith(error.path));
  try {
    return compilePlan(readable, options).errors.filter(({ path, message }) => isRefusal(message) && !isNear(path));
  } catch {
    // Compiling trusts what was checked, and this was not wholly: the mistakes themselves are enough to say.
    return [];
  }
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
  checkModule,
  environment: (name) => process.env[name],
  uuid: randomUUID,
  serviceCluster: "",
  serviceNode: "",
  serviceZone: "",
  overrides: new Map(),
};
