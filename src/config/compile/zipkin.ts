// envoy.tracers.zipkin to its plan. Called by tracing.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { acknowledge, child, flag, text } from "../load/fields.ts";
import type { TraceExporterPlan, ZipkinPlan } from "../plan/tracing.ts";
import type { CompileContext } from "./context.ts";
import { serviceHeaders } from "./otlp-target.ts";

/** Where its spans go and how they are told of. Null: what is written is wrong. */
export function compileZipkin(
  context: CompileContext,
  config: CheckedMessage,
): { readonly exporter: TraceExporterPlan; readonly zipkin: ZipkinPlan } | null {
  const target = targetOf(context, config);
  const version = text(config, "collector_endpoint_version") ?? UNAVAILABLE;
  if (version === UNAVAILABLE || version === "GRPC") {
    context.error(
      config,
      "collector_endpoint_version",
      "hidden_envoy_deprecated_HTTP_JSON_V1 has been deprecated. Please use a non-default " +
        "envoy::config::trace::v3::ZipkinConfig::CollectorEndpointVersion value.",
    );
  }
  const zipkin = {
    withTraceContext: text(config, "trace_context_option") === "USE_B3_WITH_W3C_PROPAGATION",
    has128Bits: flag(config, "trace_id_128bit") ?? false,
    isShared: flag(config, "shared_span_context") ?? true,
    splitsSpans: flag(config, "split_spans_for_request") ?? false,
    nodeId: context.localNode.id,
    zone: context.localNode.zone,
  };
  if (target === null) return null;
  const exporter: TraceExporterPlan = {
    ...target,
    tracer: "zipkin",
    protocol: version === "HTTP_PROTO" ? "http" : "http_json",
    timeoutMs: EXPORT_MS,
    serviceName: context.localCluster,
  };
  return { exporter, zipkin };
}

type Target = Pick<TraceExporterPlan, "cluster" | "authority" | "path" | "headers">;

function targetOf(context: CompileContext, config: CheckedMessage): Target | null {
  const service = child(config, "collector_service");
  const uri = service === undefined ? undefined : child(service, "http_uri");
  if (service !== undefined && uri !== undefined) {
    acknowledge(config, "collector_cluster", "collector_endpoint", "collector_hostname");
    acknowledge(uri, "timeout");
    const cluster = text(uri, "cluster") ?? "";
    const whole = text(uri, "uri") ?? "";
    const [, authority = "", path = whole] = /^[^:/?#]+:\/\/([^/]*)(.*)$/.exec(whole) ?? [];
    return checked(context, config, {
      cluster,
      authority: authority || cluster,
      path: path || "/",
      headers: serviceHeaders(service),
    });
  }
  const cluster = text(config, "collector_cluster") ?? "";
  const path = text(config, "collector_endpoint") ?? "";
  const authority = text(config, "collector_hostname") || cluster;
  if (cluster === "") context.error(config, "", "Either collector_cluster or collector_service must be specified");
  else if (path === "") context.error(config, "", "collector_endpoint must be specified when using collector_cluster");
  else return checked(context, config, { cluster, authority, path, headers: [] });
  return null;
}

function checked(context: CompileContext, config: CheckedMessage, target: Target): Target {
  if (!context.clusterNames.has(target.cluster))
    context.error(config, "", `envoy.tracers.zipkin: unknown cluster '${target.cluster}'`);
  return target;
}

const UNAVAILABLE = "DEPRECATED_AND_UNAVAILABLE_DO_NOT_USE";
/** The runtime's tracing.zipkin.request_timeout wins, when an export is sent: control/tracing/pace.ts. */
const EXPORT_MS = 5_000;
