// What the client of a load-report server hears, and what it orders.
import type { TimerEffect, TimerFired } from "../../../actor/behaviour.ts";
import type { ClusterLoad, FollowedClusters } from "../../../messages/load.ts";
import type { LogLevel } from "../../../messages/log.ts";
import type { LoadReporterStat } from "../../../telemetry/load-stats.ts";
import type { LoadAsk, LoadReport } from "./lrs-messages.ts";

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
  /** What `take` was answered by. */
  | { readonly type: "taken"; readonly loads: readonly ClusterLoad[] }
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
  | { readonly type: "count"; readonly stat: LoadReporterStat }
  | { readonly type: "log"; readonly level: LogLevel; readonly text: string }
  | TimerEffect;
