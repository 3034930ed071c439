// envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager to its plan. Called by filter-chain.ts.

import { wireText } from "../../base/wire-text.ts";
import type { CheckedMessage } from "../load/checked.ts";
import { child, children, count, decimal, flag, has, millis, oneOf, text } from "../load/fields.ts";
import type { HttpFilterPlan } from "../plan/http-filter.ts";
import type { HttpConnectionManagerPlan } from "../plan/listener.ts";
import type { RouteConfigPlan } from "../plan/route.ts";
import { compileAccessLogs } from "./access-log.ts";
import { compileClientCertificate } from "./client-certificate.ts";
import type { CompileContext } from "./context.ts";
import { compileHttpFilters } from "./http-filters.ts";
import { compileHttpProtocol, HEADERS_BYTES_MAX } from "./http-protocol.ts";
import { compileLocalReply } from "./local-reply.ts";
import { statName } from "./stat-name.ts";
import { timeoutMs } from "./timeout-ms.ts";
import { compileTracing } from "./tracing.ts";
import { compileUpgradeTypes } from "./upgrade.ts";
import { compileRouteConfig, NO_ROUTES } from "./virtual-host.ts";

/** The full name of the message. */
export const HTTP_CONNECTION_MANAGER =
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

/** Compiles a manager. */
export function compileHttpConnectionManager(
  context: CompileContext,
  manager: CheckedMessage,
): HttpConnectionManagerPlan {
  const headersKb = count(manager, "max_request_headers_kb");
  const headersBytesMax = headersKb === undefined ? HEADERS_BYTES_MAX : headersKb * 1_024;
  const common = child(manager, "common_http_protocol_options");
  const filters = compileHttpFilters(context, manager);
  return {
    kind: "http",
    statPrefix: statName(text(manager, "stat_prefix") ?? ""),
    codec: codecOf(context, manager),
    routes: routesOf(context, manager, filters),
    filters,
    ...accessLogging(context, manager),
    tracing: compileTracing(context, manager, context.isOutbound),
    serverName: wireText(text(manager, "server_name") ?? "") || "envoy",
    serverHeader: SERVER_HEADER[text(manager, "server_header_transformation") ?? ""] ?? "overwrite",
    via: wireText(text(manager, "via") ?? ""),
    http: compileHttpProtocol(context, {
      common,
      http1: child(manager, "http_protocol_options"),
      http2: child(manager, "http2_protocol_options"),
      headersBytesMax,
      judgesNames: true,
    }),
    headersBytesMax,
    ...timesOf(context, manager, common),
    ...addressing(context, manager),
    ...pathHandling(context, manager),
    suppressEnvoyHeaders: filters.some((filter) => filter.kind === "router" && filter.suppressEnvoyHeaders),
    upgradeTypes: compileUpgradeTypes(context, manager),
    proxy100Continue: flag(manager, "proxy_100_continue") ?? false,
    streamErrorOnInvalidHttp: flag(manager, "stream_error_on_invalid_http_message") ?? false,
    clientCertificate: compileClientCertificate(context, manager),
    localReplies: compileLocalReply(context, manager),
  };
}

function codecOf(context: CompileContext, manager: CheckedMessage): HttpConnectionManagerPlan["codec"] {
  switch (text(manager, "codec_type") ?? "AUTO") {
    case "HTTP1":
      return "http1";
    case "HTTP2":
      return "http2";
    case "HTTP3":
      context.error(manager, "codec_type", "HTTP/3 codec configured on non-QUIC listener.");
      return "auto";
    default:
      return "auto";
  }
}

function routesOf(
  context: CompileContext,
  manager: CheckedMessage,
  filters: readonly HttpFilterPlan[],
): RouteConfigPlan {
  const kind = oneOf(manager, ["route_config", "rds", "scoped_routes"]);
  if (kind === "route_config") {
    const limitsRates = filters.some((filter) => filter.kind === "local_ratelimit");
    const names = new Set(filters.map(({ name }) => name));
    return compileRouteConfig(context, child(manager, kind) as CheckedMessage, names, limitsRates);
  }
  const feature = kind === "rds" ? "routes from a discovery server or file (rds)" : "scoped routes";
  context.refuse(manager, kind ?? "", feature, "give the routes as route_config");
  return NO_ROUTES;
}

function accessLogging(
  context: CompileContext,
  manager: CheckedMessage,
): Pick<HttpConnectionManagerPlan, "accessLogs" | "logIntervalMs" | "logsNewRequests" | "logsTunnels"> {
  const options = child(manager, "access_log_options");
  const interval =
    (options === undefined ? undefined : millis(options, "access_log_flush_interval")) ??
    millis(manager, "access_log_flush_interval");
  const ofOptions = (field: string): boolean | undefined => (options === undefined ? undefined : flag(options, field));
  return {
    accessLogs: compileAccessLogs(context, manager, "access_log"),
    logIntervalMs: interval ?? Number.POSITIVE_INFINITY,
    logsNewRequests:
      ofOptions("flush_access_log_on_new_request") ?? flag(manager, "flush_access_log_on_new_request") ?? false,
    logsTunnels: ofOptions("flush_log_on_tunnel_successfully_established") ?? false,
  };
}

type Times = Pick<
  HttpConnectionManagerPlan,
  | "idleTimeoutMs"
  | "streamIdleTimeoutMs"
  | "streamFlushTimeoutMs"
  | "requestTimeoutMs"
  | "requestHeadersTimeoutMs"
  | "connectionDurationMaxMs"
  | "connectionDurationJitterPercent"
  | "streamDurationMaxMs"
  | "requestsPerConnectionMax"
  | "drainTimeoutMs"
  | "drainTimeoutJitterPercent"
  | "delayedCloseTimeoutMs"
