// A thread that only sleeps and wakes up: the first number of its data is the longest that it was late, in ms.
import { workerData } from "node:worker_threads";

const SLEEP_MS = 10;
let dueMs = performance.now() + SLEEP_MS;
setInterval(() => {
  const nowMs = performance.now();
  workerData[0] = Math.max(workerData[0], nowMs - dueMs);
  dueMs = nowMs + SLEEP_MS;
}, SLEEP_MS);
