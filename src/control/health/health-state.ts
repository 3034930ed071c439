// What the judge of active checks remembers: clusters with checks, their endpoints, and a session for each endpoint under each check.
// Changed by health-behaviour.ts and the files it calls only.
import type { ClusterPlan } from "../../config/plan/cluster.ts";
import type { EndpointFacts } from "../../config/plan/endpoint-set.ts";
import type { HealthCheckPlan } from "../../config/plan/health-check.ts";
import type { HealthCounter, HealthEffect } from "./health-effects.ts";
import type { MeshChecks } from "./mesh/mesh-checks.ts";
import type { IntervalSenses } from "./next-interval.ts";
import type { Standing } from "./standing.ts";

/** What the judge may look at besides its messages. */
export interface HealthSenses extends IntervalSenses {
  /** Wall-clock milliseconds, for the event log only. */
  wallMs(): number;
  /** The flags of a slot in the shared table, as they are now. */
  flagsOf(slot: number): number;
  /** Whether the cluster of this row ever had an upstream connection. */
  hasTraffic(row: number): boolean;
}

/** One endpoint under one check. */
export interface Session extends Standing {
  readonly endpoint: CheckedEndpoint;
  readonly check: CheckGroup;
  /** Number of its probe. */
  readonly probe: number;
  /** Name of its timer. */
  readonly timer: string;
  /** A probe was started and has not ended. */
  isRunning: boolean;
  /** The last outcome was a success with x-envoy-degraded. */
  isDegraded: boolean;
  /** Effects of starting a probe: always the same ones. */
  readonly begin: readonly HealthEffect[];
  /** Its last order to wait, given again as long as the delay is the same. */
  wait: HealthEffect & { readonly type: "arm-timer" };
}

/** One endpoint that is checked. */
export interface CheckedEndpoint {
  readonly cluster: CheckedCluster;
  facts: EndpointFacts;
  readonly sessions: Session[];
  /** Sessions without an outcome so far. */
  unheard: number;
  /** Sessions that hold it failed; it is failed while there is one. */
  failing: number;
  /** Sessions that hold it degraded. */
  degraded: number;
  /** Its cluster's warming waits for it. */
  isAwaited: boolean;
}

/** One check of a cluster with what all its sessions share. */
export interface CheckGroup {
  readonly plan: HealthCheckPlan;
  readonly tally: Tally;
  readonly counts: Readonly<Record<HealthCounter, HealthEffect>>;
}

/** Both gauges under one prefix; clusters of one alt_stat_name share it. */
export interface Tally {
  readonly of: "check" | "cluster";
  readonly prefix: string;
  healthy: number;
  degraded: number;
}

/** One cluster with checks. */
export interface CheckedCluster {
  plan: ClusterPlan;
  row: number;
  readonly checks: readonly CheckGroup[];
  /** Gauges over all checks; null for a single one, whose own say it. */
  readonly total: Tally | null;
  /** By slot; without those whose check is disabled. */
  readonly endpoints: Map<number, CheckedEndpoint>;
  /** Version of the plan whose warming it has to report. */
  version: number;
  /** `unseen`: no endpoint set has come yet; `waiting`: for `awaited` endpoints; `warm`: reported. */
  warming: "unseen" | "waiting" | "warm";
  awaited: number;
}

/** The endpoints of one cluster, with checks or without: the next plan may bring some. */
export interface HealthSet {
  readonly row: number;
  version: number;
  readonly endpoints: Map<number, EndpointFacts>;
}

/** All of it. */
export interface HealthState {
  readonly senses: HealthSenses;
  readonly clusters: Map<string, CheckedCluster>;
  readonly byRow: Map<number, CheckedCluster>;
  readonly sets: Map<string, HealthSet>;
  readonly byProbe: Map<number, Session>;
  readonly byTimer: Map<string, Session>;
  readonly tallies: Map<string, Tally>;
  /** Probes opened so far. */
  opened: number;
  /** Up to when first probes are spread (pace.ts). */
  firstProbesMs: number;
  /** The same for log lines. */
  logLinesMs: number;
  /** What a mesh has ordered; null: this node checks everything by itself. */
  mesh: MeshChecks | null;
}

/** Nothing checked. */
export function emptyHealthState(senses: HealthSenses): HealthState {
  return {
    senses,
    clusters: new Map(),
    byRow: new Map(),
    sets: new Map(),
    byProbe: new Map(),
    byTimer: new Map(),
    tallies: new Map(),
    opened: 0,
    firstProbesMs: Number.NEGATIVE_INFINITY,
    logLinesMs: Number.NEGATIVE_INFINITY,
    mesh: null,
  };
}
