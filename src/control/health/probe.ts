// What one probe of one endpoint is: the meeting point of the judge, which says when to probe and what an outcome means, and the
// probers, which own the sockets. Implemented by prober/*; simulations bring their own.
import type { ClusterPlan } from "../../config/plan/cluster.ts";
import type { EndpointFacts } from "../../config/plan/endpoint-set.ts";
import type { HealthCheckPlan } from "../../config/plan/health-check.ts";

/** Which probe: one endpoint under one check of its cluster. */
export interface ProbeTarget {
  readonly cluster: ClusterPlan;
  readonly endpoint: EndpointFacts;
  readonly check: HealthCheckPlan;
}

/** How a probe ended. */
export interface ProbeOutcome {
  /**
   * `success`; `degraded`: a success with x-envoy-degraded; `refused`: the endpoint answered, and its answer says no (a status outside
   * the expected ones, NOT_SERVING): unhealthy at once; `retriable`: an answer that says no and counts up to the threshold
   * (retriable_statuses); `network`: no answer (connect refused, reset, garbage, closed early): counts up; `timeout`: the same by time.
   */
  readonly kind: "success" | "degraded" | "refused" | "retriable" | "network" | "timeout";
  /** For people: `HTTP 506`, `connection refused`, `no answer within 5000 ms`. Empty for a success. */
  readonly reason: string;
  /** Status of the answer to an HTTP check whatever was wrong with it, for the event log; 0: none came, or another kind of check. */
  readonly httpStatus: number;
  /** The answer's service name was compared (verify_cluster counts it). */
  readonly verifiedCluster: boolean;
}

/** Probes one target again and again, one at a time. */
export interface Probe {
  /**
   * Starts one; `onOutcome` of the owner comes exactly once, never before this returns, and at the latest `timeoutMs` after its turn
   * to connect came, the time that this thread was kept from running left out.
   */
  start(): void;
  /** The target is gone: ends a running probe without an outcome, and its connection. */
  close(): void;
}

/** Makes probes. */
export interface Prober {
  create(target: ProbeTarget, onOutcome: (outcome: ProbeOutcome) => void): Probe;
  /** Ends every connection. */
  close(): void;
}
