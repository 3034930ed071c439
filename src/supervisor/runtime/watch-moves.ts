// Tells when something is moved to a path, as Envoy watches files and links. Used by disk-layer.ts and rtds-layer.ts.
import { type FSWatcher, lstatSync, readdirSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { systemText } from "../../base/system-text.ts";

/**
 * Calls back when something is moved to `path`; with a slash at its end, anywhere in it. Where Envoy only sees a move, what was made anew in
 * its place counts too; what is gone changes nothing.
 */
export function watchMoves(path: string, onMoved: () => void): FSWatcher | null {
  const { directory, name } = watched(path);
  try {
    const watcher = watch(directory, { persistent: false }, (event, file) => {
      if (event !== "rename" || (name !== "" && file !== name)) return;
      if (name === "" || lstatSync(path, { throwIfNoEntry: false }) !== undefined) onMoved();
    });
    // The directory went: nothing can be moved there any more.
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    // It went since `watchFault` looked.
    return null;
  }
}

/** Why a path cannot be watched, in Envoy's words; null: it can. */
export function watchFault(path: string): string | null {
  try {
    readdirSync(watched(path).directory);
    return null;
  } catch (error) {
    return `unable to add filesystem watch for file ${path}: ${systemText(error)}`;
  }
}

function watched(path: string): { readonly directory: string; readonly name: string } {
  return path.endsWith("/") ? { directory: path, name: "" } : { directory: dirname(path), name: basename(path) };
}
