// What the command line can name: a file, inline YAML, or both merged. Called by the command line and by reloads.
import { readFileSync } from "node:fs";
import { systemText } from "../../base/system-text.ts";
import { loadDescriptorSet } from "../schema/descriptor-set.ts";
import type { CheckContext } from "./check-context.ts";
import { checkMessage } from "./check-message.ts";
import type { LoadResult } from "./checked.ts";
import { Complaints, type Strictness } from "./complaints.ts";
import { type LoadOptions, loadConfigFile, loadConfigText } from "./load-config.ts";
import { mergeWritten } from "./merge-written.ts";
import { readYaml } from "./read-yaml.ts";

/** --config-path and --config-yaml; empty: not given. */
export interface ConfigSources {
  readonly path: string;
  readonly yaml: string;
}

/** The name that diagnostics show for --config-yaml. */
export const INLINE_NAME = "<config-yaml>";

/** The bootstrap of these sources, checked once, after merging. */
export function loadConfigSources(sources: ConfigSources, options: Omit<LoadOptions, "file" | "format">): LoadResult {
  if (sources.yaml === "") return loadConfigFile(sources.path, options);
  if (sources.path === "") return loadConfigText(sources.yaml, { ...options, file: INLINE_NAME });
  const strictness: Strictness = {
    allowUnknownFields: options.allowUnknownFields ?? false,
    compat: options.compat ?? "starling",
  };
  const complaints = new Complaints(sources.path, strictness);
  const inlineComplaints = new Complaints(INLINE_NAME, strictness);
  const format = sources.path.endsWith(".json") ? "json" : "yaml";
  const text = readText(sources.path, complaints);
  const base = text === null ? null : readYaml(text, complaints, format);
  const over = readYaml(sources.yaml, inlineComplaints);
  const unreadable = [...complaints.errors, ...inlineComplaints.errors];
  if (base === null || over === null || unreadable.length > 0) return resultOf(complaints, inlineComplaints, null);
  const set = loadDescriptorSet();
  const merged = mergeWritten(base, over);
  const context: CheckContext = { set, complaints, format, message: checkMessage, depth: 0, optionalAt: null };
  const message = checkMessage(context, "envoy.config.bootstrap.v3.Bootstrap", merged, "");
  return resultOf(complaints, inlineComplaints, message ?? null);
}

function readText(path: string, complaints: Complaints): string | null {
  try {
    return readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch (fault) {
    complaints.error(complaints.start, "", `cannot be read: ${systemText(fault)}`);
    return null;
  }
}

function resultOf(file: Complaints, inline: Complaints, message: LoadResult["message"]): LoadResult {
  const errors = [...file.sortedErrors(), ...inline.sortedErrors()];
  const warnings = [...file.sortedWarnings(), ...inline.sortedWarnings()];
  return { message: errors.length === 0 ? message : null, readable: message, errors, warnings };
}
