// What the outlier detector remembers: the clusters that ask for it and their endpoints. The counts themselves are in shared memory,
// which it reads and empties. Changed by outlier-behaviour.ts and the files it calls only.
import type { Random } from "../../../base/random.ts";
import type { EndpointFacts } from "../../../config/plan/endpoint-set.ts";
import type { OutlierPlan } from "../../../config/plan/health-check.ts";
import { outlierUnder } from "../../../config/plan/outlier-runtime.ts";
import type { RuntimeView } from "../../../config/plan/runtime.ts";
import type { OutlierTable } from "../../../telemetry/outlier-table.ts";

/** What the detector may look at besides its messages. */
export interface OutlierSenses {
  readonly random: Random;
  /** Asked each time anew: keys may change at any moment. */
  readonly runtime: RuntimeView;
  /** Counts and rates: memory of the detector and of all workers, changed in place. */
  readonly table: OutlierTable;
  /** Wall-clock milliseconds, for the event log only. */
  wallMs(): number;
  /** The flags of a slot in the shared table, as they are now. */
  flagsOf(slot: number): number;
  /** The newest endpoints of a cluster by slot; undefined: none came yet. */
  setOf(cluster: string): OutlierSet | undefined;
}

/** The endpoints of one cluster. */
export interface OutlierSet {
  readonly row: number;
  readonly endpoints: ReadonlyMap<number, EndpointFacts>;
}

/** One endpoint that is watched. */
export interface OutlierHost {
  readonly slot: number;
  /** `127.0.0.1:80`. */
  readonly address: string;
  isEjected: boolean;
  /** Ejections so far. */
  ejections: number;
  /** What the base ejection time is multiplied by: grows with ejections, falls with every quiet interval. */
  backoff: number;
  /** Random addition to the ejection that runs. */
  jitterMs: number;
  /** When it was last ejected and let in again; -1: never. */
  ejectedAtMs: number;
  unejectedAtMs: number;
  readonly degradation: Degradation;
}

/** The same of its being degraded, which ends by its own time. */
export interface Degradation {
  isOn: boolean;
  backoff: number;
  jitterMs: number;
  beganAtMs: number;
  endedAtMs: number;
}

/** One cluster with outlier detection. */
export interface OutlierCluster {
  readonly name: string;
  statName: string;
  /** As the file has it; `rulesOf` is what holds. */
  plan: OutlierPlan;
  row: number;
  readonly hosts: Map<number, OutlierHost>;
  /** Hosts that are ejected. */
  ejected: number;
}

/** All of it. */
export interface OutlierState {
  readonly senses: OutlierSenses;
  readonly clusters: Map<string, OutlierCluster>;
  readonly byRow: Map<number, OutlierCluster>;
  /** Event log; empty: none. */
  logPath: string;
}

/** Nothing watched. */
export function emptyOutlierState(senses: OutlierSenses): OutlierState {
  return { senses, clusters: new Map(), byRow: new Map(), logPath: "" };
}

/** A cluster's detection as the runtime has it now. */
export function rulesOf({ senses }: OutlierState, { plan }: OutlierCluster): OutlierPlan {
  return outlierUnder(plan, senses.runtime);
}

/** A cluster of a plan, without endpoints. */
export function newOutlierCluster(name: string, statName: string, plan: OutlierPlan): OutlierCluster {
  return { name, statName, plan, row: -1, hosts: new Map(), ejected: 0 };
}