>;

function timesOf(context: CompileContext, manager: CheckedMessage, common: CheckedMessage | undefined): Times {
  const none = Number.POSITIVE_INFINITY;
  const ofCommon = (field: string, absent: number): number =>
    common === undefined ? absent : timeoutMs(common, field, absent);
  const requests = common === undefined ? undefined : count(common, "max_requests_per_connection");
  return {
    idleTimeoutMs: ofCommon("idle_timeout", 3_600_000),
    streamIdleTimeoutMs: timeoutMs(manager, "stream_idle_timeout", 300_000),
    streamFlushTimeoutMs: timeoutMs(
      manager,
      "stream_flush_timeout",
      timeoutMs(manager, "stream_idle_timeout", context.defaults.streamFlushTimeoutMs),
    ),
    requestTimeoutMs: timeoutMs(manager, "request_timeout", none),
    requestHeadersTimeoutMs: timeoutMs(manager, "request_headers_timeout", context.defaults.requestHeadersTimeoutMs),
    connectionDurationMaxMs: ofCommon("max_connection_duration", none),
    connectionDurationJitterPercent: common === undefined ? 0 : percentOf(common, "max_connection_duration_jitter"),
    streamDurationMaxMs: ofCommon("max_stream_duration", none),
    requestsPerConnectionMax: requests === undefined || requests === 0 ? none : requests,
    drainTimeoutMs: millis(manager, "drain_timeout") ?? 5_000,
    drainTimeoutJitterPercent: percentOf(manager, "drain_timeout_jitter"),
    delayedCloseTimeoutMs: millis(manager, "delayed_close_timeout") ?? 1_000,
  };
}

function percentOf(message: CheckedMessage, field: string): number {
  const percent = child(message, field);
  return percent === undefined ? 0 : (decimal(percent, "value") ?? 0);
}

type Addressing = Pick<
  HttpConnectionManagerPlan,
  | "useRemoteAddress"
  | "xffTrustedHops"
  | "skipXffAppend"
  | "internalCidrs"
  | "generateRequestId"
  | "preserveExternalRequestId"
  | "alwaysSetRequestIdInResponse"
  | "appendForwardedPort"
>;

function addressing(context: CompileContext, manager: CheckedMessage): Addressing {
  if (children(manager, "original_ip_detection_extensions").length > 0) {
    context.refuse(
      manager,
      "original_ip_detection_extensions",
      "original IP detection extensions",
      "use use_remote_address and xff_num_trusted_hops",
    );
  }
  return {
    useRemoteAddress: flag(manager, "use_remote_address") ?? false,
    xffTrustedHops: count(manager, "xff_num_trusted_hops") ?? 0,
    skipXffAppend: flag(manager, "skip_xff_append") ?? false,
    internalCidrs: internalCidrs(context, manager),
    generateRequestId: flag(manager, "generate_request_id") ?? true,
    preserveExternalRequestId: flag(manager, "preserve_external_request_id") ?? false,
    alwaysSetRequestIdInResponse: flag(manager, "always_set_request_id_in_response") ?? false,
    appendForwardedPort: flag(manager, "append_x_forwarded_port") ?? false,
  };
}

function internalCidrs(context: CompileContext, manager: CheckedMessage): readonly string[] | null {
  const config = child(manager, "internal_address_config");
  if (config === undefined) return null;
  if (flag(config, "unix_sockets") === true) {
    context.warn(config, "unix_sockets", "unix_sockets is accepted and not acted on");
  }
  return children(config, "cidr_ranges").map(
    (range) => `${text(range, "address_prefix") ?? ""}/${count(range, "prefix_len") ?? 0}`,
  );
}

type PathHandling = Pick<
  HttpConnectionManagerPlan,
  "normalizePath" | "mergeSlashes" | "escapedSlashes" | "stripHostPort" | "stripTrailingHostDot"
>;

function pathHandling(context: CompileContext, manager: CheckedMessage): PathHandling {
  const matching = flag(manager, "strip_matching_host_port") === true;
  const any = oneOf(manager, ["strip_any_host_port"]) !== undefined && flag(manager, "strip_any_host_port") === true;
  if (matching && any) {
    const says = "Error: Only one of `strip_matching_host_port` or `strip_any_host_port` can be set.";
    context.error(manager, "strip_any_host_port", says);
  }
  if (has(manager, "path_normalization_options")) {
    context.refuse(
      manager,
      "path_normalization_options",
      "path_normalization_options",
      "use normalize_path and merge_slashes",
    );
  }
  return {
    normalizePath: flag(manager, "normalize_path") ?? false,
    mergeSlashes: flag(manager, "merge_slashes") ?? false,
    escapedSlashes: ESCAPED_SLASHES[text(manager, "path_with_escaped_slashes_action") ?? ""] ?? "keep",
    stripHostPort: any ? "any" : matching ? "matching" : "none",
    stripTrailingHostDot: flag(manager, "strip_trailing_host_dot") ?? false,
  };
}

const SERVER_HEADER: Readonly<Record<string, HttpConnectionManagerPlan["serverHeader"]>> = {
  OVERWRITE: "overwrite",
  APPEND_IF_ABSENT: "append_if_absent",
  PASS_THROUGH: "pass_through",
};

const ESCAPED_SLASHES: Readonly<Record<string, HttpConnectionManagerPlan["escapedSlashes"]>> = {
  KEEP_UNCHANGED: "keep",
  REJECT_REQUEST: "reject",
  UNESCAPE_AND_REDIRECT: "redirect",
  UNESCAPE_AND_FORWARD: "forward",
};
