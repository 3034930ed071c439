// What the client of a load-report server hears, and what it orders.
import type { TimerEffect, TimerFired } from "../../../actor/behaviour.ts";
import type { ClusterLoad, FollowedClusters } from "../../../messages/load.ts";
import type { LogLevel } from "../../../messages/log.ts";
import type { LoadReporterStat } from "../../../telemetry/load-stats.ts";
import type { NodeShare } from "../node-shares.ts";
import type { LoadAsk, LoadReport } from "./lrs-messages.ts";

/** What is to be reported. */
export interface TakenLoads {
  readonly loads: readonly ClusterLoad[];
  /** Of a mesh: which node counted what; empty: this one did. */
  readonly shares: readonly NodeShare[];
  /** Another reporter may have reported some of it: a server that does not look at `shares` may have it twice. */
  readonly mayRepeat: boolean;
}

/** What it hears. */
export type LrsMessage =
  /** There are endpoints to be found: begin. */
  | { readonly type: "start" }
  | { readonly type: "stream-opened" }
  /** The response has begun: whether the server acknowledges reports, and drops those that it has. */
  | { readonly type: "stream-answered"; readonly acknowledges: boolean }
  | { readonly type: "stream-ended"; readonly status: number; readonly text: string }
  /** Null: no LoadStatsResponse. */
  | { readonly type: "asked"; readonly ask: LoadAsk | null }
  /** The server does not take what it is sent; it does again. */
  | { readonly type: "backed-up" }
  | { readonly type: "writable" }
  /** What `take` was answered by: at once, or not at all. */
  | ({ readonly type: "taken" } & TakenLoads)
  /** A report should go at once, if none is under way. */
  | { readonly type: "hurry" }
  /** Send what is left, and end: answered by `finish`. */
  | { readonly type: "stop" }
  | TimerFired;

/** What it orders. */
export type LrsEffect =
  /** Answered by `stream-opened` or `stream-ended`. */
  | { readonly type: "open-stream" }
  | { readonly type: "end-stream" }
  /** Nothing more is sent; the server ends the stream when it has read everything. */
  | { readonly type: "end-requests" }
  /** The client is done. */
  | { readonly type: "finish" }
  | { readonly type: "send"; readonly report: LoadReport }
  /** Counts of these clusters are kept for `take` from now on: those that are new among them start at zero. */
  | { readonly type: "follow"; readonly clusters: FollowedClusters }
  /** Answered by `taken`. */
  | { readonly type: "take"; readonly granularity: "localities" | "endpoints" }
  /** What was taken last is in the server's hands, as far as it can be known. */
  | { readonly type: "settled" }
  /** What was taken did not go: there is no stream for it. */
  | { readonly type: "returned" }
  | { readonly type: "count"; readonly stat: LoadReporterStat }
  | { readonly type: "log"; readonly level: LogLevel; readonly text: string }
  | TimerEffect;
