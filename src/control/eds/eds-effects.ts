// What the endpoint discovery of a node hears, and what it orders.
import type { TimerEffect, TimerFired } from "../../actor/behaviour.ts";
import type { ClusterPlan } from "../../config/plan/cluster.ts";
import type { EndpointSetUpdate } from "../../config/plan/endpoint-set.ts";
import type { EdsStat } from "../../telemetry/eds-stats.ts";
import type { Dialect, Push, XdsRequest } from "./xds.ts";

/** What it hears. */
export type EdsMessage =
  | { readonly type: "plan-assigned"; readonly clusters: readonly ClusterPlan[] }
  | { readonly type: "endpoints-changed"; readonly updates: readonly EndpointSetUpdate[] }
  /** A client's stream, under a number that no other has had. `isAggregated`: it may ask for any type. */
  | {
      readonly type: "stream-opened";
      readonly stream: number;
      readonly dialect: Dialect;
      readonly isAggregated: boolean;
      readonly peer: string;
    }
  | { readonly type: "requested"; readonly stream: number; readonly request: XdsRequest }
  /** The response that was sent is with the kernel. */
  | { readonly type: "written"; readonly stream: number }
  | { readonly type: "stream-closed"; readonly stream: number }
  | TimerFired;

/** What it orders. */
export type EdsEffect =
  /** Answered by `written`; no other comes before. */
  | { readonly type: "send"; readonly stream: number; readonly push: Push }
  | {
      readonly type: "end-stream";
      readonly stream: number;
      readonly code: "exhausted" | "invalid";
      readonly text: string;
    }
  /** The endpoints are taken, but for those of these clusters, which must come whole. */
  | { readonly type: "confirm-endpoints"; readonly missed: readonly string[] }
  | { readonly type: "count"; readonly stat: EdsStat; readonly by: number }
  /** Probes that were not made. */
  | { readonly type: "count-saved"; readonly by: number }
  | { readonly type: "log"; readonly text: string }
  | TimerEffect;
