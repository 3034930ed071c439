// A runtime layer of files: nested directories are dotted keys, a file's text is the value. Read whole by the runtime stack; watched for
// the move of the symbolic link that it begins with, as Envoy does. Opened by open-layer.ts.
import { type FSWatcher, lstatSync, readdirSync, readFileSync, realpathSync, statSync, watch } from "node:fs";
import { basename, dirname, join } from "node:path";
import { systemText } from "../../base/system-text.ts";
import { isYaml } from "../../config/load/is-yaml.ts";
import type { DiskLayerPlan, RuntimeEntries } from "../../config/plan/runtime.ts";
import type { LayerSource } from "./runtime-stack.ts";

/** Begins to watch; the directory of `root` must be there (`watchFault`). */
export function openDiskLayer(plan: DiskLayerPlan, serviceCluster: string, onChanged: () => void): LayerSource {
  const directory = `${plan.root}/${plan.subdirectory}${plan.appendServiceCluster ? `/${serviceCluster}` : ""}`;
  const watcher = watchMoves(plan.root, onChanged);
  return { read: () => readLayer(directory), close: () => watcher?.close() };
}

/** Why the link cannot be watched, in Envoy's words; null: it can. */
export function watchFault({ root }: DiskLayerPlan): string | null {
  try {
    readdirSync(watched(root).directory);
    return null;
  } catch (error) {
    return `unable to add filesystem watch for file ${root}: ${systemText(error)}`;
  }
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
    legal(path);
    const stat = statSync(path);
    if (stat.isDirectory()) walk(path, key, depth + 1, entries);
    else if (stat.isFile()) {
      if (stat.size > FILE_BYTES_MAX) throw new LayerFault(`${path} is larger than ${FILE_BYTES_MAX} bytes`);
      entries[key] = trimmedText(readFileSync(path, "utf8"));
      if (!isYaml(entries[key])) throw new LayerFault(`${path} is not YAML: ${entries[key].slice(0, 40)}`);
      if (Object.keys(entries).length > KEYS_MAX) throw new LayerFault(`more than ${KEYS_MAX} keys in ${directory}`);
    }
  }
}

/** Devices and what the kernel shows as files are no configuration; a link to nothing is none either. */
function legal(path: string): void {
  let real: string;
  try {
    real = realpathSync(path);
  } catch {
    throw new LayerFault(`Invalid path: ${path}`);
  }
  if (/^\/(dev|sys|proc)(\/|$)/.test(real)) throw new LayerFault(`Invalid path: ${path}`);
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

/**
 * Calls back when something is moved to `root`. Where Envoy only sees a move, a link that was made anew in its place counts too; a link
 * that is gone changes nothing.
 */
function watchMoves(root: string, onMoved: () => void): FSWatcher | null {
  const { directory, name } = watched(root);
  try {
    const watcher = watch(directory, { persistent: false }, (event, file) => {
      if (event !== "rename" || (name !== "" && file !== name)) return;
      if (name === "" || isThere(root)) onMoved();
    });
    // The directory went: nothing can be moved there any more.
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    // It went since `watchFault` looked.
    return null;
  }
}

/** Where the link lies and what it is called there; with a slash at the end everything in the directory. */
function watched(root: string): { readonly directory: string; readonly name: string } {
  return root.endsWith("/") ? { directory: root, name: "" } : { directory: dirname(root), name: basename(root) };
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
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
