// Codec options of one side with Starling's limits applied. Called for HTTP connection managers and clusters.
import type { CheckedMessage } from "../load/checked.ts";
import { child, count, decimal, flag, millis, text } from "../load/fields.ts";
import type { Http1Plan, Http2Plan, HttpProtocolPlan, KeepalivePlan } from "../plan/http-protocol.ts";
import type { CompileContext } from "./context.ts";

/** The messages one side's options come from; any may be absent. */
export interface HttpProtocolSources {
  readonly common: CheckedMessage | undefined;
  readonly http1: CheckedMessage | undefined;
  readonly http2: CheckedMessage | undefined;
  /** Request heads of a manager, response heads of a cluster: already in bytes. */
  readonly headersBytesMax: number;
  /** headers_with_underscores_action has its effect: on what clients send, not on answers of a cluster (as its proto says). */
  readonly judgesNames: boolean;
}

/** Compiles the options of both codecs. */
export function compileHttpProtocol(context: CompileContext, sources: HttpProtocolSources): HttpProtocolPlan {
  const { common, headersBytesMax } = sources;
  const headersCountMax = (common === undefined ? undefined : count(common, "max_headers_count")) ?? HEADERS_COUNT_MAX;
  const judged = sources.judgesNames ? common : undefined;
  const action = judged === undefined ? undefined : text(judged, "headers_with_underscores_action");
  const shared: SharedLimits = {
    headersBytesMax,
    headersCountMax,
    underscores: action === "REJECT_REQUEST" ? "reject" : action === "DROP_HEADER" ? "drop" : "allow",
  };
  return { http1: compileHttp1(context, sources.http1, shared), http2: compileHttp2(context, sources.http2, shared) };
}

/** Envoy's max_request_headers_kb and max_response_headers_kb where they are not set: 60 KiB. */
export const HEADERS_BYTES_MAX = 61_440;

interface SharedLimits {
  readonly headersBytesMax: number;
  readonly headersCountMax: number;
  readonly underscores: Http1Plan["underscores"];
}

function compileHttp1(context: CompileContext, options: CheckedMessage | undefined, shared: SharedLimits): Http1Plan {
  const { trailersBytesMax, chunkExtensionBytesMax } = context.defaults;
  const fixed = { ...shared, trailersBytesMax, chunkExtensionBytesMax };
  if (options === undefined) {
    return {
      ...fixed,
      acceptHttp10: false,
      defaultHostForHttp10: "",
      trailers: false,
      properCase: false,
      allowAbsoluteUrl: true,
    };
  }
  return {
    ...fixed,
    acceptHttp10: flag(options, "accept_http_10") ?? false,
    defaultHostForHttp10: text(options, "default_host_for_http_10") ?? "",
    trailers: flag(options, "enable_trailers") ?? false,
    properCase: properCase(context, options),
    allowAbsoluteUrl: flag(options, "allow_absolute_url") ?? true,
  };
}

function properCase(context: CompileContext, options: CheckedMessage): boolean {
  const format = child(options, "header_key_format");
  if (format === undefined) return false;
  if (child(format, "stateful_formatter") !== undefined) {
    context.warn(
      format,
      "stateful_formatter",
      "stateful header formatters are not acted on: names are written in lower case",
    );
    return false;
  }
  return child(format, "proper_case_words") !== undefined;
}

function compileHttp2(context: CompileContext, options: CheckedMessage | undefined, shared: SharedLimits): Http2Plan {
  const { defaults } = context;
  const number = (field: string, absent: number): number =>
    (options === undefined ? undefined : count(options, field)) ?? absent;
  return {
    ...shared,
    trailersBytesMax: defaults.trailersBytesMax,
    concurrentStreamsMax: number("max_concurrent_streams", defaults.concurrentStreamsMax),
    initialStreamWindowBytes: number("initial_stream_window_size", defaults.streamWindowBytes),
    initialConnectionWindowBytes: number("initial_connection_window_size", defaults.connectionWindowBytes),
    hpackTableBytes: number("hpack_table_size", 4_096),
    frameBytesMax: 16_384,
    allowConnect: (options === undefined ? undefined : flag(options, "allow_connect")) ?? false,
    controlFramesQueuedMax: number("max_outbound_control_frames", 1_000),
    resetsPerSecondMax: defaults.resetsPerSecondMax,
    pingsPerSecondMax: defaults.pingsPerSecondMax,
    settingsPerSecondMax: defaults.settingsPerSecondMax,
    emptyDataPerSecondMax: defaults.emptyDataPerSecondMax,
    continuationsMax: defaults.continuationsMax,
    priorityPerStreamMax: number("max_inbound_priority_frames_per_stream", 100),
    windowUpdatesPerDataMax: number("max_inbound_window_update_frames_per_data_frame_sent", 10),
    serverResetsMax: 500,
    stalledStreamsMax: defaults.stalledStreamsMax,
    keepalive: options === undefined ? null : compileKeepalive(child(options, "connection_keepalive")),
  };
}

function compileKeepalive(keepalive: CheckedMessage | undefined): KeepalivePlan | null {
  if (keepalive === undefined) return null;
  const jitter = child(keepalive, "interval_jitter");
  return {
    intervalMs: millis(keepalive, "interval") || Number.POSITIVE_INFINITY,
    timeoutMs: millis(keepalive, "timeout") ?? Number.POSITIVE_INFINITY,
    jitterPercent: jitter === undefined ? 15 : (decimal(jitter, "value") ?? 0),
    idleIntervalMs: millis(keepalive, "connection_idle_interval") || Number.POSITIVE_INFINITY,
  };
}

const HEADERS_COUNT_MAX = 100;
