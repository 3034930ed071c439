// Bootstrap.stats_sinks to MetricsSinkPlans. Called by bootstrap.ts, once the names of clusters are known.
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, count, flag, text } from "../load/fields.ts";
import type { MetricsSinkPlan } from "../plan/otlp.ts";
import type { CompileContext } from "./context.ts";
import { compileOtlpTarget } from "./otlp-target.ts";
import { detectResource } from "./tracing.ts";

/** The sinks that Starling has; others are said and left out. */
export function compileStatsSinks(
  context: CompileContext,
  bootstrap: CheckedMessage,
  intervalMs: number,
): MetricsSinkPlan[] {
  return children(bootstrap, "stats_sinks").flatMap((sink) => {
    text(sink, "name");
    const config = child(sink, "typed_config");
    if (config?.type === SINK) return compileSink(context, config, intervalMs) ?? [];
    const type = config?.type ?? "none";
    context.warn(sink, "typed_config", `stats sink ${type} is not acted on: use ${SINK}, or scrape /stats/prometheus`);
    return [];
  });
}

function compileSink(context: CompileContext, config: CheckedMessage, intervalMs: number): MetricsSinkPlan | null {
  for (const detector of children(config, "resource_detectors")) detectResource(context, detector);
  const service = child(config, "grpc_service") ?? child(config, "http_service");
  // Without one there is an error already.
  const target = service === undefined ? null : compileOtlpTarget(context, service, "metrics");
  if (target === null) return null;
  const prefix = text(config, "prefix") ?? "";
  return {
    target,
    intervalMs,
    countersAsDeltas: flag(config, "report_counters_as_deltas") ?? false,
    histogramsAsDeltas: flag(config, "report_histograms_as_deltas") ?? false,
    emitsTags: flag(config, "emit_tags_as_attributes") ?? true,
    usesTaglessNames: flag(config, "use_tag_extracted_name") ?? true,
    prefix: prefix === "" ? "" : `${prefix}.`,
    pointsMax: count(config, "max_data_points_per_request") || Number.POSITIVE_INFINITY,
  };
}

const SINK = "envoy.extensions.stat_sinks.open_telemetry.v3.SinkConfig";
