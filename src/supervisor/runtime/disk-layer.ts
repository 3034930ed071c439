// A runtime layer of files: nested directories are dotted keys, a file's text is the value. Read whole by the runtime stack; watched for
// the move of the symbolic link that it begins with, as Envoy does. Opened by open-layer.ts.
import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { systemText } from "../../base/system-text.ts";
import { isYaml } from "../../config/load/is-yaml.ts";
import type { DiskLayerPlan, RuntimeEntries } from "../../config/plan/runtime.ts";
import type { LayerSource } from "./runtime-stack.ts";
import { watchMoves } from "./watch-moves.ts";

/** Begins to watch; the directory of `root` must be there (`watchFault`). */
export function openDiskLayer(plan: DiskLayerPlan, serviceCluster: string, onChanged: () => void): LayerSource {
  const directory = `${plan.root}/${plan.subdirectory}${plan.appendServiceCluster ? `/${serviceCluster}` : ""}`;
  const watcher = watchMoves(plan.root, onChanged);
  return { read: () => readLayer(directory), close: () => watcher?.close() };
}

/** The layer below a directory; null: there is none. An Error: something in it cannot be read, and so nothing of it counts. */
export function readLayer(directory: string): RuntimeEntries | null | Error {
  if (!isDirectory(directory)) return null;
  const entries: Record<string, string> = {};
  try {
    walk(directory, "", 1, entries);
    return entries;
  } catch (error) {
    return error instanceof LayerFault ? error : new LayerFault(`${directory}: ${systemText(error)}`);
  }
}

class LayerFault extends Error {}

function walk(directory: string, prefix: string, depth: number, entries: Record<string, string>): void {
  if (depth > DEPTH_MAX) throw new LayerFault(`Walk recursion depth exceeded ${DEPTH_MAX}`);
  legal(directory);
  for (const name of readdirSync(directory).sort()) {
    const path = join(directory, name);
    const key = prefix === "" ? name : `${prefix}.${name}`;
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) throw new LayerFault(`Invalid path: ${path}`);
    if (stat.isDirectory()) walk(path, key, depth + 1, entries);
    else if (stat.isFile()) {
      legal(path);
      if (stat.size > FILE_BYTES_MAX) throw new LayerFault(`${path} is larger than ${FILE_BYTES_MAX} bytes`);
      entries[key] = trimmedText(readFileSync(path, "utf8"));
      if (!isYaml(entries[key])) throw new LayerFault(`${path} is not YAML: ${entries[key].slice(0, 40)}`);
      if (Object.keys(entries).length > KEYS_MAX) throw new LayerFault(`more than ${KEYS_MAX} keys in ${directory}`);
    }
  }
}

/** What the kernel shows as files is no configuration. */
function legal(path: string): void {
  if (/^\/(dev|sys|proc)(\/|$)/.test(realpathSync(path))) throw new LayerFault(`Invalid path: ${path}`);
}

/** A file's text without comment lines, empty lines and white space at the end. */
function trimmedText(text: string): string {
  const lines = text.split("\n").filter((line) => line !== "");
  const last = lines.at(-1);
  return (
    lines
      .filter((line) => !line.startsWith("#"))
      // By its text, as Envoy: an earlier line that is as the last one has no end either.
      .map((line) => (line === last ? line.trimEnd() : `${line}\n`))
      .join("")
  );
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** As Envoy's. */
const DEPTH_MAX = 16;
/** A value is a number or a few words. */
const FILE_BYTES_MAX = 1_048_576;
/** The layer is read on the main thread. */
const KEYS_MAX = 10_000;
