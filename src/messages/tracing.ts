// What the telemetry thread accepts and emits: finished spans, records of access logs and metrics in, to be exported.
import type { ClusterPlan } from "../config/plan/cluster.ts";
import type { EndpointSetUpdate } from "../config/plan/endpoint-set.ts";
import type { MetricsSinkPlan } from "../config/plan/otlp.ts";
import type { OtlpTargetPlan } from "../config/plan/otlp-target.ts";
import type { NodePlan } from "../config/plan/plan.ts";
import type { RuntimeEntries } from "../config/plan/runtime.ts";
import type { StatsPlan } from "../config/plan/stats.ts";
import type { ExportBatch } from "../telemetry/line-batches.ts";
import type { StatsNotice } from "../telemetry/stats-memory.ts";
import type { LoggedLine, LogLine } from "./log.ts";

/** To the telemetry thread. */
export type TracingOrder =
  /** First; again when there are other clusters. */
  | {
      readonly type: "plan-assigned";
      readonly node: NodePlan;
      /** Of this program. */
      readonly version: string;
      readonly clusters: readonly ClusterPlan[];
      /** Since when the node counts; whether another thread than this one was told so before. */
      readonly sinceWallMs: number;
      readonly isAnew: boolean;
      /** How statistics are named and shown. */
      readonly names: StatsPlan;
      /** Where metrics go. */
      readonly sinks: readonly MetricsSinkPlan[];
    }
  /** As a listener worker gets them: answered by `endpoints-applied`; no other comes before the answer. */
  | { readonly type: "endpoints-changed"; readonly updates: readonly EndpointSetUpdate[] }
  /** The runtime's values, all of them: some keys say when spans are sent. */
  | { readonly type: "runtime-changed"; readonly entries: RuntimeEntries }
  /** Answered by `taken`: who sends them bounds what is under way. */
  | { readonly type: "export-asked"; readonly batch: ExportBatch }
  /** Lines of the node's own log, for this target. Answered by `taken`. */
  | { readonly type: "lines-logged"; readonly to: OtlpTargetPlan; readonly lines: readonly LoggedLine[] }
  /** What a writer of counters told of its memory, while there are sinks. */
  | { readonly type: "stats-told"; readonly writer: string; readonly notices: readonly StatsNotice[] }
  /** Send the node's metrics to this sink: answered by `metrics-exported`; no other comes for it before the answer. */
  | { readonly type: "metrics-due"; readonly sink: MetricsSinkPlan }
  /** Send what waits and end the thread: answered by `stopped`. */
  | { readonly type: "stop" }
  /** For crash tests. */
  | { readonly type: "misbehave"; readonly how: "throw" | "exit" };

/** From the telemetry thread. */
export type TracingOutput =
  | { readonly type: "started" }
  | { readonly type: "endpoints-applied"; readonly missed: readonly string[] }
  /** So many of those that count under this prefix. */
  | { readonly type: "taken"; readonly statPrefix: string; readonly count: number }
  /** Taken or not. */
  | { readonly type: "metrics-exported"; readonly sink: MetricsSinkPlan }
  | { readonly type: "stats-announced"; readonly notices: readonly StatsNotice[] }
  | { readonly type: "log-written"; readonly line: LogLine }
  | { readonly type: "stopped" };
