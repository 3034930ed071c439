// Owns the runtime for the supervisor: its layers, the order by which threads hear of their values, and who waits until all have.
import type { Clock } from "../../base/clock.ts";
import { systemRandom } from "../../base/random.ts";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import type { Plan } from "../../config/plan/plan.ts";
import type { RuntimeEntries, RuntimeView } from "../../config/plan/runtime.ts";
import type { RuntimeLayerNow, RuntimeSource } from "../../control/admin/view.ts";
import type { ListenerInput } from "../../messages/listener.ts";
import { createNetContext } from "../../net/net-context.ts";
import { type NodeMemory, nodeTables } from "../../telemetry/node-memory.ts";
import type { StatsWriter } from "../../telemetry/stats-memory.ts";
import type { EndpointRollOut } from "../endpoint-roll-out.ts";
import type { Logger } from "../log/logger.ts";
import type { ReadinessBook } from "../readiness.ts";
import { MeshLayer } from "./mesh-layer.ts";
import { type LayerParts, layerOpener } from "./open-layer.ts";
import { RuntimeReach } from "./runtime-reach.ts";
import { RuntimeStack } from "./runtime-stack.ts";

/** What it stands on. */
export interface RuntimeOwnerParts {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly memory: NodeMemory;
  readonly endpoints: EndpointRollOut;
  readonly readiness: ReadinessBook;
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
  private readonly readiness: ReadinessBook;
  private readonly mesh: MeshLayer = new MeshLayer();
  private plan: Plan;
  private version = 0;

  /** `plan`: with which it starts. */
  constructor(parts: RuntimeOwnerParts, plan: Plan) {
    this.plan = plan;
    this.readiness = parts.readiness;
    this.reach = new RuntimeReach(parts.wheel, (version) => parts.haveRuntime(version));
    this.stack = new RuntimeStack({
      stats: parts.ownStats,
      open: layerOpener({ node: () => this.plan.node, mesh: this.mesh, discovery: this.discovery(parts) }),
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
  assign(plan: Plan): void {
    this.plan = plan;
    this.stack.assign(plan.runtime);
  }

  /** Opens the layers; calls back when layers from discovery servers have had their first answers; at once without any. */
  start(onAnswered: () => void): void {
    this.stack.assign(this.plan.runtime);
    const { names, answered } = this.stack.awaited;
    if (names.length === 0) {
      onAnswered();
      return;
    }
    this.readiness.awaits("runtime", `waiting for the first answer about runtime layer ${names.join(", ")}`);
    void answered.then(() => {
      this.readiness.arrived("runtime");
      onAnswered();
    });
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

  private discovery({ wheel, log, ownStats, clock, memory, endpoints }: RuntimeOwnerParts): LayerParts["discovery"] {
    const { health } = nodeTables(memory, 0);
    const onBug = (error: unknown): void => log.error("runtime", `bug in runtime discovery: ${(error as Error).stack}`);
    return {
      net: createNetContext({ clock, wheel, onBug }),
      random: systemRandom(),
      stats: ownStats,
      cluster: (name) => {
        const plan = this.plan.clusters.find((one) => one.name === name);
        const set = endpoints.all().find(({ cluster }) => cluster === name);
        return plan === undefined ? null : { plan, endpoints: set?.endpoints ?? [] };
      },
      flagsOf: (slot) => Atomics.load(health.flags, slot),
      warn: (text) => log.warning("runtime", text),
    };
  }
}
