// Which protocol a cluster speaks, from HttpProtocolOptions or the deprecated fields of the cluster. Called by cluster.ts.
import type { CheckedMessage } from "../load/checked.ts";
import { child, childEntries, children, count, flag, has, oneOf, text } from "../load/fields.ts";
import type { ClusterPlan } from "../plan/cluster.ts";
import type { CompileContext } from "./context.ts";
import { compileHashPolicy } from "./hash-policy.ts";
import { compileHttpProtocol, HEADERS_BYTES_MAX } from "./http-protocol.ts";
import { compileRetry } from "./retry.ts";
import { timeoutMs } from "./timeout-ms.ts";

/** What a cluster's protocol options decide. */
export type UpstreamProtocolPlan = Pick<
  ClusterPlan,
  | "protocol"
  | "http"
  | "requestsPerConnectionMax"
  | "idleTimeoutMs"
  | "connectionDurationMaxMs"
  | "streamDurationMaxMs"
  | "retry"
  | "hashPolicy"
  | "autoSni"
  | "autoSanValidation"
> & {
  /** Whether Envoy takes the cluster to support HTTP/2, as a gRPC check needs. */
  readonly supportsHttp2: boolean;
};

/** Compiles the options of a cluster. */
export function compileUpstreamProtocol(context: CompileContext, cluster: CheckedMessage): UpstreamProtocolPlan {
  const options = optionsOf(context, cluster);
  const sources = options === undefined ? deprecatedSources(cluster) : typedSources(context, options);
  const common = sources.common;
  const headersKb = common === undefined ? undefined : count(common, "max_response_headers_kb");
  const requests =
    (common === undefined ? undefined : count(common, "max_requests_per_connection")) ??
    count(cluster, "max_requests_per_connection");
  const retry = options === undefined ? undefined : child(options, "retry_policy");
  const none = Number.POSITIVE_INFINITY;
  return {
    protocol: sources.protocol,
    supportsHttp2: sources.http2 !== undefined || sources.protocol === "alpn",
    http: compileHttpProtocol(context, {
      ...sources,
      judgesNames: false,
      headersBytesMax: headersKb === undefined ? HEADERS_BYTES_MAX : headersKb * 1_024,
    }),
    requestsPerConnectionMax: requests === undefined || requests === 0 ? none : requests,
    idleTimeoutMs: common === undefined ? 3_600_000 : timeoutMs(common, "idle_timeout", 3_600_000),
    connectionDurationMaxMs: common === undefined ? none : timeoutMs(common, "max_connection_duration", none),
    streamDurationMaxMs: common === undefined ? none : timeoutMs(common, "max_stream_duration", none),
    retry: retry === undefined ? null : compileRetry(context, retry),
    hashPolicy: options === undefined ? [] : compileHashPolicy(context, options),
    autoSni: (sources.upstream === undefined ? undefined : flag(sources.upstream, "auto_sni")) ?? false,
    autoSanValidation:
      (sources.upstream === undefined ? undefined : flag(sources.upstream, "auto_san_validation")) ?? false,
  };
}

interface Sources {
  readonly protocol: ClusterPlan["protocol"];
  readonly common: CheckedMessage | undefined;
  readonly http1: CheckedMessage | undefined;
  readonly http2: CheckedMessage | undefined;
  readonly upstream: CheckedMessage | undefined;
}

function optionsOf(context: CompileContext, cluster: CheckedMessage): CheckedMessage | undefined {
  let found: CheckedMessage | undefined;
  for (const [name, options] of childEntries(cluster, "typed_extension_protocol_options")) {
    if (options.type === HTTP_PROTOCOL_OPTIONS && name === HTTP_PROTOCOL_OPTIONS) {
      found = options;
      continue;
    }
    const feature = `protocol options '${name}' (${options.type})`;
    context.refuse(cluster, "typed_extension_protocol_options", feature, `use ${HTTP_PROTOCOL_OPTIONS}`);
  }
  return found;
}

function deprecatedSources(cluster: CheckedMessage): Sources {
  const http2 = child(cluster, "http2_protocol_options");
  const downstream = text(cluster, "protocol_selection") === "USE_DOWNSTREAM_PROTOCOL";
  return {
    protocol: downstream ? "downstream" : http2 === undefined ? "http1" : "http2",
    common: child(cluster, "common_http_protocol_options"),
    http1: child(cluster, "http_protocol_options"),
    http2,
    upstream: child(cluster, "upstream_http_protocol_options"),
  };
}

function typedSources(context: CompileContext, options: CheckedMessage): Sources {
  for (const filter of children(options, "http_filters")) {
    const config = child(filter, "typed_config");
    const name = text(filter, "name") ?? "";
    if (config?.type === UPSTREAM_CODEC) continue;
    const feature = `the upstream HTTP filter '${name}' (${config?.type ?? ""})`;
    context.refuse(filter, "typed_config", feature, "leave http_filters of the cluster out");
  }
  const kind = oneOf(options, ["explicit_http_config", "use_downstream_protocol_config", "auto_config"]);
  const config = kind === undefined ? undefined : child(options, kind);
  const common = child(options, "common_http_protocol_options");
  const upstream = child(options, "upstream_http_protocol_options");
  if (config === undefined || kind === undefined) {
    return { protocol: "http1", common, http1: undefined, http2: undefined, upstream };
  }
  if (has(config, "http3_protocol_options")) {
    const instead = "use http2_protocol_options or http_protocol_options";
    context.refuse(config, "http3_protocol_options", "HTTP/3 upstreams", instead);
  }
  const http2 = child(config, "http2_protocol_options");
  const protocol =
    kind === "auto_config" ? "alpn" : kind === "use_downstream_protocol_config" ? "downstream" : undefined;
  return {
    protocol: protocol ?? (http2 === undefined ? "http1" : "http2"),
    common,
    http1: child(config, "http_protocol_options"),
    http2,
    upstream,
  };
}

const HTTP_PROTOCOL_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const UPSTREAM_CODEC = "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec";
