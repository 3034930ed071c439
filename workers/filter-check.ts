// A thread that opens a filter module once and tells whether it could: what hangs or dies here is no harm to the node.
import { type MessagePort, workerData } from "node:worker_threads";
import { openFault } from "../src/dataplane/filters/module/open-module.ts";

const { plan, port, flag } = workerData as {
  readonly plan: Parameters<typeof openFault>[0];
  readonly port: MessagePort;
  readonly flag: Int32Array;
};
process.once("exit", told);
port.postMessage(openFault(plan));
told();

function told(): void {
  Atomics.store(flag, 0, 1);
  Atomics.notify(flag, 0);
}
