// What the merging behaviour hears, what it asks of its host, and what nodes say to each other of load. Plain data.
import type { TimerEffect, TimerFired } from "../../../actor/behaviour.ts";
import type { ClusterLoad, FollowedClusters } from "../../../messages/load.ts";
import type { NodeShare } from "../node-shares.ts";
import type { LoadBatch } from "./batch.ts";
import type { SubscriptionPage } from "./subscription.ts";

/** One life of one node's load reporter. */
export interface Contributor {
  readonly node: string;
  /** 128 bits in hex. */
  readonly instance: string;
}

/** To the reporter; answered by a `LoadReply`. */
export interface LoadRequest extends Contributor {
  /** All batches before this one are reported, as far as this node knows. */
  readonly floor: number;
  /** Null: it has none to give, and says that it lives. */
  readonly batch: LoadBatch | null;
  /** Another reporter had it, who may have reported it. */
  readonly mayRepeat: boolean;
  /** The subscription it knows; empty: none. */
  readonly knows: string;
  /** The one whose names it gathers, and how many it has; empty: none. */
  readonly gathers: string;
  readonly from: number;
}

/** From the reporter, or from who is none. */
export interface LoadReply extends Contributor {
  /** Else nothing else in it counts. */
  readonly isReporter: boolean;
  /** Batches of the asking node up to this one are held here or reported. */
  readonly accepted: number;
  /** Those up to this one are reported. */
  readonly settled: number;
  /** Null: the asking node knows the subscription, or there is none yet. */
  readonly page: SubscriptionPage | null;
}

/** From the reporter: batches of this node's `instance` up to this one are reported. */
export interface LoadNote {
  readonly instance: string;
  readonly settled: number;
}

/** What goes upstream at once. */
export interface MergedReport {
  readonly clusters: readonly ClusterLoad[];
  readonly nodes: readonly NodeShare[];
  /** It has batches that another reporter may have reported: a server that does not look at `nodes` may count them twice. */
  readonly mayRepeat: boolean;
}

/** One message. */
export type MergeMessage =
  /** Who reports for the mesh, as this node believes; null: nobody, or nobody knows. */
  | { readonly type: "reporter-named"; readonly node: string | null }
  | { readonly type: "asked"; readonly ask: number; readonly request: LoadRequest }
  /** What came of `ask-reporter`; null: no answer in time. */
  | { readonly type: "answered"; readonly ask: number; readonly reply: LoadReply | null }
  | { readonly type: "noted"; readonly note: LoadNote }
  /** What `take` was answered by. */
  | { readonly type: "taken"; readonly loads: readonly ClusterLoad[] }
  /** The server has said what it wants. Of the reporter's stream, as the next four. */
  | {
      readonly type: "subscribed";
      readonly clusters: FollowedClusters;
      readonly intervalMs: number;
      readonly hasEndpoints: boolean;
    }
  /** It is time, and no report is under way. Answered by `report`. */
  | { readonly type: "report-due" }
  /** The report under way is in the server's hands. */
  | { readonly type: "report-settled" }
  /** It did not go: what is in it is held on. */
  | { readonly type: "report-returned" }
  /** Give away what there is, and end: answered by `stopped`. */
  | { readonly type: "stop" }
  | TimerFired;

/** One effect. */
export type MergeEffect =
  | TimerEffect
  /** From now on these are counted: those that were not before start at zero. */
  | { readonly type: "follow-clusters"; readonly clusters: FollowedClusters }
  /** What was counted since the last time; answered by `taken`. */
  | { readonly type: "take"; readonly hasEndpoints: boolean }
  /** To one node, answered by `answered` with this `ask`, once. */
  | {
      readonly type: "ask-reporter";
      readonly ask: number;
      readonly to: string;
      readonly request: LoadRequest;
      readonly timeoutMs: number;
    }
  | { readonly type: "answer"; readonly ask: number; readonly reply: LoadReply }
  | { readonly type: "note"; readonly to: string; readonly note: LoadNote }
  /** This node reports for the mesh from now on: opens the stream. `before`: who did, empty: nobody known. */
  | { readonly type: "lead"; readonly before: string }
  /** It does no more: the stream ends, and with it the report under way. */
  | { readonly type: "resign" }
  /** Goes upstream; `report-settled` follows, unless this node resigns before. */
  | { readonly type: "report"; readonly report: MergedReport }
  /** The stream should ask for a report at once. */
  | { readonly type: "hurry" }
  /** Another node should report, since this one is about to end. */
  | { readonly type: "step-down" }
  /** Nothing of this node is left to be given away, or there is no time for it. */
  | { readonly type: "stopped"; readonly left: number };
