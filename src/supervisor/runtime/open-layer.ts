// Which source fills which kind of runtime layer. Given to the runtime stack by the supervisor; another kind of layer gets its case here.
import type { NodePlan } from "../../config/plan/plan.ts";
import type { RuntimeLayerPlan } from "../../config/plan/runtime.ts";
import { openDiskLayer } from "./disk-layer.ts";
import type { MeshLayer } from "./mesh-layer.ts";
import { openRtdsLayer, type RtdsLayerParts } from "./rtds-layer.ts";
import type { LayerSource, OpenLayer } from "./runtime-stack.ts";

/** What sources need of the node. */
export interface LayerParts {
  readonly mesh: MeshLayer;
  /** For layers from a discovery server. */
  readonly discovery: Omit<RtdsLayerParts, "onChanged" | "node">;
  node(): NodePlan;
}

/** Opens the sources of a node. */
export function layerOpener(parts: LayerParts): OpenLayer {
  return (layer: RuntimeLayerPlan, onChanged: () => void): LayerSource => {
    switch (layer.kind) {
      case "static":
        return { read: () => layer.entries, close() {} };
      case "admin":
        // The stack holds these itself: they outlive a plan without the layer.
        return { read: () => null, close() {} };
      case "disk":
        return openDiskLayer(layer, parts.node().cluster, onChanged);
      case "rtds":
        return openRtdsLayer(layer, { ...parts.discovery, node: parts.node(), onChanged });
      case "mesh":
        return parts.mesh.open(onChanged);
    }
  };
}
