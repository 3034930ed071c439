// The layer of the runtime that all nodes of a mesh share, as the mesh thread tells it: kept here, so that its values hold while that thread is
// restarted. Made by runtime-owner.ts.
import type { RuntimeEntries } from "../../config/plan/runtime.ts";
import type { LayerSource } from "./runtime-stack.ts";

/** The layer of one node. */
export class MeshLayer {
  private entries: RuntimeEntries = {};
  private onChanged: () => void = () => {};

  /** All that the mesh says now. */
  set(entries: RuntimeEntries): void {
    this.entries = entries;
    this.onChanged();
  }

  /** For the layer of a plan. */
  open(onChanged: () => void): LayerSource {
    this.onChanged = onChanged;
    return {
      read: () => this.entries,
      close: () => {
        if (this.onChanged === onChanged) this.onChanged = () => {};
      },
    };
  }
}
