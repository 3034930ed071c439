// How late the machine itself is: what a test of a time may not hold against the program.
import { once } from "node:events";
import { Worker } from "node:worker_threads";

/** Acts beside a thread that only wakes up. `lateMs`: the longest that the machine has let it wait so far. */
export async function besideSleeper<T>(act: (lateMs: () => number) => Promise<T>): Promise<T> {
  const late = new Float64Array(new SharedArrayBuffer(8));
  const sleeper = new Worker(new URL("mesh-bars/sleeper.mjs", import.meta.url), { workerData: late });
  try {
    await once(sleeper, "online");
    return await act(() => late[0] ?? 0);
  } finally {
    await sleeper.terminate();
  }
}
