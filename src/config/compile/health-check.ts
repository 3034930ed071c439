// envoy.config.core.v3.HealthCheck to HealthCheckPlan: what all kinds of checks share. Called by cluster.ts; the kinds have files of
// their own.
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, count, flag, millis, text, texts } from "../load/fields.ts";
import type { HealthCheckPlan } from "../plan/health-check.ts";
import type { CompileContext } from "./context.ts";
import { compileGrpcCheck } from "./health-check-grpc.ts";
import { compileHttpCheck } from "./health-check-http.ts";
import { compileTcpCheck } from "./health-check-tcp.ts";
import { statName } from "./stat-name.ts";

/** What checks have to know of their cluster. */
export interface CheckedClusterFacts {
  readonly supportsHttp2: boolean;
  readonly hasTls: boolean;
}

/** Compiles Cluster.health_checks in the file's order. */
export function compileHealthChecks(
  context: CompileContext,
  cluster: CheckedMessage,
  facts: CheckedClusterFacts,
): HealthCheckPlan[] {
  const checks = children(cluster, "health_checks");
  const names = namesOf(context, checks);
  return checks.flatMap((check, index) => {
    const common = { name: statName(names[index] ?? ""), ...timesOf(check), ...restOf(context, check) };
    const checker = checkerOf(context, cluster, check, facts);
    return checker === null ? [] : [{ ...common, checker }];
  });
}

function namesOf(context: CompileContext, checks: readonly CheckedMessage[]): readonly string[] {
  const seen = new Set<string>();
  return checks.map((check, index) => {
    let name = text(check, "name") ?? "";
    if (checks.length === 1) return name;
    if (name === "") {
      name = String(index);
      const missing = `health check at index ${index} is missing a name`;
      const envoySays = `${missing}; all health checks must have a name when multiple health checks are configured`;
      context.deviation(check, "name", envoySays, `${missing} and is called '${name}' here; write name: ${name}`);
    } else if (seen.has(name)) {
      const says = `duplicate health check name '${name}' at index ${index}`;
      context.error(check, "name", `${says}; all health check names must be unique within a cluster`);
    }
    seen.add(name);
    return name;
  });
}

function checkerOf(
  context: CompileContext,
  cluster: CheckedMessage,
  check: CheckedMessage,
  { supportsHttp2, hasTls }: CheckedClusterFacts,
): HealthCheckPlan["checker"] | null {
  const http = child(check, "http_health_check");
  if (http !== undefined) {
    if (flag(http, "use_alpn_protocol") === true && !hasTls) sayNoAlpn(context, cluster, http);
    return compileHttpCheck(context, http);
  }
  const tcp = child(check, "tcp_health_check");
  if (tcp !== undefined) return compileTcpCheck(context, tcp);
  const grpc = child(check, "grpc_health_check");
  if (grpc !== undefined) {
    if (!supportsHttp2) sayNoHttp2(context, cluster, check);
    return compileGrpcCheck(context, grpc);
  }
  const name = text(child(check, "custom_health_check") as CheckedMessage, "name") ?? "";
  const instead = "use http_health_check, grpc_health_check or tcp_health_check (with send and receive)";
  context.refuse(check, "custom_health_check", `the health checker '${name}'`, instead);
  return null;
}

function sayNoHttp2(context: CompileContext, cluster: CheckedMessage, check: CheckedMessage): void {
  const name = text(cluster, "name") ?? "";
  // A warning counts the field as dealt with, so it goes to the check as a whole: what is unread below is still said.
  context.deviation(
    check,
    "",
    `${name} cluster must support HTTP/2 for gRPC healthchecking`,
    "a gRPC health check in a cluster without HTTP/2 probes over HTTP/2 all the same; write typed_extension_protocol_options " +
      "with envoy.extensions.upstreams.http.v3.HttpProtocolOptions (explicit_http_config: { http2_protocol_options: {} })",
  );
}

function sayNoAlpn(context: CompileContext, cluster: CheckedMessage, http: CheckedMessage): void {
  const name = text(cluster, "name") ?? "";
  const says = `use_alpn_protocol configured for the health check of cluster ${name} which has a non-ALPN transport socket`;
  context.error(http, "use_alpn_protocol", says);
}

