// What the health-check actor accepts and emits.
import type { MessagePort } from "node:worker_threads";
import type { ClusterPlan } from "../config/plan/cluster.ts";
import type { EndpointSetUpdate } from "../config/plan/endpoint-set.ts";
import type { RuntimeEntries } from "../config/plan/runtime.ts";
import type { StatNames, StatsNotice } from "../telemetry/stats-memory.ts";
import type { LogLine } from "./log.ts";

/** To the health-check actor. */
export type HealthInput =
  | {
      readonly type: "plan-assigned";
      readonly version: number;
      /** The clusters with active checks or outlier detection; others are not looked at. */
      readonly clusters: readonly ClusterPlan[];
      /** Clusters that the plan before had and this one has not: another one of such a name comes with endpoints of its own. */
      readonly removed: readonly string[];
      /** outlier_detection.event_log_path of cluster_manager; empty: none. */
      readonly outlierLogPath: string;
    }
  /** The runtime's values from now on, all of them. */
  | { readonly type: "runtime-changed"; readonly entries: RuntimeEntries }
  /** As a listener worker gets them: answered by `endpoints-applied`; no other comes before the answer. */
  | { readonly type: "endpoints-changed"; readonly updates: readonly EndpointSetUpdate[] }
  /** So many responses of an endpoint carried x-envoy-immediate-health-check-fail; the worker has raised the flags already. */
  | { readonly type: "passive-failure-seen"; readonly row: number; readonly slot: number; readonly count: number }
  /** A worker's count of consecutive errors of an endpoint reached its threshold, or an answer said that it is degraded. */
  | { readonly type: "outlier-suspected"; readonly row: number; readonly slot: number; readonly kind: OutlierKind }
  /** Counters of clusters that are gone. */
  | { readonly type: "forget-stats"; readonly names: readonly StatNames[] }
  | { readonly type: "reopen-logs" }
  | { readonly type: "stop" };

/** What the thread takes from its link: messages to the actor, a port to a mesh, and for crash tests an order to die. */
export type HealthOrder =
  | HealthInput
  /** Orders come over this port (checking.ts) and reports go there: from now on nothing is probed without one. When it closes the mesh is gone. */
  | { readonly type: "serve-mesh"; readonly port: MessagePort }
  | { readonly type: "misbehave"; readonly how: "throw" | "exit" };

/** What a worker saw: which consecutive count reached its threshold, or x-envoy-degraded. */
export type OutlierKind =
  | "consecutive_5xx"
  | "consecutive_gateway_failure"
  | "consecutive_local_origin_failure"
  | "degradation";

/** From the health-check actor. */
export type HealthOutput =
  | { readonly type: "started" }
  | { readonly type: "endpoints-applied"; readonly missed: readonly string[] }
  /** Every endpoint that a cluster had when it was assigned has had its first outcome. */
  | { readonly type: "cluster-warmed"; readonly cluster: string }
  | { readonly type: "stats-announced"; readonly notices: readonly StatsNotice[] }
  | { readonly type: "log-written"; readonly line: LogLine }
  | { readonly type: "stopped" };
