// Requests that may only take so long: max_stream_duration, grpc-timeout in both of its forms, and the cluster's limit for each attempt.
import { policy, type RetryCase } from "./retry-cases.ts";

const GRPC = "content-type: application/grpc";

function asked(name: string, duration: Readonly<Record<string, unknown>>, ...lines: readonly string[]): RetryCase {
  return { name, action: { max_stream_duration: duration }, lines, script: ["200"] };
}

function older(name: string, action: Readonly<Record<string, unknown>>, ...lines: readonly string[]): RetryCase {
  return { name, action: { timeout: "3s", ...action }, lines, script: ["200"] };
}

const OF_CLUSTER = {
  typed_extension_protocol_options: {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
      explicit_http_config: { http_protocol_options: {} },
      common_http_protocol_options: { max_stream_duration: "0.3s" },
    },
  },
};

/** All of them. */
export const DURATION_CASES: readonly RetryCase[] = [
  asked("no limit instead of the route's", {}),
  { ...asked("a stream", { max_stream_duration: "0.2s" }), script: ["hang"] },
  { ...asked("a stream of gRPC", { max_stream_duration: "0.2s" }, GRPC), script: ["hang"] },
  asked("a header most of no end, another request", { grpc_timeout_header_max: "0s" }, "grpc-timeout: 5S"),
  asked("a header most of no end", { grpc_timeout_header_max: "0s" }, GRPC, "grpc-timeout: 5S"),
  asked("a header most that is passed", { grpc_timeout_header_max: "1s" }, GRPC, "grpc-timeout: 5S"),
  {
    ...asked("a header that ends it", { grpc_timeout_header_max: "1s" }, GRPC, "grpc-timeout: 200m"),
    script: ["hang"],
  },
  asked("a header most and no header", { grpc_timeout_header_max: "1s" }, GRPC),
  asked("an offset", { grpc_timeout_header_max: "2s", grpc_timeout_header_offset: "0.5s" }, GRPC, "grpc-timeout: 5S"),
  {
    ...asked(
      "an offset that leaves nothing",
      { grpc_timeout_header_max: "2s", grpc_timeout_header_offset: "0.5s" },
      GRPC,
      "grpc-timeout: 300m",
    ),
    // Whether a new connection is there before no time at all is over is chance.
    isWarm: true,
    script: ["200", "hang"],
  },
  asked("both, without a header", { max_stream_duration: "1s", grpc_timeout_header_max: "2s" }, GRPC),
  asked("both, with a header", { max_stream_duration: "1s", grpc_timeout_header_max: "2s" }, GRPC, "grpc-timeout: 5S"),
  asked("parts of a millisecond", { grpc_timeout_header_max: "0s" }, GRPC, "grpc-timeout: 1500500u"),
  asked("hours", { grpc_timeout_header_max: "0s" }, GRPC, "grpc-timeout: 28H"),
  asked("as long as can be", { grpc_timeout_header_max: "0s" }, GRPC, "grpc-timeout: 99999999H"),
  asked("what is no timeout", { grpc_timeout_header_max: "0s" }, GRPC, "grpc-timeout: 123456789m"),
  older("max_grpc_timeout, another request", { max_grpc_timeout: "1s" }, "grpc-timeout: 5S"),
  older("max_grpc_timeout of no end", { max_grpc_timeout: "0s" }, GRPC, "grpc-timeout: 5S"),
  older("max_grpc_timeout of no end and no header", { max_grpc_timeout: "0s" }, GRPC),
  older("max_grpc_timeout", { max_grpc_timeout: "1s" }, GRPC, "grpc-timeout: 5S"),
  older("max_grpc_timeout without a header", { max_grpc_timeout: "1s" }, GRPC),
  older("grpc_timeout_offset", { max_grpc_timeout: "5s", grpc_timeout_offset: "0.4s" }, GRPC, "grpc-timeout: 3S"),
  older(
    "a greater grpc_timeout_offset",
    { max_grpc_timeout: "5s", grpc_timeout_offset: "4s" },
    GRPC,
    "grpc-timeout: 3S",
  ),
  {
    ...older("max_grpc_timeout that ends it", { max_grpc_timeout: "1s" }, GRPC, "grpc-timeout: 200m"),
    script: ["hang"],
  },
  {
    ...older("a time for each attempt of gRPC", { max_grpc_timeout: "2s" }, GRPC, "grpc-timeout: 5S"),
    policy: policy("5xx", { per_try_timeout: "0.7s" }),
    script: ["503", "200"],
  },
  { name: "a cluster's limit", cluster: OF_CLUSTER, script: ["hang"] },
  { name: "a cluster's limit and a retry", cluster: OF_CLUSTER, policy: policy("reset"), script: ["hang", "200"] },
  { name: "a cluster's limit and no retry left", cluster: OF_CLUSTER, policy: policy("reset"), script: ["hang"] },
  { name: "a cluster's limit in a body", cluster: OF_CLUSTER, script: ["stall"], quietMs: 1_500 },
  { name: "an order of a limit", lines: ["x-envoy-upstream-stream-duration-ms: 200"], script: ["hang"] },
];
