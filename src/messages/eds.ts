// What the EDS actor accepts and emits: it serves endpoints and their verdicts to other proxies.
import type { ClusterPlan } from "../config/plan/cluster.ts";
import type { EdsPlan } from "../config/plan/eds.ts";
import type { EndpointSetUpdate } from "../config/plan/endpoint-set.ts";
import type { StatsNotice } from "../telemetry/stats-memory.ts";
import type { LogLine } from "./log.ts";

/** To the EDS actor. */
export type EdsOrder =
  /** First, answered by `listening`; again when there are other clusters: the address stays. */
  | { readonly type: "plan-assigned"; readonly eds: EdsPlan; readonly clusters: readonly ClusterPlan[] }
  /** As a listener worker gets them: answered by `endpoints-applied`; no other comes before the answer. */
  | { readonly type: "endpoints-changed"; readonly updates: readonly EndpointSetUpdate[] }
  /** End the streams and the thread: answered by `stopped`. */
  | { readonly type: "stop" }
  /** For crash tests. */
  | { readonly type: "misbehave"; readonly how: "throw" | "exit" };

/** From the EDS actor. */
export type EdsOutput =
  | { readonly type: "started" }
  | { readonly type: "listening" }
  | { readonly type: "endpoints-applied"; readonly missed: readonly string[] }
  | { readonly type: "stats-announced"; readonly notices: readonly StatsNotice[] }
  | { readonly type: "log-written"; readonly line: LogLine }
  | { readonly type: "stopped" };
