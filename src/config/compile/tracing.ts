// HttpConnectionManager.tracing, and tracing and decorator of routes, to their plans. Called by http-connection-manager.ts and route.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { acknowledge, child, children, count, decimal, flag, has, oneOf, text } from "../load/fields.ts";
import type { FormatPartPlan } from "../plan/access-log.ts";
import type { FractionPlan } from "../plan/match.ts";
import type { RouteTracingPlan, SpanNamesPlan, TraceExporterPlan, TraceTagPlan, TracingPlan } from "../plan/tracing.ts";
import type { CompileContext } from "./context.ts";
import { compileFormat } from "./format.ts";
import { compilePercent } from "./match.ts";
import { compileOtlpTarget } from "./otlp-target.ts";
import { compileZipkin } from "./zipkin.ts";

/** Null: nothing is traced. */
export function compileTracing(
  context: CompileContext,
  manager: CheckedMessage,
  isEgress: boolean,
): TracingPlan | null {
  const tracing = child(manager, "tracing");
  if (tracing === undefined) return null;
  const provider = providerOf(context, tracing);
  if (provider === null) return null;
  return {
    ...provider,
    clientSampling: share(tracing, "client_sampling", 100, "tracing.client_enabled"),
    randomSampling: share(tracing, "random_sampling", 10_000, "tracing.random_sampling"),
    overallSampling: share(tracing, "overall_sampling", 100, "tracing.global_enabled"),
    isEgress,
    pathLengthMax: count(tracing, "max_path_tag_length") ?? 256,
    tags: compileTags(context, tracing),
    isSilent: flag(tracing, "no_context_propagation") ?? false,
    spawnsUpstream: flag(tracing, "spawn_upstream_span") ?? false,
    names: compileNames(context, tracing),
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
    names: compileNames(context, tracing),
    operation: (decorator === undefined ? undefined : text(decorator, "operation")) ?? "",
    tellsOperation: (decorator === undefined ? undefined : flag(decorator, "propagate")) ?? true,
  };
}

function compileNames(context: CompileContext, tracing: CheckedMessage | undefined): SpanNamesPlan {
  const of = (field: string): readonly FormatPartPlan[] | null => {
    const format = tracing === undefined ? "" : (text(tracing, field) ?? "");
    return tracing === undefined || format === "" ? null : compileFormat(context, tracing, field, format);
  };
  return { request: of("operation"), attempt: of("upstream_operation") };
}

/** As in Envoy a percentage is cut to a whole one, but that of random sampling has two more digits. */
function share(tracing: CheckedMessage, field: string, denominator: number, runtimeKey: string): FractionPlan {
  const percent = child(tracing, field);
  const value = percent === undefined ? 100 : (decimal(percent, "value") ?? 0);
  const numerator = denominator === 100 ? Math.trunc(value) : Math.round(value * 100);
  return { numerator, denominator, runtimeKey };
}

function providerOf(context: CompileContext, tracing: CheckedMessage): Pick<TracingPlan, "exporter" | "zipkin"> | null {
  const provider = child(tracing, "provider");
  if (provider === undefined) {
    context.warn(tracing, "provider", "nothing is traced: tracing has no provider; name envoy.tracers.opentelemetry");
    return null;
  }
  text(provider, "name");
  const config = child(provider, "typed_config");
  if (config?.type === ZIPKIN) return compileZipkin(context, config);
  if (config?.type !== OPEN_TELEMETRY) {
    const what = `the tracer ${config?.type ?? "without a typed_config"}`;
    context.refuse(provider, "typed_config", what, `use ${OPEN_TELEMETRY}: collectors of all kinds take OTLP`);
    return null;
  }
  const exporter = exporterOf(context, tracing, config);
  return exporter === null ? null : { exporter, zipkin: null };
}

function exporterOf(
  context: CompileContext,
  tracing: CheckedMessage,
  config: CheckedMessage,
): TraceExporterPlan | null {
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
  const target = compileOtlpTarget(context, service, "trace");
  return target === null ? null : { ...target, tracer: "opentelemetry", serviceName };
}

/** Of the environment everything is taken (OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME), whether a detector asks for it or not. */
export function detectResource(context: CompileContext, detector: CheckedMessage): void {
  const name = text(detector, "name") ?? "";
  acknowledge(detector, "typed_config");
  if (name.endsWith(".environment_resource_detector")) return;
  context.warn(
    detector,
    "name",
    `resource detector ${name} is not acted on: OTEL_RESOURCE_ATTRIBUTES says what spans are of`,
  );
}

/** custom_tags of a message. */
export function compileTags(context: CompileContext, owner: CheckedMessage): TraceTagPlan[] {
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

const ZIPKIN = "envoy.config.trace.v3.ZipkinConfig";
const OPEN_TELEMETRY = "envoy.config.trace.v3.OpenTelemetryConfig";
const METADATA_KINDS = ["request", "route", "cluster", "host"] as const;
