// What the admin pages may see and order of the node they belong to. The supervisor implements it; pages know nothing else.

import type { EndpointFacts, EndpointSetFull } from "../../config/plan/endpoint-set.ts";
import type { Plan } from "../../config/plan/plan.ts";
import type { RuntimeEntries, RuntimeLayerPlan, RuntimeView } from "../../config/plan/runtime.ts";
import type { LoggedLine, LogLevel } from "../../messages/log.ts";
import type { MeshView, MeshViewAsk } from "../../messages/mesh-view.ts";
import type { ServeOptions } from "../../messages/options.ts";
import type { OutlierTable } from "../../telemetry/outlier-table.ts";
import type { WatchTerms, WatchTold } from "../../telemetry/request-watch.ts";
import type { BlockSchema } from "../../telemetry/stats-block.ts";
import type { StatsNotice } from "../../telemetry/stats-memory.ts";

/** Envoy's server states. */
export type ServerState = "LIVE" | "DRAINING" | "PRE_INITIALIZING" | "INITIALIZING";

/** State with its reasons, most important first; no reason when all is well. */
export interface Readiness {
  readonly state: ServerState;
  readonly reasons: readonly string[];
  /** What an operator should know of a node that is ready all the same. */
  readonly remarks: readonly string[];
}

/** The node. */
export interface AdminView {
  readonly options: ServeOptions;
  /** Starling's version. */
  readonly version: string;
  /** Wall-clock time of the start, in milliseconds. */
  readonly startedWallMs: number;
  /** Milliseconds since the start. */
  uptimeMs(): number;
  readiness(): Readiness;
  /** The plan that serves; ports of the file that are 0 are the real ones here. */
  plan(): Plan;
  /** When the plan was loaded: `last_updated` of config_dump. */
  planLoadedWallMs(): number;
  /** The checked bootstrap as proto3 JSON, for /config_dump. */
  bootstrap(): unknown;
  workers(): readonly WorkerView[];
  /** Endpoints of every cluster as they are now, with their numbers in the node-wide tables. */
  endpoints(): readonly EndpointSetFull[];
  /** HealthFlag bits of an endpoint as they are now: those of checks and of its configured status. */
  healthFlags(facts: EndpointFacts): number;
  /** Milliseconds that endpoints announced by a node stay unless it is heard; `own`: it is this node; `held`: none ends for now. */
  lease(node: string): number | "own" | "held";
  /** What outlier detection found of endpoints and clusters. */
  readonly outliers: OutlierTable;
  readonly stats: StatsSources;
  readonly log: LogView;
  readonly runtime: RuntimeSource;
  readonly requests: RequestSource;
  readonly orders: AdminOrders;
  /** Null: the node is in no mesh. */
  readonly mesh: MeshSource | null;
}

/** The mesh that the node is in. */
export interface MeshSource {
  readonly name: string;
  /** `nats://192.0.2.1:4222`, with commas between several, or `embedded:14222`. */
  readonly broker: string;
  /** What this node is called in it. */
  readonly node: string;
  /** The mesh as the node sees it now; null: its actor does not answer. */
  view(ask: MeshViewAsk): Promise<MeshView | null>;
}

/** Requests of all workers, for whoever looks on. */
export interface RequestSource {
  /** From now on workers tell of requests by these terms; those before are over. To be said again before the lease ends. */
  watch(terms: WatchTerms): void;
  /** `listener` gets what each worker tells. */
  hear(listener: (slot: number, told: WatchTold) => void): void;
}

/** The runtime as the node has it. */
export interface RuntimeSource {
  /** Those that are there, in their order: the later ones win. */
  layers(): readonly RuntimeLayerNow[];
  /** The final values. */
  readonly values: RuntimeView;
}

/** One layer of the runtime. */
export interface RuntimeLayerNow {
  readonly name: string;
  readonly kind: RuntimeLayerPlan["kind"];
  readonly entries: RuntimeEntries;
}

/** One listener worker. */
export interface WorkerView {
  readonly slot: number;
  readonly state: "starting" | "listening" | "dead";
  readonly restarts: number;
  /** Version of the plan that it has acknowledged. */
  readonly planVersion: number;
}

/** Where every thread's counters lie. */
export interface StatsSources {
  /** Grows with every notice: who caches looks again when it changed. */
  readonly generation: number;
  schema(id: string): BlockSchema;
  /** Called before values are read: sets what is only worked out when somebody looks. */
  beforeRead?(): void;
  /** Notices by writer, in the order they came, without blocks that were freed. Counters and gauges of equal names add up over writers. */
  sources(): readonly StatsSource[];
}

/** The notices of one writer. */
export interface StatsSource {
  /** `listener-0`, `discovery`, `main`. */
  readonly writer: string;
  readonly notices: readonly StatsNotice[];
}

/** The node's own log. */
export interface LogView {
  levelOf(component: string): LogLevel;
  /** Null: every component. */
  setLevel(component: string | null, level: LogLevel): void;
  write(line: { readonly level: LogLevel; readonly component: string; readonly text: string }): void;
  /** The newest lines from info on, also those that no level lets through. */
  recent(): readonly LoggedLine[];
}

/** What pages can make the node do. */
export interface AdminOrders {
  /** /drain_listeners. Graceful: asks connections to end over --drain-time-s, then stops accepting; else stops accepting now. */
  drainListeners(how: { readonly graceful: boolean; readonly skipExit: boolean; readonly inboundOnly: boolean }): void;
  /** /quitquitquit: ends the process with code 0. */
  quit(): void;
  /** /healthcheck/fail and /healthcheck/ok. */
  setFailing(failing: boolean): void;
  /** /reset_counters. */
  resetCounters(): void;
  /** /reopen_logs. */
  reopenLogs(): void;
  /** /runtime_modify: sets keys of the admin layer; an empty text takes a key back. Resolves when every worker goes by them. */
  modifyRuntime(entries: RuntimeEntries): Promise<void>;
}
