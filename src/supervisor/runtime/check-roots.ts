// Looks before a plan is taken whether the links of its runtime layers on a disk can be watched. Called by node.ts and reload.ts.
import type { Plan } from "../../config/plan/plan.ts";
import { StartError } from "../start-error.ts";
import { watchFault } from "./disk-layer.ts";

/** Throws `StartError` with one plain line for the first that cannot, as Envoy does at start. */
export function checkRuntimeRoots({ runtime }: Plan): void {
  for (const layer of runtime.layers) {
    const fault = layer.kind === "disk" ? watchFault(layer) : null;
    if (fault !== null) throw new StartError(fault);
  }
}
