// HttpConnectionManager.tracing, and tracing and decorator of routes, to their plans. Called by http-connection-manager.ts and route.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { acknowledge, child, children, count, decimal, flag, has, millis, oneOf, text } from "../load/fields.ts";
import type { FormatPartPlan } from "../plan/access-log.ts";
import type { FractionPlan } from "../plan/match.ts";
import type { RouteTracingPlan, TraceExporterPlan, TraceTagPlan, TracingPlan } from "../plan/tracing.ts";
import type { CompileContext } from "./context.ts";
import { compileFormat } from "./format.ts";
import { compilePercent } from "./match.ts";

/** Null: nothing is traced. */
export function compileTracing(
  context: CompileContext,
  manager: CheckedMessage,
  isEgress: boolean,
): TracingPlan | null {
  const tracing = child(manager, "tracing");
  if (tracing === undefined) return null;
  const exporter = exporterOf(context, tracing);
  if (exporter === null) return null;
  if (flag(tracing, "spawn_upstream_span") === true) {
    context.warn(
      tracing,
      "spawn_upstream_span",
      "spawn_upstream_span is not acted on: attempts are events of the one span",
    );
  }
  return {
    exporter,
    clientSampling: share(tracing, "client_sampling", 100, "tracing.client_enabled"),
    randomSampling: share(tracing, "random_sampling", 10_000, "tracing.random_sampling"),
    overallSampling: share(tracing, "overall_sampling", 100, "tracing.global_enabled"),
    isEgress,
    pathLengthMax: count(tracing, "max_path_tag_length") ?? 256,
    tags: compileTags(context, tracing),
    isSilent: flag(tracing, "no_context_propagation") ?? false,
  };
}

/** Null: the route says nothing of tracing. */
export function compileRouteTracing(context: CompileContext, route: CheckedMessage): RouteTracingPlan | null {
  const tracing = child(route, "tracing");
  const decorator = child(route, "decorator");
  if (tracing === undefined && decorator === undefined) return null;
  const own = (field: string, runtimeKey: string): FractionPlan | null => {
    const fraction = tracing === undefined ? undefined : child(tracing, field);
    return fraction === undefined ? null : { ...compilePercent(fraction), runtimeKey };
  };
  return {
    clientSampling: own("client_sampling", "tracing.client_enabled"),
    randomSampling: own("random_sampling", "tracing.random_sampling"),
    overallSampling: own("overall_sampling", "tracing.global_enabled"),
    tags: tracing === undefined ? [] : compileTags(context, tracing),
    operation: (decorator === undefined ? undefined : text(decorator, "operation")) ?? "",
    tellsOperation: (decorator === undefined ? undefined : flag(decorator, "propagate")) ?? true,
  };
}

/** As in Envoy a percentage is cut to a whole one, but that of random sampling has two more digits. */
function share(tracing: CheckedMessage, field: string, denominator: number, runtimeKey: string): FractionPlan {
  const percent = child(tracing, field);
  const value = percent === undefined ? 100 : (decimal(percent, "value") ?? 0);
  const numerator = denominator === 100 ? Math.trunc(value) : Math.round(value * 100);
  return { numerator, denominator, runtimeKey };
}

function exporterOf(context: CompileContext, tracing: CheckedMessage): TraceExporterPlan | null {
  const provider = child(tracing, "provider");
  if (provider === undefined) {
    context.warn(tracing, "provider", "nothing is traced: tracing has no provider; name envoy.tracers.opentelemetry");
    return null;
  }
  text(provider, "name");
  const config = child(provider, "typed_config");
  if (config?.type !== OPEN_TELEMETRY) {
    const what = `the tracer ${config?.type ?? "without a typed_config"}`;
    context.refuse(provider, "typed_config", what, `use ${OPEN_TELEMETRY}: collectors of all kinds take OTLP`);
    return null;
  }
  if (has(config, "sampler")) {
    context.refuse(config, "sampler", "samplers of the tracer", "use client_, random_ and overall_sampling of tracing");
  }
  for (const detector of children(config, "resource_detectors")) detectResource(context, detector);
  const serviceName = text(config, "service_name") ?? "";
  const kind = oneOf(config, ["grpc_service", "http_service"]);
  const service = kind === undefined ? undefined : child(config, kind);
  if (service === undefined) {
    context.warn(tracing, "provider", "nothing is traced: the tracer has neither a grpc_service nor an http_service");
    return null;
  }
  const target = kind === "grpc_service" ? grpcTarget(context, service) : httpTarget(context, service);
  if (target === null) return null;
  if (!context.clusterNames.has(target.cluster)) {
    context.error(service, "", `Unknown gRPC client cluster '${target.cluster}'`);
  }
  return { ...target, serviceName };
}

