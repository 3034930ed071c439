// What a listener worker accepts and emits. One worker is one slot: a restarted thread goes on as the same slot.
import type { MessagePort } from "node:worker_threads";
import type { EndpointSetUpdate } from "../config/plan/endpoint-set.ts";
import type { DrainTerms } from "../config/plan/listener.ts";
import type { Plan } from "../config/plan/plan.ts";
import type { RuntimeEntries } from "../config/plan/runtime.ts";
import type { LogFlush } from "../telemetry/access-log.ts";
import type { ExportBatch } from "../telemetry/line-batches.ts";
import type { NodeMemory } from "../telemetry/node-memory.ts";
import type { WatchTerms, WatchTold } from "../telemetry/request-watch.ts";
import type { StatNames, StatsNotice } from "../telemetry/stats-memory.ts";
import type { OutlierKind } from "./health.ts";
import type { LogLine } from "./log.ts";

/** What a worker thread is born with. */
export interface ListenerTask {
  readonly slot: number;
  readonly slots: number;
  /** The worker's end of its link. */
  readonly port: MessagePort;
  /** What the workers of the node share in memory. */
  readonly memory: NodeMemory;
  readonly logFlush: LogFlush;
  /** The notices of this slot's predecessor; empty for the first. */
  readonly restored: readonly StatsNotice[];
}

/** To a listener worker. */
export type ListenerInput =
  /** From now on new connections and requests use this plan. Answered by `plan-applied`. */
  | {
      readonly type: "plan-assigned";
      readonly version: number;
      readonly plan: Plan;
      readonly drain: DrainTerms;
      /** The memory of `plan.rateBuckets`. */
      readonly rateBuckets: ReadonlyMap<string, SharedArrayBuffer>;
    }
  /** Answered by `endpoints-applied`; no other comes before the answer. */
  | { readonly type: "endpoints-changed"; readonly updates: readonly EndpointSetUpdate[] }
  /** Bind and accept: every listener of the plan that this slot serves and does not serve yet. */
  | { readonly type: "start-listening" }
  | { readonly type: "set-ticket-keys"; readonly listener: string; readonly keys: Uint8Array }
  /** The runtime's values from now on, all of them. Answered by `runtime-applied`. */
  | { readonly type: "runtime-changed"; readonly version: number; readonly entries: RuntimeEntries }
  /** `failing`: answers close their connections, as after /healthcheck/fail. */
  | { readonly type: "set-failing"; readonly failing: boolean }
  /** Ask connections to end, spread over `spreadMs` (0: all at once); accept on until `stop-listening`. */
  | { readonly type: "start-draining"; readonly spreadMs: number; readonly inboundOnly: boolean }
  /** Close the listening sockets; connections go on. */
  | { readonly type: "stop-listening"; readonly inboundOnly: boolean }
  /** Ask the busiest HTTP/2 connection with fewer streams than this to end. */
  | { readonly type: "relieve-http2"; readonly streamsBelow: number }
  /** Counters of clusters that are gone. */
  | { readonly type: "forget-stats"; readonly names: readonly StatNames[] }
  | { readonly type: "reopen-logs" }
  /** Tell of requests by these terms while their lease lasts; the terms before are over. */
  | { readonly type: "watch-requests"; readonly terms: WatchTerms }
  /** Close everything and end the thread. */
  | { readonly type: "stop" }
  /** For crash tests: die in this way. No command line or page sends it. */
  | { readonly type: "misbehave"; readonly how: "throw" | "exit" | "exhaust-heap" };

/** From a listener worker. */
export type ListenerOutput =
  | { readonly type: "started" }
  | { readonly type: "plan-applied"; readonly version: number }
  | { readonly type: "runtime-applied"; readonly version: number }
  /** `missed`: clusters whose delta did not start at the version that the worker holds; it needs them whole. */
  | { readonly type: "endpoints-applied"; readonly missed: readonly string[] }
  /** Every listener of its plan is open; so many of them are since now. */
  | { readonly type: "listening"; readonly opened: number }
  /**
   * So many responses of an endpoint with active checks carried x-envoy-immediate-health-check-fail. Its flags are up already; what comes
   * within a tenth of a second of a first one is told together.
   */
  | { readonly type: "passive-failure-seen"; readonly row: number; readonly slot: number; readonly count: number }
  | { readonly type: "listening-failed"; readonly listener: string; readonly address: string; readonly text: string }
  | { readonly type: "stats-announced"; readonly notices: readonly StatsNotice[] }
  | { readonly type: "log-written"; readonly line: LogLine }
  /** Consecutive failures of an endpoint reached a threshold: outlier detection on the health thread decides. */
  | { readonly type: "outlier-suspected"; readonly row: number; readonly slot: number; readonly kind: OutlierKind }
  | { readonly type: "export-asked"; readonly batch: ExportBatch }
  | { readonly type: "requests-watched"; readonly told: WatchTold }
  /** An own mistake that one exchange or connection paid for. */
  | { readonly type: "bug-found"; readonly text: string }
  | { readonly type: "stopped" };
