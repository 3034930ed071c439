// What the judge remembers while a mesh says whom to probe and how each endpoint stands. Null in HealthState: this node does all of it
// by itself. Changed by mesh-behaviour.ts and the files of this directory only.
import type { CheckGroupFacts, CheckOrder, CheckTarget, EndpointStanding } from "../../../messages/checking.ts";
import type { DoubtTable } from "../../../telemetry/doubt-table.ts";
import type { HealthMessage } from "../health-effects.ts";
import type { CheckedCluster, CheckedEndpoint, CheckGroup, Session } from "../health-state.ts";
import type { Failure } from "../outcomes.ts";
import type { ProbeOutcome } from "../probe.ts";

/** What the judge is told for the mesh. */
export type MeshMessage =
  | Exclude<CheckOrder, { readonly type: "end-ejection" }>
  /** The mesh's thread has said something, perhaps nothing but that it lives. */
  | { readonly type: "mesh-alive" }
  /** Outlier detection took an endpoint out. */
  | { readonly type: "endpoint-ejected"; readonly slot: number };

/** What the judge is told, with a mesh or without. */
export type JudgeMessage = HealthMessage | MeshMessage;

/** What the judge may look at besides its messages while it follows a mesh. */
export interface MeshSenses {
  /** What workers have seen against endpoints: read and emptied here. */
  readonly doubts: DoubtTable;
  /** Of the network that loopback addresses and socket files belong to: equal on nodes that share it. */
  readonly network: string;
}

/** One endpoint with checks. Its sessions in CheckedEndpoint rest: they hold what this node shows of it. */
export interface Target {
  readonly endpoint: CheckedEndpoint;
  /** The mesh's word, at first what stood before; null: there is none. */
  verdict: EndpointStanding | null;
  /** An answer on this node carried x-envoy-immediate-health-check-fail: out here, whatever the verdict. */
  isFailedImmediately: boolean;
  /** The machine of its scheduled probes, one session a check; empty: this node does not probe it. */
  duty: readonly DutySession[];
  /** Probes out of turn that run. */
  readonly asks: Set<Ask>;
  /** Of this node's newest probe, when that failed. */
  lastFailure: Failure | null;
  /** When passive evidence was told last. */
  doubtedMs: number;
}

/** One endpoint under one check, probed because the mesh says so. */
export interface DutySession extends Session {
  readonly target: Target;
  /** When its next probe begins; of one that runs, when that began. */
  dueMs: number;
  /** Its newest outcome was good. */
  hasPassed: boolean;
}

/** One whole probe out of turn: a run for each check. */
export interface Ask {
  readonly target: Target;
  readonly ask: number;
  readonly cause: "confirm" | "doubt";
  readonly runs: readonly AskRun[];
}

/** An ask under one check. */
export interface AskRun {
  readonly check: CheckGroup;
  /** Of the second probe. */
  readonly timer: string;
  /** Probes that run, two at most. */
  readonly probes: Set<number>;
  /** Probes begun so far. */
  begun: number;
  outcome: ProbeOutcome | null;
}

/** One run of an ask. */
export interface AskPart {
  readonly ask: Ask;
  readonly run: AskRun;
}

/** A report of groups and targets that may still grow. */
export type News =
  | { readonly type: "group-added"; readonly facts: CheckGroupFacts }
  | { readonly type: "group-removed"; readonly group: string }
  | { readonly type: "targets-added"; readonly group: string; readonly targets: CheckTarget[] }
  | { readonly type: "targets-removed"; readonly group: string; readonly slots: number[] }
  | { readonly type: "failed-immediately"; readonly slot: number };

/** All of it. */
export interface MeshChecks {
  readonly senses: MeshSenses;
  /** By slot. */
  readonly targets: Map<number, Target>;
  /** Hashes of the clusters that were told to the mesh. */
  readonly groups: Map<CheckedCluster, string>;
  /** By probe. */
  readonly scheduled: Map<number, DutySession>;
  readonly asked: Map<number, AskPart>;
  /** By timer. */
  readonly waits: Map<string, DutySession>;
  readonly seconds: Map<string, AskPart>;
  /** Rows of clusters in which some node has made an upstream connection. */
  readonly traffic: Set<number>;
  /** Rows of which the mesh was told that this node has. */
  readonly toldTraffic: Set<number>;
  /** Groups and targets that came and went in this step. */
  news: News[];
  ticks: number;
  /** Ticks since the mesh's thread has said something. */
  quietTicks: number;
}

/** Nothing ordered. */
export function newMeshChecks(senses: MeshSenses): MeshChecks {
  return {
    senses,
    targets: new Map(),
    groups: new Map(),
    scheduled: new Map(),
    asked: new Map(),
    waits: new Map(),
    seconds: new Map(),
    traffic: new Set(),
    toldTraffic: new Set(),
    news: [],
    ticks: 0,
    quietTicks: 0,
  };
}
