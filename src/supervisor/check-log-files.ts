// Opens every access log file of a plan once, so that a path that cannot be written is said at the start and not by dying workers.
import { closeSync, openSync } from "node:fs";
import { systemText } from "../base/system-text.ts";
import type { Plan } from "../config/plan/plan.ts";
import { StartError } from "./start-error.ts";

/** Throws `StartError` with one plain line for the first file that cannot be opened. */
export function checkLogFiles(plan: Plan): void {
  const chains = plan.listeners.flatMap(({ filterChains, defaultFilterChain }) => [
    ...filterChains,
    defaultFilterChain,
  ]);
  const logs = chains.flatMap((chain) => chain?.filter.accessLogs ?? []);
  for (const path of new Set(logs.filter(({ sink }) => sink === "file").map((log) => log.path))) {
    try {
      closeSync(openSync(path, "a"));
    } catch (error) {
      throw new StartError(`unable to open access log '${path}': ${systemText(error)}`);
    }
  }
}
