// The runtime layer that the nodes of a mesh share, as its actor holds it, tells it, and is told of: plain data.

/** One key's newest change and its progress. */
export interface RuntimeRecord {
  readonly key: string;
  /** One more than the greatest that was known when it was made. */
  readonly version: number;
  /** 128 random bits in hex: two changes of one version are told apart by it. */
  readonly change: string;
  /** Who asked for it, by name. */
  readonly writer: string;
  /** The node that took it in. */
  readonly node: string;
  /** When, for people. */
  readonly wallMs: number;
  /** What the key is in the end; empty: the layer does not set it. */
  readonly value: string;
  /** What the layer said before, and says again after a guard broke; empty: nothing. */
  readonly before: string;
  /** Where a ramp begins. */
  readonly from: number;
  /** 0: the value holds at once. */
  readonly steps: number;
  /** From one step to the next. */
  readonly stepMs: number;
  /** What has to hold meanwhile; after the last step for `windowMs` more. */
  readonly guards: readonly GuardPlan[];
  /** Over how much of the past the guards look. */
  readonly windowMs: number;
  /** Fewer answers than this say nothing. */
  readonly requestsMin: number;
  /** A later one is never taken back by an earlier one, whoever says it. */
  readonly phase: RuntimePhase;
  readonly step: number;
  /** Grows with each word about this change. */
  readonly turn: number;
  /** Who said it last. */
  readonly driver: string;
  /** Why it does not go on, or was put back; empty: all is well. */
  readonly reason: string;
}

/** `running`: its steps or its guards are not over. */
export type RuntimePhase = "running" | "done" | "rolled-back";

/** One condition: `cluster_error_rate<1%` of one cluster. */
export interface GuardPlan {
  readonly cluster: string;
  /** As control/mesh/runtime/guard.ts reads it. */
  readonly rule: string;
}

/** What was counted of a cluster, by one node or by all. */
export interface ClusterFigures {
  /** Answers, the proxy's own for this cluster included. */
  readonly requests: number;
  /** Those of 500 and above. */
  readonly errors: number;
  /** Buckets of `histogram.ts` with their counts; none with 0. */
  readonly latencies: readonly (readonly [bucket: number, count: number])[];
}

/** What the mesh says of runtime keys. */
export interface MeshRuntimeView {
  /** Of the newest change. */
  readonly version: number;
  /** By key; those that were taken back, too. */
  readonly keys: readonly RuntimeKeyView[];
}

/** One key. */
export interface RuntimeKeyView {
  readonly key: string;
  /** Now; empty: the layer does not set it. */
  readonly value: string;
  /** In the end. */
  readonly to: string;
  readonly before: string;
  readonly phase: "running" | "done" | "rolled-back";
  readonly step: number;
  /** 0: it was no ramp. */
  readonly steps: number;
  readonly stepMs: number;
  readonly guards: readonly string[];
  /** Why it waits, or was put back; empty: all is well. */
  readonly reason: string;
  /** Who changed it last, in which version, and when by the clock of the node that took it in. */
  readonly writer: string;
  readonly version: number;
  readonly changedWallMs: number;
  /** The node that takes its steps; empty: it takes none. */
  readonly driver: string;
}
