// How many connections the probes of this process may keep: what its descriptor limit leaves beside everything else. Called once, by
// the entry of the health thread.
import { readFileSync } from "node:fs";

/** For ProberOptions.connectionsKeptMax: the limit less `DESCRIPTORS_LEFT`; Infinity where the system tells no limit. */
export function connectionsKeptMax(limits: string = readLimits()): number {
  const found = LIMIT_LINE.exec(limits);
  const limit = found === null ? Number.NaN : Number(found[1]);
  return Number.isNaN(limit) ? Number.POSITIVE_INFINITY : Math.max(limit - DESCRIPTORS_LEFT, 0);
}

function readLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "latin1");
  } catch {
    return "";
  }
}

/** The soft limit; `unlimited` is no number. */
const LIMIT_LINE = /^Max open files\s+(\S+)/m;

/** For listeners, downstream and upstream connections, files. */
const DESCRIPTORS_LEFT = 2_000;
