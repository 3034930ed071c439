// What the telemetry thread accepts and emits: finished spans in, to be exported.
import type { ClusterPlan } from "../config/plan/cluster.ts";
import type { EndpointSetUpdate } from "../config/plan/endpoint-set.ts";
import type { NodePlan } from "../config/plan/plan.ts";
import type { SpanBatch } from "../telemetry/span-batches.ts";
import type { StatsNotice } from "../telemetry/stats-memory.ts";
import type { LogLine } from "./log.ts";

/** To the telemetry thread. */
export type TracingOrder =
  /** First; again when there are other clusters. */
  | {
      readonly type: "plan-assigned";
      readonly node: NodePlan;
      /** Of this program. */
      readonly version: string;
      readonly clusters: readonly ClusterPlan[];
    }
  /** As a listener worker gets them: answered by `endpoints-applied`; no other comes before the answer. */
  | { readonly type: "endpoints-changed"; readonly updates: readonly EndpointSetUpdate[] }
  /** Answered by `spans-taken`: who sends them bounds what is under way. */
  | { readonly type: "spans-ended"; readonly batch: SpanBatch }
  /** Send what waits and end the thread: answered by `stopped`. */
  | { readonly type: "stop" }
  /** For crash tests. */
  | { readonly type: "misbehave"; readonly how: "throw" | "exit" };

/** From the telemetry thread. */
export type TracingOutput =
  | { readonly type: "started" }
  | { readonly type: "endpoints-applied"; readonly missed: readonly string[] }
  | { readonly type: "spans-taken"; readonly count: number }
  | { readonly type: "stats-announced"; readonly notices: readonly StatsNotice[] }
  | { readonly type: "log-written"; readonly line: LogLine }
  | { readonly type: "stopped" };
