// The frozen runtime shape of a whole configuration. Made by compile/, carried to workers by structured clone, never changed, never re-checked.
import type { TextLogPlan } from "./access-log.ts";
import type { AddressPlan } from "./address.ts";
import type { ClusterPlan } from "./cluster.ts";
import type { EdsPlan } from "./eds.ts";
import type { RateBucketsPlan } from "./filters/local-ratelimit.ts";
import type { ListenerPlan } from "./listener.ts";
import type { LoadReportPlan } from "./load.ts";
import type { MeshPlan, NodeRole } from "./mesh.ts";
import type { MetricsSinkPlan } from "./otlp.ts";
import type { OtlpTargetPlan } from "./otlp-target.ts";
import type { RuntimePlan } from "./runtime.ts";
import type { StatsPlan } from "./stats.ts";

/** Everything a node runs. */
export interface Plan {
  /** Random or given version, shown by admin pages: empty for a static file. */
  readonly version: string;
  readonly node: NodePlan;
  /** What this node does, in the order of `NODE_ROLES`. */
  readonly roles: readonly NodeRole[];
  /** Null: on its own. */
  readonly mesh: MeshPlan | null;
  /** Null: without the role `eds`. */
  readonly eds: EdsPlan | null;
  /** Null: no load is reported. */
  readonly load: LoadReportPlan | null;
  readonly admin: AdminPlan | null;
  /** None without the role `proxy`. */
  readonly listeners: readonly ListenerPlan[];
  readonly clusters: readonly ClusterPlan[];
  readonly runtime: RuntimePlan;
  /** Token buckets that the workers share. */
  readonly rateBuckets: readonly RateBucketsPlan[];
  /** cluster_manager.outlier_detection.event_log_path: one JSON line an ejection; empty: none. */
  readonly outlierLogPath: string;
  /** stats_flush_interval, default 5000: histograms appear in /stats after it. */
  readonly statsFlushIntervalMs: number;
  readonly stats: StatsPlan;
  /** stats_sinks; without one of the file that of the environment. */
  readonly metricsSinks: readonly MetricsSinkPlan[];
  /** Where lines of the node's own log go besides: of the environment; null: nowhere. */
  readonly ownLog: OtlpTargetPlan | null;
  /** What differs where Starling is safer or kinder than Envoy. */
  readonly compat: "starling" | "envoy";
}

/** Envoy's `node`. */
export interface NodePlan {
  readonly id: string;
  readonly cluster: string;
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Envoy's `admin`. */
export interface AdminPlan {
  readonly address: AddressPlan;
  readonly accessLogs: readonly TextLogPlan[];
}
