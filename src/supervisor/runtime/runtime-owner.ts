// Owns the runtime for the supervisor: its layers, the order by which threads hear of their values, and who waits until all have.
import type { TimerWheel } from "../../base/timer-wheel.ts";
import type { Plan } from "../../config/plan/plan.ts";
import type { RuntimeEntries, RuntimeView } from "../../config/plan/runtime.ts";
import type { RuntimeLayerNow, RuntimeSource } from "../../control/admin/view.ts";
import type { ListenerInput } from "../../messages/listener.ts";
import type { StatsWriter } from "../../telemetry/stats-memory.ts";
import type { Logger } from "../log/logger.ts";
import { MeshLayer } from "./mesh-layer.ts";
import { layerOpener } from "./open-layer.ts";
import { RuntimeReach } from "./runtime-reach.ts";
import { RuntimeStack } from "./runtime-stack.ts";

/** What it stands on. */
export interface RuntimeOwnerParts {
  readonly wheel: TimerWheel;
  readonly log: Logger;
  readonly ownStats: StatsWriter;
  /** For every listener worker. */
  order(message: ListenerInput): void;
  /** For the health-check thread. */
  tellHealth(entries: RuntimeEntries): void;
  /** Whether every living worker goes by these values. */
  haveRuntime(version: number): boolean;
}

/** The runtime of one node. */
export class RuntimeOwner implements RuntimeSource {
  private readonly stack: RuntimeStack;
  private readonly reach: RuntimeReach;
  private readonly mesh: MeshLayer = new MeshLayer();
  private serviceCluster = "";
  private version = 0;

  constructor(parts: RuntimeOwnerParts) {
    this.reach = new RuntimeReach(parts.wheel, (version) => parts.haveRuntime(version));
    this.stack = new RuntimeStack({
      stats: parts.ownStats,
      open: layerOpener({ serviceCluster: () => this.serviceCluster, mesh: this.mesh }),
      publish: (entries) => {
        this.version++;
        parts.order(this.asOrder());
        parts.tellHealth(entries);
      },
      warn: (text) => parts.log.warning("runtime", text),
    });
  }

  /** The final values, for what is asked on the main thread. */
  get values(): RuntimeView {
    return this.stack.values;
  }

  layers(): readonly RuntimeLayerNow[] {
    return this.stack.layers;
  }

  /** Takes a plan's layers, before workers get the plan that may ask for them. */
  assign({ node, runtime }: Plan): void {
    this.serviceCluster = node.cluster;
    this.stack.assign(runtime);
  }

  /** Everything that listeners wait for is there: the layers are read once more, as Envoy does. */
  nodeReady(): void {
    this.stack.reload();
  }

  /** Sets keys of the admin layer; an empty text takes a key back. Resolves when every worker goes by them. */
  modify(entries: RuntimeEntries): Promise<void> {
    this.stack.modify(entries);
    return this.reach.wait(this.version);
  }

  /** The layer that the mesh shares has these values from now on. */
  setMesh(entries: RuntimeEntries): void {
    this.mesh.set(entries);
  }

  /** A worker took values, or died. */
  workerProgressed(): void {
    this.reach.look();
  }

  /** The values as a worker is told of them. */
  asOrder(): ListenerInput {
    return { type: "runtime-changed", version: this.version, entries: this.stack.entries };
  }

  /** Watches nothing any more. */
  close(): void {
    this.stack.close();
  }
}
