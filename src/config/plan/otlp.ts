// What is sent over OTLP besides spans: metrics of the node, records of access logs.
import type { FormatPartPlan } from "./access-log.ts";
import type { OtlpTargetPlan } from "./otlp-target.ts";
import type { TraceTagPlan } from "./tracing.ts";

/** A sink of metrics: envoy.extensions.stat_sinks.open_telemetry.v3.SinkConfig. */
export interface MetricsSinkPlan {
  readonly target: OtlpTargetPlan;
  /** stats_flush_interval; of a sink by the environment OTEL_METRIC_EXPORT_INTERVAL. */
  readonly intervalMs: number;
  /** Counters and histograms as what came since the last export that was taken; default since the start. */
  readonly countersAsDeltas: boolean;
  readonly histogramsAsDeltas: boolean;
  /** Default true: `envoy.cluster_name` and the like are attributes. */
  readonly emitsTags: boolean;
  /** Default true: `cluster.upstream_rq_total`, else `cluster.<name>.upstream_rq_total`. */
  readonly usesTaglessNames: boolean;
  /** Before each name, its dot included; empty: nothing. */
  readonly prefix: string;
  /** max_data_points_per_request; Infinity: all in one. */
  readonly pointsMax: number;
}

/** An access log whose records are sent: envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig. */
export interface OtlpLogPlan {
  readonly target: OtlpTargetPlan;
  /** `access_logs.open_telemetry_access_log.`, with `<stat_prefix>.` behind it. */
  readonly statPrefix: string;
  /** Null: records have none. */
  readonly body: LogValuePlan | null;
  readonly attributes: readonly LogFieldPlan[];
  /** custom_tags: attributes that are left out where there is no value. */
  readonly tags: readonly TraceTagPlan[];
  /** Value of the resource's `log_name`, beside which stand zone_name, cluster_name and node_name; null: none of them. */
  readonly logName: string | null;
  /** resource_attributes: they win over what the node's spans say, too. */
  readonly resource: readonly (readonly [string, string])[];
  /** buffer_flush_interval, default 1000: what waits longest. */
  readonly delayMs: number;
}

/** A value of a record: a text with operators, a list or a map of such. */
export type LogValuePlan =
  | { readonly kind: "text"; readonly parts: readonly FormatPartPlan[] }
  | { readonly kind: "list"; readonly values: readonly LogValuePlan[] }
  | { readonly kind: "map"; readonly fields: readonly LogFieldPlan[] };

/** A value with its name. */
export interface LogFieldPlan {
  readonly key: string;
  readonly value: LogValuePlan;
}
