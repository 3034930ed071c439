// What `starling lrs-server` asks of whom, as data. Compiled from its file; read by control/load/server.
import type { StringMatcherPlan } from "./match.ts";

/** What a client is asked for: a LoadStatsResponse. */
export interface LoadAskPlan {
  /** Every cluster that the client has; `clusters` is then empty. */
  readonly all: boolean;
  readonly clusters: readonly string[];
  /** More than 0. */
  readonly intervalMs: number;
  /** Counts by endpoint too. */
  readonly byEndpoint: boolean;
}

/** Clients that are asked for something else. */
export interface LoadNodeRulePlan {
  /** Of node.id; null: any. */
  readonly id: StringMatcherPlan | null;
  /** Of node.cluster; null: any. */
  readonly cluster: StringMatcherPlan | null;
  readonly ask: LoadAskPlan;
}

/** The file. */
export interface LrsServerPlan {
  /** The first that matches a client wins. */
  readonly nodes: readonly LoadNodeRulePlan[];
  /** For clients that no rule matches. */
  readonly ask: LoadAskPlan;
}

/** Without a file: what the server of the load reporting document asks for. */
export const LRS_SERVER_DEFAULT: LrsServerPlan = {
  nodes: [],
  ask: { all: false, clusters: ["local_service"], intervalMs: 2_000, byEndpoint: true },
};
