// Whether a filter module can be opened: tried in a thread of its own, which may throw or hang as it likes. Blocks until it is known.
// The default of CompileOptions.checkModule.
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import { workerUrl } from "../../base/location.ts";
import type { ModuleFilterPlan } from "../plan/filters/module.ts";

/** What is wrong with a module, in a line that begins with its file; empty: nothing. */
export function checkModule(plan: ModuleFilterPlan): string {
  const { port1: own, port2: port } = new MessageChannel();
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const workerData = { plan, port, flag };
  const worker = new Worker(workerUrl("filter-check"), {
    workerData,
    transferList: [port],
    stdout: true,
    stderr: true,
  });
  // What it still says when it is ended is not asked for.
  worker.on("error", () => {});
  const outcome = Atomics.wait(flag, 0, 0, OPEN_MS_MAX);
  const said = receiveMessageOnPort(own) as { readonly message: string } | undefined;
  own.close();
  worker.unref();
  void worker.terminate();
  if (outcome === "timed-out") return `${plan.file}: it was not open after ${OPEN_MS_MAX / 1_000} s`;
  return said?.message ?? `${plan.file}: it ended its thread when it was opened`;
}

/** A module that takes longer to open is refused. */
const OPEN_MS_MAX = 5_000;
