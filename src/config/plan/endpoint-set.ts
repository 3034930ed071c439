// The endpoints of one cluster on their way to the listener workers: plain data that structured clone carries. Made where endpoints
// are discovered, applied by dataplane/upstream/endpoint-table.ts; identity is the slot, so that a delta names what it removes by a number.
import type { EndpointPlan } from "./cluster.ts";

/** One endpoint with its address resolved. */
export interface EndpointFacts extends EndpointPlan {
  /** Index in the node-wide health and load tables. One endpoint keeps its slot while it lives; nobody else has it. */
  readonly slot: number;
}

/** All endpoints of a cluster. */
export interface EndpointSetFull {
  readonly kind: "full";
  readonly cluster: string;
  /** Row of the cluster in the node-wide tables (generation words, breaker use): the same one as long as the cluster exists. */
  readonly row: number;
  readonly version: number;
  readonly endpoints: readonly EndpointFacts[];
}

/** What changed between two versions. Deltas that were not read merge: the last facts of a slot win, a removal ends it. */
export interface EndpointSetDelta {
  readonly kind: "delta";
  readonly cluster: string;
  /** The version it starts from; a reader that has another one asks for a full copy. */
  readonly baseVersion: number;
  readonly version: number;
  /** Slots that are gone. Applied before `changed`. */
  readonly removed: readonly number[];
  /** Endpoints that are new (at the end of their priority) or have other facts; each slot once. */
  readonly changed: readonly EndpointFacts[];
}

/** One step of a cluster's endpoints. */
export type EndpointSetUpdate = EndpointSetFull | EndpointSetDelta;
