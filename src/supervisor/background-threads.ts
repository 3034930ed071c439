// The engine's helper threads, which compile beside the traffic: they get what serving threads leave of a core, so that the first
// seconds of load are not shared with the compiler (p99 at half rate on one core: 19 ms without, 6 ms with). Called once at start.
import { readdirSync, readFileSync } from "node:fs";
import { getPriority, setPriority } from "node:os";

const TASKS = "/proc/self/task";
/** Node's name for the engine's helpers. */
const HELPER_NAME = "V8Worker";
/** A tenth of a serving thread's weight: at 19 a saturated core never compiles its hot paths, at 5 half of the gain is gone. */
export const HELPER_NICENESS = 10;

/** Lowers the priority of the helper threads of this process; answers how many. None where there is no /proc, or where all are lower. */
export function lowerBackgroundThreads(): number {
  return getPriority() >= HELPER_NICENESS ? 0 : taskIds().filter(lower).length;
}

function lower(id: string): boolean {
  try {
    if (readFileSync(`${TASKS}/${id}/comm`, "latin1").trimEnd() !== HELPER_NAME) return false;
    setPriority(Number(id), HELPER_NICENESS);
    return true;
  } catch {
    return false; // it ended meanwhile, or the system does not allow it
  }
}

function taskIds(): string[] {
  try {
    return readdirSync(TASKS);
  } catch {
    return [];
  }
}
