// Between the mesh and the judge of active checks: which endpoints this node probes is the mesh's word, what a probe says is the judge's.
// Over a port of their own between the two threads, several in one array: no other thread's pause delays a verdict.

/** How an endpoint stands. */
export type EndpointStanding = "healthy" | "degraded" | "unhealthy";

/** Why a probe was made: `first`: nothing was known; `confirm` and `doubt`: out of turn. */
export type ProbeCause = "first" | "scheduled" | "confirm" | "doubt";

/** Endpoints that nodes divide among them: a cluster with the same name, checks and transport on every node that has it. */
export interface CheckGroupFacts {
  /** 64 bits in hex, a hash of these: equal on nodes that check alike. */
  readonly group: string;
  readonly cluster: string;
  /** Of the cluster on this node. */
  readonly row: number;
  /** Of several checks: the longest. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  /** The no-traffic interval; equal to `intervalMs` when there is none. */
  readonly noTrafficIntervalMs: number;
}

/** One endpoint of a group. */
export interface CheckTarget {
  /** Of the endpoint on this node. */
  readonly slot: number;
  /** 64 bits in hex: a hash of how the endpoint is reached by checks; equal on every node. */
  readonly target: string;
  /** `192.0.2.1:8080`, for people and events. */
  readonly address: string;
  /** Null: there is no verdict yet. */
  readonly standing: EndpointStanding | null;
}

/** One message to the judge. Without orders it says that the mesh lives: after 10 s without any the judge leaves it by itself. */
export interface CheckOrders {
  /** Reports of this way that the mesh has heard: of a slot that went to another endpoint since, it orders nothing. */
  readonly heard: number;
  readonly orders: readonly CheckOrder[];
}

/** To the judge. */
export type CheckOrder =
  /** From now on only what is ordered is probed, and an endpoint stands as `set-standing` says; what stands, stands. Answered by everything there is (`group-added`, `targets-added`). */
  | { readonly type: "follow-mesh" }
  /** The mesh is gone: everything is probed again by this node, spread over one interval; what stands, stands. */
  | { readonly type: "leave-mesh" }
  /** Scheduled probes, the first in `dueInMs`; counters at 0. With a standing the first-check rule does not apply. Again for a probed one: only the schedule moves. */
  | {
      readonly type: "begin-checks";
      readonly slot: number;
      readonly dueInMs: number;
      readonly standing: EndpointStanding | null;
    }
  | { readonly type: "end-checks"; readonly slot: number }
  /**
   * One whole probe out of turn, whether the endpoint is probed by schedule or not; the schedule does not move. `doubt`: feeds the counters.
   * `confirm`: unanswered after 100 ms a second one is sent beside it, and a timeout counts only when both time out; a failure makes the
   * standing unhealthy, a success healthy with counters at 0, but a failure does not set back one that is on its way to recovery.
   * Answered by `probed` with this `ask`.
   */
  | { readonly type: "check-once"; readonly slot: number; readonly ask: number; readonly cause: "confirm" | "doubt" }
  /** The mesh's verdict: the flags are raised and lowered so. */
  | { readonly type: "set-standing"; readonly slot: number; readonly standing: EndpointStanding }
  /** Lowers what x-envoy-immediate-health-check-fail raised on this node. */
  | { readonly type: "end-immediate-failure"; readonly slot: number }
  /** A check of some node has passed since outlier detection took the endpoint out here: that may let it in, as one of this node's own would. */
  | { readonly type: "end-ejection"; readonly slot: number }
  /** Some node has made an upstream connection in this cluster: the no-traffic interval ends. */
  | { readonly type: "set-traffic"; readonly row: number; readonly hasTraffic: boolean };

/** From the judge. */
export type CheckReport =
  | { readonly type: "group-added"; readonly facts: CheckGroupFacts }
  | { readonly type: "group-removed"; readonly group: string }
  | { readonly type: "targets-added"; readonly group: string; readonly targets: readonly CheckTarget[] }
  /** Their slots may be others' soon. */
  | { readonly type: "targets-removed"; readonly group: string; readonly slots: readonly number[] }
  /** One probe has ended. `standing`: of this node's own machine after it; `changed`: by it. `ask`: of `check-once`, else 0. */
  | {
      readonly type: "probed";
      readonly slot: number;
      readonly passed: boolean;
      readonly standing: EndpointStanding;
      readonly changed: boolean;
      readonly cause: ProbeCause;
      readonly ask: number;
      /** For people; empty for a success. */
      readonly reason: string;
      /** Until the next scheduled one; 0: none is scheduled. */
      readonly nextInMs: number;
    }
  /** Passive evidence against an endpoint that is not unhealthy: a refused connect, a reset, an ejection. */
  | { readonly type: "doubted"; readonly slot: number; readonly evidence: "connect" | "reset" | "ejected" }
  /** Outlier detection ejected an endpoint of this node, checked or not, by this kind of Envoy's, or let it in again. */
  | {
      readonly type: "ejection-changed";
      readonly slot: number;
      readonly cluster: string;
      readonly address: string;
      readonly isEjected: boolean;
      readonly kind: string;
      /** So many so far. */
      readonly ejections: number;
    }
  /** x-envoy-immediate-health-check-fail: the endpoint is out on this node only. */
  | { readonly type: "failed-immediately"; readonly slot: number }
  /** This node made its first upstream connection in the cluster. */
  | { readonly type: "traffic-seen"; readonly row: number }
  /** Twice a second while the judge's thread makes steps. */
  | { readonly type: "judge-alive" };