/** Of the environment everything is taken (OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME), whether a detector asks for it or not. */
function detectResource(context: CompileContext, detector: CheckedMessage): void {
  const name = text(detector, "name") ?? "";
  acknowledge(detector, "typed_config");
  if (name.endsWith(".environment_resource_detector")) return;
  context.warn(
    detector,
    "name",
    `resource detector ${name} is not acted on: OTEL_RESOURCE_ATTRIBUTES says what spans are of`,
  );
}

type Target = Omit<TraceExporterPlan, "serviceName">;

function grpcTarget(context: CompileContext, service: CheckedMessage): Target | null {
  const kind = oneOf(service, ["envoy_grpc", "google_grpc"]);
  const grpc = kind === "envoy_grpc" ? child(service, kind) : undefined;
  if (grpc === undefined) {
    context.refuse(service, kind ?? "", "spans over google_grpc", "name a cluster in envoy_grpc");
    return null;
  }
  const cluster = text(grpc, "cluster_name") ?? "";
  return {
    protocol: "grpc",
    cluster,
    authority: text(grpc, "authority") || cluster,
    path: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    timeoutMs: millis(service, "timeout") || EXPORT_MS,
    headers: children(service, "initial_metadata").map((header) => fieldOf(header)),
  };
}

function httpTarget(context: CompileContext, service: CheckedMessage): Target | null {
  const uri = child(service, "http_uri");
  if (uri === undefined) {
    context.error(service, "http_uri", "an http_service needs an http_uri");
    return null;
  }
  const [, authority = "", path = ""] = /^https?:\/\/([^/?#]+)([^#]*)/.exec(text(uri, "uri") ?? "") ?? [];
  if (authority === "") context.error(uri, "uri", "the URI of a collector is http://host:port/v1/traces");
  return {
    protocol: "http",
    cluster: text(uri, "cluster") ?? "",
    authority,
    path: path === "" ? "/" : path,
    timeoutMs: millis(uri, "timeout") || EXPORT_MS,
    headers: children(service, "request_headers_to_add").flatMap((option) => {
      const header = child(option, "header");
      acknowledge(option, "append", "append_action", "keep_empty_value");
      return header === undefined ? [] : [fieldOf(header)];
    }),
  };
}

function fieldOf(header: CheckedMessage): { readonly name: string; readonly value: string } {
  return { name: (text(header, "key") ?? "").toLowerCase(), value: text(header, "value") ?? "" };
}

function compileTags(context: CompileContext, owner: CheckedMessage): TraceTagPlan[] {
  return children(owner, "custom_tags").flatMap((tag) => {
    const name = text(tag, "tag") ?? "";
    const made = tagValue(context, tag);
    return made === null ? [] : [{ name, ...made }];
  });
}

function tagValue(context: CompileContext, tag: CheckedMessage): Omit<TraceTagPlan, "name"> | null {
  const kind = oneOf(tag, ["literal", "environment", "request_header", "metadata", "value"]);
  if (kind === "value") return { parts: compileFormat(context, tag, kind, text(tag, kind) ?? ""), otherwise: null };
  // Without one there is an error already.
  return kind === undefined ? null : tagOf(context, tag, kind, child(tag, kind) as CheckedMessage);
}

function tagOf(
  context: CompileContext,
  tag: CheckedMessage,
  kind: "literal" | "environment" | "request_header" | "metadata",
  of: CheckedMessage,
): Omit<TraceTagPlan, "name"> | null {
  switch (kind) {
    case "literal":
      return literal(text(of, "value") ?? "");
    case "environment": {
      const value = context.options.environment(text(of, "name") ?? "") ?? text(of, "default_value") ?? "";
      return value === "" ? null : literal(value);
    }
    case "request_header":
      return operator("REQ", [(text(of, "name") ?? "").toLowerCase()], text(of, "default_value") ?? "");
    case "metadata": {
      const from = child(of, "kind");
      const key = child(of, "metadata_key");
      if (from === undefined || key === undefined || oneOf(from, METADATA_KINDS) !== "request") {
        context.refuse(tag, kind, "tags of metadata that is not a request's", "use a literal, or a request_header");
        return null;
      }
      const path = children(key, "path").map((segment) => text(segment, "key") ?? "");
      return operator("DYNAMIC_METADATA", [text(key, "key") ?? "", ...path], text(of, "default_value") ?? "");
    }
  }
}

function literal(value: string): Omit<TraceTagPlan, "name"> {
  return { parts: [{ kind: "literal", text: value }], otherwise: null };
}

function operator(name: string, args: readonly string[], otherwise: string): Omit<TraceTagPlan, "name"> {
  const part: FormatPartPlan = { kind: "operator", name, args, lengthMax: Number.POSITIVE_INFINITY };
  return { parts: [part], otherwise: otherwise === "" ? null : otherwise };
}

const OPEN_TELEMETRY = "envoy.config.trace.v3.OpenTelemetryConfig";
const METADATA_KINDS = ["request", "route", "cluster", "host"] as const;
const EXPORT_MS = 10_000;
