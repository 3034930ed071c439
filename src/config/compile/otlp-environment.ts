// The OTEL_* variables that say where a node sends its metrics and its own log: a collector that no file names. Each endpoint becomes a cluster
// of the variable's name, looked up, connected and shown like those of the file. Called by bootstrap.ts.
import { parseIp } from "../../base/ip-address.ts";
import type { CheckedMessage } from "../load/checked.ts";
import { loadMessageText } from "../load/load-config.ts";
import type { MetricsSinkPlan } from "../plan/otlp.ts";
import type { OtlpTargetPlan } from "../plan/otlp-target.ts";
import type { CompileContext } from "./context.ts";
import { otlpMethod } from "./otlp-target.ts";

/** What the environment asks for. */
export interface OtlpEnvironment {
  /** Clusters of its collectors. */
  readonly clusters: readonly CheckedMessage[];
  readonly metrics: MetricsSinkPlan | null;
  readonly ownLog: OtlpTargetPlan | null;
}

/** Reads the variables; what is set and not honoured is said by name. */
export function compileOtlpEnvironment(context: CompileContext): OtlpEnvironment {
  const variable = (name: string): string => context.options.environment(name) ?? "";
  if (variable("OTEL_SDK_DISABLED").toLowerCase() === "true") return { clusters: [], metrics: null, ownLog: null };
  const clusters = new Map<string, CheckedMessage>();
  const metrics = targetOf(context, "METRICS", clusters);
  const ownLog = targetOf(context, "LOGS", clusters);
  sayUnused(context);
  return { clusters: [...clusters.values()], metrics: metrics === null ? null : sinkOf(variable, metrics), ownLog };
}

type Variables = (name: string) => string;

function sinkOf(variable: Variables, target: OtlpTargetPlan): MetricsSinkPlan {
  const isDelta = /^(delta|lowmemory)$/i.test(variable("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"));
  return {
    target,
    intervalMs: wholeOf(variable("OTEL_METRIC_EXPORT_INTERVAL"), 60_000),
    countersAsDeltas: isDelta,
    histogramsAsDeltas: isDelta,
    emitsTags: true,
    usesTaglessNames: true,
    prefix: "",
    pointsMax: Number.POSITIVE_INFINITY,
  };
}

/** Null: nothing of this kind is sent. */
function targetOf(
  context: CompileContext,
  signal: "METRICS" | "LOGS",
  clusters: Map<string, CheckedMessage>,
): OtlpTargetPlan | null {
  const variable = (name: string): string => context.options.environment(name) ?? "";
  const exporter = variable(`OTEL_${signal}_EXPORTER`);
  if (exporter !== "" && exporter !== "otlp") {
    if (exporter !== "none")
      warn(context, `OTEL_${signal}_EXPORTER`, `'${exporter}' is not acted on: use otlp or none`);
    return null;
  }
  const own = `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`;
  const name = variable(own) !== "" ? own : COMMON;
  const isGiven = variable(name) !== "";
  if (!isGiven && exporter === "") return null;
  const protocol = variable(`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`) || variable("OTEL_EXPORTER_OTLP_PROTOCOL");
  const url = urlOf(isGiven ? variable(name) : `http://localhost:${protocol === "grpc" ? GRPC_PORT : HTTP_PORT}`);
  if (url === null) {
    context.errors.push({ ...place(name), message: `'${variable(name)}' is no endpoint: write http://host:port` });
    return null;
  }
  if (protocol !== "" && protocol !== "grpc" && protocol !== "http/protobuf") {
    warn(context, "OTEL_EXPORTER_OTLP_PROTOCOL", `'${protocol}' is not acted on: http/protobuf is used`);
  }
  const isGrpc = protocol === "grpc" || (protocol === "" && url.port === String(GRPC_PORT));
  const cluster = isGrpc ? `${name}_GRPC` : name;
  const certificate =
    variable(`OTEL_EXPORTER_OTLP_${signal}_CERTIFICATE`) || variable("OTEL_EXPORTER_OTLP_CERTIFICATE");
  const made = loadCluster(cluster, url, isGrpc, certificate);
  if (made === null) throw new Error(`otlp: the cluster of ${name} is wrong`);
  clusters.set(cluster, made);
  // The common endpoint is what paths of the kinds stand below.
  const base = url.pathname.replace(/\/$/, "");
  const path = name === COMMON ? `${base}/v1/${signal.toLowerCase()}` : url.pathname;
  const timeout = variable(`OTEL_EXPORTER_OTLP_${signal}_TIMEOUT`) || variable("OTEL_EXPORTER_OTLP_TIMEOUT");
  return {
    protocol: isGrpc ? "grpc" : "http",
    cluster,
    authority: url.host,
    path: isGrpc ? otlpMethod(signal === "METRICS" ? "metrics" : "logs") : path,
    timeoutMs: wholeOf(timeout, 10_000),
    headers: [],
  };
}

