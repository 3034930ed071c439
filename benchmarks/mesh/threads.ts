// Threads of a measured process by name, from the kernel's own account: Node names a worker's thread as its Worker was named.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Kernel threads of a process that have this name. */
export function threadsNamed(pid: number, name: string): number[] {
  return allThreads(pid).filter((id) => readFileSync(`/proc/${pid}/task/${id}/comm`, "latin1").trim() === name);
}

/** Seconds that a thread ran, to the nanosecond. */
export function threadCpuSeconds(pid: number, id: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, "latin1").split(" ")[0]) / 1e9;
}

/** Seconds that a thread was ready to run and did not: what others took from it. */
export function threadWaitSeconds(pid: number, id: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, "latin1").split(" ")[1]) / 1e9;
}

/** Puts these threads on a core, and all others of the process on another one when it is given. */
export function pinThreads(pid: number, ids: readonly number[], core: string, otherCore?: string): void {
  for (const id of otherCore === undefined ? ids : allThreads(pid)) {
    const own = ids.includes(id) ? core : (otherCore ?? core);
    execFileSync("taskset", ["-c", "-p", own, String(id)], { stdio: "ignore" });
  }
}

/** How late the event loop of a thread ran in a window: beyond the 5 ms at which it is looked at. */
export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly samples: number;
}

/** Ends the window of all watched threads (thread-watch.mjs) and begins this one. */
export function beginDelayWindow(folder: string, window: number): void {
  writeFileSync(join(folder, "window"), String(window));
}

/** What a thread saw in an ended window. */
export async function delayOf(folder: string, window: number, id: number): Promise<LoopDelay> {
  const file = `delay-${window}-${id}.json`;
  for (let waited = 0; waited < 5_000; waited += 50) {
    if (readdirSync(folder).includes(file)) {
      await sleep(50); // it may be half written
      return JSON.parse(readFileSync(join(folder, file), "utf8")) as LoopDelay;
    }
    await sleep(50);
  }
  throw new Error(`thread ${id} told nothing of window ${window}`);
}

function allThreads(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).map(Number);
}
