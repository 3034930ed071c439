// What clients of the load reporting service say, as plain data: read by read-message.ts, counted by totals.ts, kept by append-file.ts.

/** What happened since the report before; `active` and `cxActive` are how many there are now. */
export interface ReportedCounts {
  readonly success: number;
  readonly error: number;
  readonly issued: number;
  readonly active: number;
  readonly cxTotal: number;
  readonly cxFailed: number;
  readonly cxActive: number;
}

/** One endpoint. */
export interface ReportedEndpoint {
  /** `127.0.0.1:80`, `[::1]:80` or a path. */
  readonly address: string;
  readonly counts: ReportedCounts;
}

/** One locality and priority. */
export interface ReportedLocality {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
  readonly priority: number;
  readonly counts: ReportedCounts;
  readonly endpoints: readonly ReportedEndpoint[];
}

/** One cluster. */
export interface ReportedCluster {
  readonly cluster: string;
  /** The name its endpoints are discovered by; empty: the cluster's. */
  readonly service: string;
  readonly localities: readonly ReportedLocality[];
  /** Those of categories with it. */
  readonly droppedTotal: number;
  readonly dropped: readonly { readonly category: string; readonly count: number }[];
  /** As the client measured it. */
  readonly intervalMs: number;
}

/** Which report it is; authors number theirs, and send one again under its number when they do not know whether it arrived. */
export interface ReportIdentity {
  /** Random, one for each life of the author. */
  readonly instance: string;
  readonly sequence: number;
}

/** What one of several authors counted. */
export interface ReportedShare {
  readonly node: string;
  readonly identity: ReportIdentity;
  readonly clusters: readonly ReportedCluster[];
}

/** Who sends. */
export interface ReportingNode {
  readonly id: string;
  readonly cluster: string;
  /** It waits for a response to each report: client feature `starling.lrs.ack.v1`. */
  readonly wantsAck: boolean;
  /** It reports no cluster whose name stands first: grpc-js-xds 1.14 looks for names after that. */
  readonly skipsFirst: boolean;
  /** The message's number; null: not numbered, as Envoy's. */
  readonly identity: ReportIdentity | null;
  /** Whose reports were put together in it, each numbered by itself; null: nobody's. */
  readonly shares: readonly ReportedShare[] | null;
}

/** A LoadStatsRequest. */
export interface LoadMessage {
  /** Null: as in the message before. */
  readonly node: ReportingNode | null;
  readonly clusters: readonly ReportedCluster[];
  /** Each cluster's ClusterStats as it came. */
  readonly raw: readonly Uint8Array[];
}
