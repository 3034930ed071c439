// How many connections a listener, and all listeners of the node together, may have: Envoy's limits, by the runtime or the overload manager.
// Made by listener-set.ts for each listener; asked once for every connection that is accepted, and told when it is gone.
import type { ListenerPlan } from "../config/plan/listener.ts";
import { type RuntimeView, runtimeInteger } from "../config/plan/runtime.ts";
import type { Admission } from "../net/listen-events.ts";
import { NODE_ROW, type NodeCounts } from "../telemetry/node-counts.ts";

/** What a limit stands on. */
export interface ConnectionLimitParts {
  /** Of the node's workers together. */
  readonly counts: NodeCounts;
  readonly workers: number;
  /** Holds the runtime's values of now. */
  readonly services: { readonly runtime: RuntimeView };
}

/** The limits of one listener. */
export class ConnectionLimit {
  private readonly parts: ConnectionLimitParts;
  private readonly key: string;
  private readonly row: number;
  private plan: ListenerPlan;
  /** Of connections that the node's limit is about, and of those that it is not. */
  private readonly counted: Admission = { end: () => this.end(true) };
  private readonly ignoring: Admission = { end: () => this.end(false) };
  /** Connections of this worker; limits it to its share when the node has too many listeners to count. */
  private held = 0;
  private version = -1;
  private listenerMax = Number.POSITIVE_INFINITY;
  private nodeMax = Number.POSITIVE_INFINITY;

  constructor(parts: ConnectionLimitParts, plan: ListenerPlan) {
    this.parts = parts;
    this.key = `envoy.resource_limits.listener.${plan.name}.connection_limit`;
    this.row = parts.counts.rowOf(plan.name);
    this.plan = plan;
  }

  /** What the file says now. */
  applyPlan(plan: ListenerPlan): void {
    this.plan = plan;
  }

  /** One more connection, else whose limit it met. The node's comes first, as in Envoy. */
  admit(): Admission | "listener" | "node" {
    const { counts, workers } = this.parts;
    this.readRuntime();
    const { nodeConnectionsMax: monitored, ignoresNodeLimit } = this.plan;
    const isMonitored = monitored !== Number.POSITIVE_INFINITY;
    // The overload manager counts the listeners that it limits; the runtime's old key everything that is open.
    const allMax = isMonitored || ignoresNodeLimit ? Number.POSITIVE_INFINITY : this.nodeMax;
    if (!counts.take(NODE_ROW.all, allMax)) return "node";
    if (!ignoresNodeLimit && !counts.take(NODE_ROW.counted, monitored)) {
      counts.give(NODE_ROW.all);
      return "node";
    }
    const isTaken =
      this.row === -1 ? this.held < Math.ceil(this.listenerMax / workers) : counts.take(this.row, this.listenerMax);
    if (isTaken) this.held++;
    else this.giveNode(!ignoresNodeLimit);
    return isTaken ? (ignoresNodeLimit ? this.ignoring : this.counted) : "listener";
  }

  private end(isCounted: boolean): void {
    this.held--;
    if (this.row !== -1) this.parts.counts.give(this.row);
    this.giveNode(isCounted);
  }

  private giveNode(isCounted: boolean): void {
    const { counts } = this.parts;
    counts.give(NODE_ROW.all);
    if (isCounted) counts.give(NODE_ROW.counted);
  }

  private readRuntime(): void {
    const { runtime } = this.parts.services;
    if (runtime.version === this.version) return;
    this.version = runtime.version ?? 0;
    this.listenerMax = runtimeInteger(runtime, this.key, Number.POSITIVE_INFINITY);
    this.nodeMax = runtimeInteger(runtime, "overload.global_downstream_max_connections", Number.POSITIVE_INFINITY);
  }
}
