// Loaded into every thread of a node (NODE_OPTIONS=--import=…): does what the file $THREAD_FAULTS says. `hang NAME`: the thread of that
// name stands still for good. `clock MS`: the wall clock is so far from the machine's from now on.
import { readFileSync } from "node:fs";
import { threadName } from "node:worker_threads";

const LOOK_MS = 50;
const MachineDate = Date;
let shiftMs = 0;

globalThis.Date = class extends MachineDate {
  constructor(...given) {
    super(...(given.length === 0 ? [MachineDate.now() + shiftMs] : given));
  }

  static now() {
    return MachineDate.now() + shiftMs;
  }
};

setInterval(() => {
  const [order, what] = orders().split(" ");
  if (order === "clock") shiftMs = Number(what);
  if (order === "hang" && what === threadName) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}, LOOK_MS).unref();

function orders() {
  try {
    return readFileSync(process.env.THREAD_FAULTS, "utf8").trim();
  } catch {
    return ""; // nothing is ordered yet
  }
}
