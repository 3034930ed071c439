// What a thread uses, under `starling.thread.<name>.`: milliseconds of processor time, and of its event loop with and without work.
import type { ThreadUse } from "../base/thread-use.ts";
import { type BlockSchema, blockSchema } from "./stats-block.ts";
import type { StatsWriter } from "./stats-memory.ts";

const COUNTERS = ["cpu_ms", "loop_busy_ms", "loop_idle_ms"] as const;

/** THREAD blocks. */
export const THREAD: BlockSchema<(typeof COUNTERS)[number]> = blockSchema({
  id: "thread",
  counters: COUNTERS,
  gauges: [],
});

/** Counts the use of one thread. `name`: `main`, `listener-0`. */
export function threadUseCounter(stats: StatsWriter, name: string): (use: ThreadUse) => void {
  const block = stats.block(THREAD, `starling.thread.${name}.`);
  const exact = [0, 0, 0];
  return ({ cpuMs, busyMs, idleMs }) => {
    for (const [at, more] of [cpuMs, busyMs, idleMs].entries()) {
      // Whole milliseconds are shown; what is less is kept for the next second.
      const due = (exact[at] as number) + more;
      const whole = Math.floor(due);
      exact[at] = due - whole;
      block[at] = (block[at] as number) + whole;
    }
  };
}
