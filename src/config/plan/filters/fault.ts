// envoy.filters.http.fault as workers run it.
import type { FractionPlan, HeaderMatcherPlan } from "../match.ts";

/** Delays, aborts and slows requests down; the same message gives a route its own. */
export interface FaultPlan {
  readonly kind: "fault";
  readonly delay: FaultDelayPlan | null;
  readonly abort: FaultAbortPlan | null;
  readonly rateLimit: FaultRatePlan | null;
  /** upstream_cluster: only requests to it; empty: all. */
  readonly cluster: string;
  /** All must match. */
  readonly headers: readonly HeaderMatcherPlan[];
  /** downstream_nodes, by x-envoy-downstream-service-node; empty: all. */
  readonly nodes: readonly string[];
  /** max_active_faults; Infinity: no limit, and the runtime is not asked. */
  readonly activeMax: number;
  /** max_active_faults_runtime. */
  readonly activeMaxKey: string;
  /** Counters by x-envoy-downstream-service-cluster: not with disable_downstream_cluster_stats. */
  readonly countsClusters: boolean;
  /** filter_metadata: the request's dynamic metadata under the filter's name, where a fault was injected. */
  readonly metadata: readonly (readonly [key: string, value: unknown])[];
}

/** A share, and whether the client's headers say what is done. */
interface Share {
  readonly percent: FractionPlan;
  readonly byHeader: boolean;
}

/** delay. */
export interface FaultDelayPlan extends Share {
  readonly ms: number;
  /** delay_duration_runtime. */
  readonly msKey: string;
}

/** abort. */
export interface FaultAbortPlan extends Share {
  /** http_status; 0: not given. */
  readonly status: number;
  /** grpc_status; -1: not given. */
  readonly grpcStatus: number;
  /** abort_http_status_runtime and abort_grpc_status_runtime. */
  readonly statusKey: string;
  readonly grpcStatusKey: string;
  readonly body: string;
}

/** response_rate_limit. */
export interface FaultRatePlan extends Share {
  /** KiB a second. */
  readonly kbps: number;
}
