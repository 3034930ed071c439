// The real files that a certificate watch looks at. Given to it by node.ts.
import { readFileSync, statSync } from "node:fs";
import type { WatchedFiles } from "./certificate-watch.ts";

/** Marks follow symbolic links: they change when a file is written, replaced, or another folder is linked in its place. */
export const realFiles: WatchedFiles = {
  read(path) {
    try {
      return readFileSync(path);
    } catch (error) {
      return error as Error;
    }
  },
  mark(path) {
    try {
      const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path);
      return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
    } catch {
      return "";
    }
  },
};