function urlOf(text: string): URL | null {
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  return url !== null && /^https?:$/.test(url.protocol) && url.hostname !== "" ? url : null;
}

function loadCluster(name: string, url: URL, isGrpc: boolean, certificate: string): CheckedMessage | null {
  const isTls = url.protocol === "https:";
  const address = url.hostname.replace(/^\[|\]$/g, "");
  const port_value = Number(url.port || (isTls ? 443 : 80));
  const endpoint = { address: { socket_address: { address, port_value } } };
  const isAddress = parseIp(address) !== null;
  const validation_context = {
    ...(certificate === "" ? { system_root_certs: {} } : { trusted_ca: { filename: certificate } }),
    // Of all that an authority has signed, only the endpoint's own.
    match_typed_subject_alt_names: [{ san_type: isAddress ? "IP_ADDRESS" : "DNS", matcher: { exact: address } }],
  };
  const file = {
    name,
    type: isAddress ? "STATIC" : "STRICT_DNS",
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
    ...(isGrpc ? { typed_extension_protocol_options: { [HTTP_OPTIONS]: HTTP2 } } : {}),
    ...(isTls
      ? {
          transport_socket: {
            name: "tls",
            typed_config: {
              "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
              sni: address,
              common_tls_context: { validation_context },
            },
          },
        }
      : {}),
  };
  return loadMessageText(JSON.stringify(file), "envoy.config.cluster.v3.Cluster", { file: name }).message;
}

/** Variables of the specification that change nothing here. */
function sayUnused(context: CompileContext): void {
  const names = ["TRACES", "METRICS", "LOGS"].flatMap((signal) => [
    `OTEL_EXPORTER_OTLP_${signal}_COMPRESSION`,
    `OTEL_EXPORTER_OTLP_${signal}_CLIENT_KEY`,
    `OTEL_EXPORTER_OTLP_${signal}_CLIENT_CERTIFICATE`,
  ]);
  for (const name of [...names, ...UNUSED]) {
    const text = context.options.environment(name) ?? "";
    if (text !== "" && text !== "none") warn(context, name, "the variable is not acted on");
  }
  for (const name of ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER"]) {
    const text = context.options.environment(name) ?? "";
    if (text !== "") warn(context, name, "the variable is not acted on: spans go where the tracer of a file says");
  }
}

function warn(context: CompileContext, name: string, message: string): void {
  context.warnings.push({ ...place(name), message });
}

function place(name: string) {
  return { file: name, line: 0, column: 0, path: "" };
}

function wholeOf(text: string, otherwise: number): number {
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : otherwise;
}

const COMMON = "OTEL_EXPORTER_OTLP_ENDPOINT";
const GRPC_PORT = 4317;
const HTTP_PORT = 4318;
const UNUSED: readonly string[] = [
  "OTEL_EXPORTER_OTLP_COMPRESSION",
  "OTEL_EXPORTER_OTLP_CLIENT_KEY",
  "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
  "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
  "OTEL_METRIC_EXPORT_TIMEOUT",
  "OTEL_METRICS_EXEMPLAR_FILTER",
  "OTEL_PROPAGATORS",
  "OTEL_TRACES_SAMPLER",
  "OTEL_TRACES_SAMPLER_ARG",
  "OTEL_BSP_EXPORT_TIMEOUT",
  "OTEL_BLRP_EXPORT_TIMEOUT",
];
const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const HTTP2 = {
  "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
  explicit_http_config: { http2_protocol_options: {} },
};
