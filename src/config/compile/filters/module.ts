// starling.filters.http.module.v1.Module to ModuleFilterPlan: the file is read here, and its module is opened once with each of its
// configurations in a thread of its own, so that what is wrong with it is wrong with the configuration. Called through filter-types.ts.
import { dirname, resolve } from "node:path";
import { systemText } from "../../../base/system-text.ts";
import type { CheckedMessage } from "../../load/checked.ts";
import { json, text } from "../../load/fields.ts";
import type { ModuleConfig, ModuleFilterPlan, ModuleOverridePlan } from "../../plan/filters/module.ts";
import type { CompileContext } from "../context.ts";

/** Compiles Module. */
export function compileModule(context: CompileContext, message: CheckedMessage, name: string): ModuleFilterPlan {
  const written = text(message, "file") ?? "";
  const file = resolve(folderOf(message), written);
  const config = configOf(message);
  const plan: ModuleFilterPlan = { kind: "module", file, text: readText(context, message, file), config };
  context.filterModules.set(name, plan);
  if (plan.text !== "") check(context, message, plan, "file");
  return plan;
}

/** Compiles ModulePerRoute: the module is opened with its configuration as with the filter's own. */
export function compileModuleOverride(
  context: CompileContext,
  message: CheckedMessage,
  name: string,
): ModuleOverridePlan {
  const config = configOf(message);
  const own = context.filterModules.get(name);
  if (own === undefined) context.error(message, "", `the filter '${name}' is no module`);
  else if (own.text !== "") check(context, message, { ...own, config }, "config");
  return { kind: "module", config };
}

function check(context: CompileContext, message: CheckedMessage, plan: ModuleFilterPlan, field: string): void {
  const fault = context.options.checkModule(plan);
  if (fault !== "") context.error(message, field, fault);
}

function readText(context: CompileContext, message: CheckedMessage, file: string): string {
  if (!/\.m?[jt]s$/.test(file)) {
    context.error(message, "file", `${file} is no module: its name ends with .ts, .mts, .js or .mjs`);
    return "";
  }
  const bytes = context.options.readFile(file);
  if (bytes instanceof Error) {
    context.error(message, "file", `Invalid path: ${file} (${systemText(bytes)})`);
    return "";
  }
  if (bytes.length === 0) context.error(message, "file", `${file} is empty`);
  return new TextDecoder().decode(bytes);
}

/** Where relative paths start: at the configuration file; what flags and variables say, at the working directory. */
function folderOf(message: CheckedMessage): string {
  const { file, line } = message.positions["file"] ?? message.position;
  return line === 0 ? "." : dirname(file);
}

function configOf(message: CheckedMessage): ModuleConfig {
  return structuredClone(json(message, "config") ?? {}) as ModuleConfig;
}
