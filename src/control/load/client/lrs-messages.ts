// What a load reporter and its server say to each other, as plain data: read and written by wire.ts.
import type { ClusterLoad } from "../../../messages/load.ts";
import type { NodeShare } from "../node-shares.ts";

/** Which clusters are asked for, how often and how finely. */
export interface LoadAsk {
  readonly clusters: readonly string[];
  /** Every cluster, whatever `clusters` says. */
  readonly sendAll: boolean;
  /** As written: may be 0, negative or of any size. */
  readonly intervalMs: number;
  readonly byEndpoint: boolean;
}

/** One cluster in a report. */
export interface ReportedCluster {
  readonly load: ClusterLoad;
  /** Since its last report, measured. */
  readonly intervalMs: number;
}

/** One message to the server. */
export interface LoadReport {
  /** Number of the report in the life of its author, the same when it is sent again; 0: no report, the stream's greeting. */
  readonly sequence: number;
  readonly clusters: readonly ReportedCluster[];
  /** Of a mesh: which node counted what. Empty: the author itself did. */
  readonly shares: readonly NodeShare[];
}
