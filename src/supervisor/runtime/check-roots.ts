// Looks before a plan is taken whether the links and files of its runtime layers can be watched. Called by node.ts and reload.ts.

import type { Plan } from "../../config/plan/plan.ts";
import type { RuntimeLayerPlan } from "../../config/plan/runtime.ts";
import { StartError } from "../start-error.ts";
import { watchFault } from "./watch-moves.ts";

/** Throws `StartError` with one plain line for the first that cannot, as Envoy does at start. */
export function checkRuntimeRoots({ runtime }: Plan): void {
  for (const layer of runtime.layers) {
    const path = watchedPath(layer);
    const fault = path === null ? null : watchFault(path);
    if (fault !== null) throw new StartError(fault);
  }
}

function watchedPath(layer: RuntimeLayerPlan): string | null {
  if (layer.kind === "disk") return layer.root;
  return layer.kind === "rtds" && layer.source.kind === "file" ? layer.source.path : null;
}
