// Endpoint sets on their way from discovery to the listener workers: deltas on a version, merged while a worker has not answered.
import type { EndpointPlan } from "../config/plan/cluster.ts";

/** The endpoints of one cluster. */
export interface EndpointSet {
  readonly cluster: string;
  /** The node's version that brought it. */
  readonly version: number;
  readonly endpoints: readonly EndpointPlan[];
}

/** The sets that changed between two versions. `baseVersion` 0: a full copy. */
export interface EndpointUpdate {
  readonly type: "endpoints-changed";
  readonly baseVersion: number;
  readonly version: number;
  readonly sets: readonly EndpointSet[];
}
