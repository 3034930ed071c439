// The bars of a mesh with very many groups and targets. They take a minute: for `npm run sim -- --bars`, not for each test run.
import type { Bar } from "./bars.ts";
import { runScale, type ScaleResult } from "./scale.ts";

/** Rows. */
export const SCALE: readonly Bar[] = [
  row("bytes of the largest beat", 4_096, ({ beatBytes }) => beatBytes),
  row("bytes a second that a node sends and hears at rest", 20_000, ({ steadyBytesPerS }) => steadyBytesPerS),
  row("endpoints that are not probed by exactly k nodes", 0, ({ unshared }) => unshared),
  row("the busiest node's share over 2/5", 1.05, ({ busiest }) => busiest),
  row(
    "ms of CPU a second that meshState takes at rest, 40,000 endpoints probed every 10 s",
    100,
    ({ busyMsPerS }) => busyMsPerS,
  ),
];

let result: ScaleResult | null = null;

function row(what: string, most: number, of: (result: ScaleResult) => number): Bar {
  return {
    scenario: "5 nodes × 10,000 groups × 10 targets",
    what,
    most,
    measure: () => {
      result ??= runScale(5, 10_000, 10, threadMs);
      return of(result);
    },
  };
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
