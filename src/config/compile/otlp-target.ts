// envoy.config.core.v3.GrpcService and HttpService of a collector to OtlpTargetPlan. Called for tracers, stats sinks and access logs.
import type { CheckedMessage } from "../load/checked.ts";
import { acknowledge, child, children, millis, oneOf, text } from "../load/fields.ts";
import type { OtlpTargetPlan } from "../plan/otlp-target.ts";
import type { CompileContext } from "./context.ts";
import { headerValue } from "./header-changes.ts";

/** What is sent. */
export type OtlpSignal = "trace" | "metrics" | "logs";

/** Where a GrpcService or HttpService leads; null: nowhere, and it was said why. */
export function compileOtlpTarget(
  context: CompileContext,
  service: CheckedMessage,
  signal: OtlpSignal,
): OtlpTargetPlan | null {
  const isGrpc = service.type.endsWith(".GrpcService");
  const target = isGrpc ? grpcTarget(context, service, signal) : httpTarget(context, service, signal);
  if (target !== null && !context.clusterNames.has(target.cluster)) {
    // Envoy looks for the cluster of an access log, or of an http_service, when it sends.
    if (signal === "trace" || (signal === "metrics" && isGrpc)) {
      context.error(service, "", `Unknown gRPC client cluster '${target.cluster}'`);
    } else context.warn(service, "", `${WHAT[signal]} go nowhere: there is no cluster '${target.cluster}'`);
  }
  return target;
}

/** `:path` of an export over gRPC. */
export function otlpMethod(signal: OtlpSignal): string {
  const service = { trace: "Trace", metrics: "Metrics", logs: "Logs" }[signal];
  return `/opentelemetry.proto.collector.${signal}.v1.${service}Service/Export`;
}

/** What an HttpService sends with each request. */
export function serviceHeaders(service: CheckedMessage): OtlpTargetPlan["headers"] {
  return children(service, "request_headers_to_add").flatMap((option) => {
    const header = child(option, "header");
    acknowledge(option, "append", "append_action", "keep_empty_value");
    return header === undefined ? [] : [fieldOf(header)];
  });
}

function grpcTarget(context: CompileContext, service: CheckedMessage, signal: OtlpSignal): OtlpTargetPlan | null {
  const kind = oneOf(service, ["envoy_grpc", "google_grpc"]);
  const grpc = kind === "envoy_grpc" ? child(service, kind) : undefined;
  if (grpc === undefined) {
    context.refuse(service, kind ?? "", `${WHAT[signal]} over google_grpc`, "name a cluster in envoy_grpc");
    return null;
  }
  const cluster = text(grpc, "cluster_name") ?? "";
  return {
    protocol: "grpc",
    cluster,
    authority: text(grpc, "authority") || cluster,
    path: otlpMethod(signal),
    timeoutMs: millis(service, "timeout") || EXPORT_MS,
    headers: children(service, "initial_metadata").map((header) => fieldOf(header)),
  };
}

function httpTarget(context: CompileContext, service: CheckedMessage, signal: OtlpSignal): OtlpTargetPlan | null {
  const uri = child(service, "http_uri");
  if (uri === undefined) {
    context.error(service, "http_uri", "an http_service needs an http_uri");
    return null;
  }
  const [, authority = "", path = ""] = /^https?:\/\/([^/?#]+)([^#]*)/.exec(text(uri, "uri") ?? "") ?? [];
  if (authority === "") context.error(uri, "uri", `the URI of a collector is http://host:port/v1/${WHAT_PATH[signal]}`);
  return {
    protocol: "http",
    cluster: text(uri, "cluster") ?? "",
    authority,
    path: path === "" ? "/" : path,
    timeoutMs: millis(uri, "timeout") || EXPORT_MS,
    headers: serviceHeaders(service),
  };
}

function fieldOf(header: CheckedMessage): { readonly name: string; readonly value: string } {
  return { name: (text(header, "key") ?? "").toLowerCase(), value: headerValue(header) };
}

const WHAT = { trace: "spans", metrics: "metrics", logs: "records of access logs" } as const;
const WHAT_PATH = { trace: "traces", metrics: "metrics", logs: "logs" } as const;
const EXPORT_MS = 10_000;
