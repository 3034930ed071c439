// Which source fills which kind of runtime layer. Given to the runtime stack by the supervisor; another kind of layer gets its case here.
import type { RuntimeLayerPlan } from "../../config/plan/runtime.ts";
import { openDiskLayer } from "./disk-layer.ts";
import type { MeshLayer } from "./mesh-layer.ts";
import type { LayerSource, OpenLayer } from "./runtime-stack.ts";

/** What sources need of the node. */
export interface LayerParts {
  /** `--service-cluster` or the node's, for directories of its own. */
  serviceCluster(): string;
  readonly mesh: MeshLayer;
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
        return openDiskLayer(layer, parts.serviceCluster(), onChanged);
      case "mesh":
        return parts.mesh.open(onChanged);
    }
  };
}
