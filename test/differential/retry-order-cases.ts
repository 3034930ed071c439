// The same for orders of trusted clients (x-envoy-*), and for gRPC and HTTP/2 upstreams.
import { policy, type RetryCase } from "./retry-cases.ts";

const GRPC = ["content-type: application/grpc", "te: trailers"];

/** All of them. */
export const ORDER_CASES: readonly RetryCase[] = [
  {
    name: "orders of a client",
    lines: ["x-envoy-retry-on: 5xx", "x-envoy-max-retries: 2"],
    script: ["503", "500", "200"],
  },
  { name: "orders without a number", lines: ["x-envoy-retry-on: 5xx"], script: ["503", "200"] },
  { name: "an order of no retries", policy: policy("5xx"), lines: ["x-envoy-max-retries: 0"], script: ["503", "200"] },
  {
    name: "an order that is no number",
    policy: policy("5xx"),
    lines: ["x-envoy-max-retries: many"],
    script: ["503", "200"],
  },
  {
    name: "orders of status codes",
    lines: ["x-envoy-retry-on: retriable-status-codes", "x-envoy-retriable-status-codes: 418, 404"],
    script: ["404", "200"],
  },
  {
    name: "orders of header names",
    lines: ["x-envoy-retry-on: retriable-headers", "x-envoy-retriable-header-names: x-a, X-B"],
    script: ["200 x-b=1", "200"],
  },
  {
    name: "an order of a time for each attempt",
    policy: policy("5xx"),
    lines: ["x-envoy-upstream-rq-per-try-timeout-ms: 1000"],
    script: ["hang", "200"],
  },
  {
    name: "an order of a time for all",
    policy: policy("5xx"),
    lines: ["x-envoy-upstream-rq-timeout-ms: 100"],
    script: ["hang", "200"],
  },
  {
    name: "an order of another answer",
    policy: policy("5xx", { per_try_timeout: "0.1s" }),
    lines: ["x-envoy-upstream-rq-timeout-alt-response: 1"],
    script: ["hang"],
  },
  {
    name: "words of gRPC in the wrong header",
    lines: ["x-envoy-retry-on: unavailable", ...GRPC],
    upstream: "http2",
    script: ["grpc14", "grpc0"],
  },
  {
    name: "orders of gRPC",
    lines: ["x-envoy-retry-grpc-on: unavailable", ...GRPC],
    upstream: "http2",
    script: ["grpc14", "grpc0"],
  },
  ...["cancelled 1", "deadline-exceeded 4", "resource-exhausted 8", "internal 13", "unavailable 14"].map(
    (both): RetryCase => {
      const [word = "", status = ""] = both.split(" ");
      return {
        name: `gRPC ${word}`,
        policy: policy(word),
        lines: GRPC,
        upstream: "http2",
        script: [`grpc${status}`, "grpc0"],
      };
    },
  ),
  {
    name: "gRPC status in trailers",
    policy: policy("unavailable"),
    lines: GRPC,
    upstream: "http2",
    script: ["late14", "grpc0"],
  },
  {
    name: "gRPC that fails for another reason",
    policy: policy("unavailable"),
    lines: GRPC,
    upstream: "http2",
    script: ["grpc13", "grpc0"],
  },
  { name: "gRPC until the last", policy: policy("unavailable"), lines: GRPC, upstream: "http2", script: ["grpc14"] },
  { name: "refused-stream", policy: policy("refused-stream"), upstream: "http2", script: ["rst7", "200"] },
  {
    name: "refused-stream does not want another reset",
    policy: policy("refused-stream"),
    upstream: "http2",
    script: ["rst2", "200"],
  },
  { name: "a reset stream", policy: policy("reset"), upstream: "http2", script: ["rst2", "200"] },
  {
    name: "a connection that ends with an error",
    policy: policy("reset"),
    upstream: "http2",
    script: ["goaway2", "200"],
  },
  { name: "HTTP/2 5xx with a body", policy: policy("5xx"), upstream: "http2", body: "hello", script: ["503", "200"] },
];
