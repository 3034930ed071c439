// What meshState is told and what it asks of its host, as plain data. The host (mesh-actor, or the simulation) chooses subjects and bytes.
import type { TimerEffect, TimerFired } from "../../../actor/behaviour.ts";
import type { CheckOrder, CheckReport, EndpointStanding } from "../../../messages/checking.ts";
import type { Beat, Changes, Hello, Left, MeshMessage, SyncPage, SyncRequest } from "../wire/messages.ts";

/** To meshState. */
export type MeshInput =
  | TimerFired
  /** Once, first: the bus was opened and subscriptions stand or will. */
  | { readonly type: "started" }
  | { readonly type: "bus-changed"; readonly isUp: boolean }
  /** A well-formed message of the mesh; its own ones too: its own hello shows that it hears. */
  | { readonly type: "heard"; readonly message: MeshMessage }
  /** A request to this node; answered by `answer` with the same `ask`, or not at all. */
  | { readonly type: "asked"; readonly ask: number; readonly message: SyncRequest }
  /** What came of `request`; null: no answer in time. */
  | { readonly type: "answered"; readonly ask: number; readonly message: SyncPage | null }
  | { readonly type: "reported"; readonly reports: readonly CheckReport[] }
  /** A health or node event with this id was heard, one's own included. */
  | { readonly type: "event-seen"; readonly id: string }
  /** This node reports no load any more: it is about to end. */
  | { readonly type: "step-down" }
  /** Hand over, then leave: ends with `stopped`. */
  | { readonly type: "stop" };

/** One verdict that has changed. */
export interface HealthEvent {
  /** 16 hex digits: equal on every node that decides from the same observation. */
  readonly id: string;
  readonly group: string;
  readonly target: string;
  readonly cluster: string;
  readonly address: string;
  readonly from: EndpointStanding | null;
  readonly to: EndpointStanding;
  /** What the probe of the deciding observer said, if that is this node; else whose it was. */
  readonly reason: string;
  /** `node`: only this node sees it so. */
  readonly scope: "node" | "mesh";
  /** Names of the nodes that say so. */
  readonly observers: readonly string[];
}

/** One node's way through the mesh. `lost` is told by another; the rest by itself. */
export interface NodeEvent {
  readonly id: string;
  readonly node: string;
  readonly what: "joined" | "ready" | "draining" | "left" | "lost";
}

/** `mesh.*` counters that only grow. */
export type MeshCounter =
  | "beats_heard"
  | "changes_sent"
  | "gaps"
  | "syncs"
  | "sync_failures"
  | "stale_instances"
  | "name_conflicts"
  | "over_limit"
  | "takeovers"
  | "handovers"
  | "confirmations"
  | "contradictions"
  | "doubts_sent"
  | "doubts_ignored"
  | "resignations"
  | "pauses"
  | "verdicts";

/** From meshState. */
export type MeshEffect =
  | TimerEffect
  | { readonly type: "order-checks"; readonly orders: readonly CheckOrder[] }
  | { readonly type: "publish"; readonly message: Hello | Beat | Left | Changes }
  /** To one node; answered by `answered` with this `ask`, once. */
  | {
      readonly type: "request";
      readonly ask: number;
      readonly to: string;
      readonly timeoutMs: number;
      readonly message: SyncRequest;
    }
  | { readonly type: "answer"; readonly ask: number; readonly message: SyncPage }
  | { readonly type: "publish-health"; readonly event: HealthEvent }
  | { readonly type: "publish-node"; readonly event: NodeEvent }
  | { readonly type: "count"; readonly counter: MeshCounter; readonly by: number }
  /** Whether listeners may open, and why not (or what is wrong although they may). Told when either changes. */
  | { readonly type: "report-ready"; readonly isReady: boolean; readonly reason: string }
  /** Another living node has this name: nothing more is said or heard. */
  | { readonly type: "refuse-name"; readonly reason: string }
  /** Everything is handed over and said: the bus may be closed. */
  | { readonly type: "stopped" };
