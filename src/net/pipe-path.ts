// Unix socket paths as Node and the kernel want them, and what lies there.
import { lstatSync } from "node:fs";

/** `@name` of the abstract name space is a leading NUL to the kernel; other paths stay. */
export function pipePath(path: string): string {
  return path.startsWith("@") ? `\0${path.slice(1)}` : path;
}

/** Whether a socket file is there: it stands in the way only while somebody listens on it. Never so in the abstract name space. */
export function isSocketFile(path: string): boolean {
  return !path.startsWith("@") && lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true;
}
