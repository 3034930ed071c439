// What any thread asks the main thread to log.

/** Envoy's log levels from the most to the least talkative. */
export const LOG_LEVELS = ["trace", "debug", "info", "warning", "error", "critical", "off"] as const;

/** One of the levels. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One line. `component` is Envoy's logger name: `main`, `config`, `upstream`, `admin` … */
export interface LogLine {
  readonly level: LogLevel;
  readonly component: string;
  readonly text: string;
}

/** A line that was logged. */
export interface LoggedLine extends LogLine {
  /** Grows by one with each. */
  readonly number: number;
  readonly wallMs: number;
}

/** The components that Starling logs under, named as Envoy's loggers. */
export const LOG_COMPONENTS: readonly string[] = [
  "admin",
  "client",
  "config",
  "connection",
  "dns",
  "filter",
  "health_checker",
  "http",
  "http2",
  "main",
  "misc",
  "pool",
  "router",
  "runtime",
  "tracing",
  "upstream",
];

/** Envoy 1.40's other loggers: a level for one of them changes nothing. */
const SILENT_COMPONENTS: readonly string[] = (
  "a2a ai_protocol_manager alternate_protocols_cache aws assert backtrace basic_auth cache_filter " +
  "conn_handler compression credential_injector decompression dubbo envoy_bug ext_authz ext_proc " +
  "rocketmq file forward_proxy geolocation grpc happy_eyeballs hc hystrix init io jwt json_rpc " +
  "kafka key_value_store lua local_rate_limit matcher mcp mongo multi_connection notification oauth2 " +
  "quic quic_stream rate_limit_quota rbac rds redis stats secret sse tap testing thrift udp " +
  "wasm websocket golang stats_sinks dynamic_modules ip_tagging"
).split(" ");

/** Whether Envoy has a logger of this name. */
export function isComponent(name: string): boolean {
  return LOG_COMPONENTS.includes(name) || SILENT_COMPONENTS.includes(name);
}
