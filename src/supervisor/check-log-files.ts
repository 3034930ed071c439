// Opens every log file of a plan once, so that a path that cannot be written is said at the start, and not by dying workers or when the
// first event comes.
import { closeSync } from "node:fs";
import { systemText } from "../base/system-text.ts";
import type { Plan } from "../config/plan/plan.ts";
import { openLogFile } from "../telemetry/log-files.ts";
import { StartError } from "./start-error.ts";

/** Throws `StartError` with one plain line for the first file that cannot be opened. */
export function checkLogFiles(plan: Plan): void {
  checkFiles("access log", accessLogFiles(plan));
  const checks = plan.clusters.flatMap(({ healthChecks }) => healthChecks);
  checkFiles(
    "event log of health checks",
    checks.flatMap(({ eventLogPaths }) => eventLogPaths),
  );
  checkFiles("event log of outlier detection", plan.outlierLogPath === "" ? [] : [plan.outlierLogPath]);
}

function accessLogFiles({ admin, listeners }: Plan): string[] {
  const chains = listeners.flatMap(({ filterChains, defaultFilterChain }) => [...filterChains, defaultFilterChain]);
  const logs = [
    ...(admin?.accessLogs ?? []),
    ...listeners.flatMap(({ accessLogs }) => accessLogs),
    ...chains.flatMap((chain) => chain?.filter.accessLogs ?? []),
  ];
  return logs.flatMap((log) => (log.sink === "file" ? [log.path] : []));
}

function checkFiles(what: string, paths: readonly string[]): void {
  for (const path of new Set(paths)) {
    try {
      closeSync(openLogFile(path));
    } catch (error) {
      throw new StartError(`unable to open ${what} '${path}': ${systemText(error)}`);
    }
  }
}
