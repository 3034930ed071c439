// What the load-report actor accepts and emits, and what a node's load is: the counts that it takes from shared memory and that go upstream
// from here, or over the mesh from its reporter.
import type { MessagePort } from "node:worker_threads";
import type { AddressPlan } from "../config/plan/address.ts";
import type { ClusterPlan, LocalityPlan } from "../config/plan/cluster.ts";
import type { EndpointSetUpdate } from "../config/plan/endpoint-set.ts";
import type { LoadReportPlan } from "../config/plan/load.ts";
import type { NodePlan } from "../config/plan/plan.ts";
import type { StatsNotice } from "../telemetry/stats-memory.ts";
import type { LogLine } from "./log.ts";

/** Requests since the take before. One that a retry repeats counts each time. */
export interface LoadCounts {
  readonly success: number;
  readonly error: number;
  /** Those that got a connection: one that was refused is an error only. */
  readonly issued: number;
  /** A gauge: under way now. */
  readonly inProgress: number;
}

/** Connections since the take before, of clusters that a TCP proxy names: all of them, not only that proxy's. */
export interface ConnectionCounts {
  /** Those that never stood included. */
  readonly opened: number;
  readonly failed: number;
  /** A gauge: there now. */
  readonly active: number;
}

/** One endpoint's; there only when one of its counts is not 0. */
export interface EndpointLoad extends LoadCounts {
  readonly address: AddressPlan;
}

/** One locality's at one priority, those of endpoints that have left it included; there only when one of its counts is not 0. */
export interface LocalityLoad extends LoadCounts {
  readonly locality: LocalityPlan;
  readonly priority: number;
  /** Null: none, or the cluster is no TCP proxy's. */
  readonly connections: ConnectionCounts | null;
  /** Empty unless endpoints were asked for. */
  readonly endpoints: readonly EndpointLoad[];
}

/** One cluster's since the take before; there also when nothing happened. */
export interface ClusterLoad {
  readonly cluster: string;
  /** eds_cluster_config.service_name; empty: none. */
  readonly serviceName: string;
  readonly localities: readonly LocalityLoad[];
  /** Requests that a circuit breaker refused, and those of `dropped`. */
  readonly droppedTotal: number;
  /** By category of drop_overloads; none with count 0. */
  readonly dropped: readonly { readonly category: string; readonly count: number }[];
}

/** Which clusters are followed. */
export type FollowedClusters = readonly string[] | "all";

/** One stream for a whole mesh. */
export interface LoadMerge {
  /** The mesh's name: the server knows all its nodes by it. */
  readonly mesh: string;
  /** This node's name there. */
  readonly node: string;
}

/** To the load-report actor. */
export type LoadOrder =
  /** First; again when there are other clusters. */
  | {
      readonly type: "plan-assigned";
      readonly load: LoadReportPlan;
      readonly node: NodePlan;
      /** Of this program. */
      readonly version: string;
      readonly clusters: readonly ClusterPlan[];
      /** Those whose connections are told too. */
      readonly connectionClusters: readonly string[];
      /** Null: this node reports for itself. */
      readonly merge: LoadMerge | null;
    }
  /** The mesh is at the other end of this port; it replaces one that died. Only with `merge`. */
  | { readonly type: "serve-mesh"; readonly port: MessagePort }
  /** As a listener worker gets them: answered by `endpoints-applied`; no other comes before the answer. The first batch has what is known. */
  | { readonly type: "endpoints-changed"; readonly updates: readonly EndpointSetUpdate[] }
  /** Where a writer of this node counts. */
  | { readonly type: "stats-told"; readonly writer: string; readonly notices: readonly StatsNotice[] }
  /** Send a last report and end the thread: answered by `stopped`. */
  | { readonly type: "stop" }
  /** For crash tests. */
  | { readonly type: "misbehave"; readonly how: "throw" | "exit" };

/** From the load-report actor. */
export type LoadOutput =
  | { readonly type: "started" }
  | { readonly type: "endpoints-applied"; readonly missed: readonly string[] }
  | { readonly type: "stats-announced"; readonly notices: readonly StatsNotice[] }
  | { readonly type: "log-written"; readonly line: LogLine }
  | { readonly type: "stopped" };