type Times = Pick<
  HealthCheckPlan,
  | "timeoutMs"
  | "intervalMs"
  | "initialJitterMs"
  | "intervalJitterMs"
  | "intervalJitterPercent"
  | "noTrafficIntervalMs"
  | "noTrafficHealthyIntervalMs"
  | "unhealthyIntervalMs"
  | "unhealthyEdgeIntervalMs"
  | "healthyEdgeIntervalMs"
>;

function timesOf(check: CheckedMessage): Times {
  const intervalMs = spanMs(check, "interval", 1);
  const noTrafficIntervalMs = spanMs(check, "no_traffic_interval", 60_000);
  const unhealthyIntervalMs = spanMs(check, "unhealthy_interval", intervalMs);
  return {
    timeoutMs: spanMs(check, "timeout", 1),
    intervalMs,
    initialJitterMs: Math.trunc(millis(check, "initial_jitter") ?? 0),
    intervalJitterMs: Math.trunc(millis(check, "interval_jitter") ?? 0),
    intervalJitterPercent: count(check, "interval_jitter_percent") ?? 0,
    noTrafficIntervalMs,
    noTrafficHealthyIntervalMs: spanMs(check, "no_traffic_healthy_interval", noTrafficIntervalMs),
    unhealthyIntervalMs,
    unhealthyEdgeIntervalMs: spanMs(check, "unhealthy_edge_interval", unhealthyIntervalMs),
    healthyEdgeIntervalMs: spanMs(check, "healthy_edge_interval", intervalMs),
  };
}

// Whole milliseconds as Envoy counts them, but at least one: nothing may probe without a pause.
function spanMs(check: CheckedMessage, field: string, absentMs: number): number {
  const value = millis(check, field);
  return value === undefined ? absentMs : Math.max(1, Math.trunc(value));
}

function restOf(
  context: CompileContext,
  check: CheckedMessage,
): Omit<HealthCheckPlan, keyof Times | "name" | "checker"> {
  if (check.fields["event_service"] !== undefined) {
    context.refuse(check, "event_service", "a health check event service", `use event_logger with ${FILE_SINK}`);
  }
  if (check.fields["transport_socket_match_criteria"] !== undefined) {
    const field = "transport_socket_match_criteria";
    context.warn(check, field, `${field} chooses nothing: a cluster has one transport_socket, and probes use it`);
  }
  const tls = child(check, "tls_options");
  return {
    unhealthyThreshold: threshold(context, check, "unhealthy_threshold"),
    healthyThreshold: threshold(context, check, "healthy_threshold"),
    reuseConnection: flag(check, "reuse_connection") ?? true,
    altPort: altPort(context, check),
    alwaysLogFailures: flag(check, "always_log_health_check_failures") ?? false,
    alwaysLogSuccess: flag(check, "always_log_health_check_success") ?? false,
    eventLogPaths: eventLogPaths(context, check),
    alpn: tls === undefined ? [] : texts(tls, "alpn_protocols"),
  };
}

function threshold(context: CompileContext, check: CheckedMessage, field: string): number {
  const value = count(check, field) ?? 0;
  if (value === 0) context.warn(check, field, `${field} 0 is never reached, as in Envoy; write 1`);
  return value;
}

function altPort(context: CompileContext, check: CheckedMessage): number {
  const port = count(check, "alt_port") ?? 0;
  if (port > 65_535) context.refuse(check, "alt_port", `the port ${port}`, "give one of 1 to 65535");
  return port;
}

function eventLogPaths(context: CompileContext, check: CheckedMessage): string[] {
  const deprecated = text(check, "event_log_path") ?? "";
  const sinks = children(check, "event_logger").flatMap((logger) => {
    const name = text(logger, "name") ?? "";
    const config = child(logger, "typed_config");
    if (config?.type === FILE_SINK) return [text(config, "event_log_path") ?? ""];
    context.refuse(logger, "typed_config", `the event logger '${name}' (${config?.type ?? ""})`, `use ${FILE_SINK}`);
    return [];
  });
  return deprecated === "" ? sinks : [deprecated, ...sinks];
}

const FILE_SINK = "envoy.extensions.health_check.event_sinks.file.v3.HealthCheckEventFileSink";
