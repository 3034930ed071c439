// Looks every second whether a file has changed, also by being replaced. Called by the command line.
import { statSync } from "node:fs";
import { Timer, type TimerWheel } from "../../../base/timer-wheel.ts";

/** Calls on each change until the answer is called. */
export function watchFile(path: string, wheel: TimerWheel, changed: () => void): () => void {
  let before = markOf(path);
  const timer = new Timer(() => {
    const now = markOf(path);
    const isOther = now !== before && now !== "";
    before = now;
    wheel.arm(timer, LOOK_MS);
    if (isOther) changed();
  });
  wheel.arm(timer, LOOK_MS);
  return () => wheel.remove(timer);
}

/** Empty while there is no file or nothing in it: somebody is writing it anew. */
function markOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined || stat.size === 0 ? "" : `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
}

const LOOK_MS = 1_000;
