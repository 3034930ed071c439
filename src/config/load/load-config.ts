// The way in: text or a file becomes a checked message, with every error and warning at once.
// Called by the command line, by reloads and by file-based discovery. Never compiles and never prints.
import { readFileSync } from "node:fs";
import { systemText } from "../../base/system-text.ts";
import { type DescriptorSet, loadDescriptorSet } from "../schema/descriptor-set.ts";
import { checkMessage } from "./check-message.ts";
import type { LoadResult } from "./checked.ts";
import { Complaints } from "./complaints.ts";
import { readYaml } from "./read-yaml.ts";
import { v1Mark } from "./v1-mark.ts";

/** How to load. */
export interface LoadOptions {
  /** The name that diagnostics show. */
  readonly file: string;
  /** `json` reads scalars as JSON has them. Default `yaml`, which reads JSON files too. */
  readonly format?: "yaml" | "json";
  /** Unknown fields are warnings (`--allow-unknown-static-fields`). Default false. */
  readonly allowUnknownFields?: boolean;
  /** `envoy` refuses and accepts exactly what Envoy does (`--compat envoy`). Default `starling`. */
  readonly compat?: "starling" | "envoy";
}

/** A bootstrap (envoy.config.bootstrap.v3.Bootstrap) from text. */
export function loadConfigText(text: string, options: LoadOptions): LoadResult {
  return loadMessageText(text, BOOTSTRAP, options);
}

/** A bootstrap from a file; one whose name ends with .json is read as JSON. A file that cannot be read is one error. */
export function loadConfigFile(path: string, options: Omit<LoadOptions, "file" | "format"> = {}): LoadResult {
  return loadMessageFile(path, BOOTSTRAP, options);
}

/** A message of any type from text, e.g. envoy.service.discovery.v3.DiscoveryResponse for file-based discovery. */
export function loadMessageText(text: string, type: string, options: LoadOptions): LoadResult {
  const complaints = new Complaints(options.file, {
    allowUnknownFields: options.allowUnknownFields ?? false,
    compat: options.compat ?? "starling",
  });
  const format = options.format ?? "yaml";
  const written = readYaml(text.replace(/^\uFEFF/, ""), complaints, format);
  if (complaints.errors.length > 0 || written === null) return resultOf(complaints, undefined);
  if (written.kind === "null") {
    complaints.error(complaints.start, "", "the file is empty");
    return resultOf(complaints, undefined);
  }
  const v1 = type === BOOTSTRAP ? v1Mark(written) : null;
  if (v1 !== null) {
    const says = `this is configuration of Envoy's v1 API, which Envoy refuses as well: 'starling validate --upgrade ${options.file}' prints it as v3`;
    complaints.error(v1.position, v1.key, says);
    return resultOf(complaints, undefined);
  }
  const set: DescriptorSet = loadDescriptorSet();
  const message = checkMessage(
    { set, complaints, format, message: checkMessage, depth: 0, optionalAt: null },
    type,
    written,
    "",
  );
  return resultOf(complaints, message);
}

/** A message of any type from a file. */
export function loadMessageFile(
  path: string,
  type: string,
  options: Omit<LoadOptions, "file" | "format"> = {},
): LoadResult {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (fault) {
    const complaints = new Complaints(path, { allowUnknownFields: false, compat: "starling" });
    complaints.error(complaints.start, "", `cannot be read: ${systemText(fault)}`);
    return resultOf(complaints, undefined);
  }
  return loadMessageText(text, type, { ...options, file: path, format: path.endsWith(".json") ? "json" : "yaml" });
}

const BOOTSTRAP = "envoy.config.bootstrap.v3.Bootstrap";

function resultOf(complaints: Complaints, message: LoadResult["message"] | undefined): LoadResult {
  return {
    message: complaints.errors.length === 0 ? (message ?? null) : null,
    readable: message ?? null,
    errors: complaints.sortedErrors(),
    warnings: complaints.sortedWarnings(),
  };
}
