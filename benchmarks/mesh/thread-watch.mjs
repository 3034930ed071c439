// Loaded into every thread of a measured process (NODE_OPTIONS=--import=…): keeps how late its event loop ran. A window is a number in
// the file `window` of the folder $THREAD_WATCH; a new number ends the old one, whose figures go to `delay-<window>-<kernel thread>.json`.
import { readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";

const RESOLUTION_MS = 5;
const LOOK_MS = 100;
const folder = process.env.THREAD_WATCH;
if (folder !== undefined) watch(folder);

function watch(folder) {
  const id = readlinkSync("/proc/thread-self").split("/").at(-1);
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let window = windowNow(folder);
  setInterval(() => {
    const now = windowNow(folder);
    if (now === window) return;
    const late = (percent) => Math.max(0, delays.percentile(percent) / 1e6 - RESOLUTION_MS);
    const seen = { p50Ms: late(50), p99Ms: late(99), maxMs: late(100), samples: delays.count };
    writeFileSync(join(folder, `delay-${window}-${id}.json`), JSON.stringify(seen));
    delays.reset();
    window = now;
  }, LOOK_MS).unref();
}

function windowNow(folder) {
  try {
    return Number(readFileSync(join(folder, "window"), "latin1"));
  } catch {
    return 0; // no window was begun yet
  }
}
