// The local answers of local-replies.full.test.ts: requests that the proxy answers by itself, and what its managers make of that. A mapper
// is chosen by the request's x-case. Data only.
import { ADDED, EMPHATIC, type Fields, FORMATS, MAPPED, type ReplyCase, TELL, text } from "./local-reply-mappers.ts";

/** body_format of the managers, by name; null: none. */
export const MANAGERS: Readonly<Record<string, Fields | null>> = {
  plain: null,
  text: text(`<${TELL}>`),
  "text old": { text_format: "%LOCAL_REPLY_BODY%!", content_type: "text/html; charset=UTF-8" },
  json: {
    json_format: {
      z: "%LOCAL_REPLY_BODY%",
      status: "%RESPONSE_CODE%",
      bytes: "%BYTES_SENT%",
      none: "%REQ(x-none)%",
      deep: { list: ["%RESPONSE_FLAGS%", 1, true, null], text: "code %RESPONSE_CODE% of %LOCAL_REPLY_BODY%" },
    },
  },
  sparse: {
    json_format: { body: "%LOCAL_REPLY_BODY%", none: "%REQ(x-none)%", kept: "-%REQ(x-none)%-" },
    omit_empty_values: true,
    content_type: "application/problem+json",
  },
  nothing: text("%REQ(x-none):3%"),
};

const ORIGINS: readonly ReplyCase[] = [
  { name: "no route" },
  { name: "a direct response", path: "/here" },
  { name: "a direct response without a body", path: "/bare" },
  { name: "a direct response of success", path: "/fine" },
  { name: "a direct response with a type", path: "/typed" },
  { name: "a type without a body", path: "/none-typed" },
  { name: "a redirect", path: "/moved" },
  { name: "no endpoint", path: "/empty" },
  { name: "a dead endpoint", path: "/gone" },
  { name: "no such cluster", path: "/missing" },
  { name: "a route's timeout", path: "/slow" },
  { name: "an endpoint that closes", path: "/close" },
  { name: "an endpoint that closes, tried again", path: "/close-again" },
  { name: "an attempt's timeout", path: "/slow-try" },
  { name: "a stream that idles", path: "/idle" },
  { name: "a stream that lasts", path: "/long" },
  { name: "a request that lasts", path: "/up", method: "POST", lines: ["content-length: 9"], body: "x" },
  { name: "a circuit breaker", path: "/full" },
  { name: "a cluster in maintenance", path: "/maintained" },
  { name: "an order that is none", path: "/up", lines: ["x-envoy-max-retries: many"] },
  {
    name: "a timeout that the client reads as 204",
    path: "/slow",
    lines: ["x-envoy-upstream-rq-timeout-alt-response: 1"],
  },
  { name: "a host of TLS alone", path: "/bare", host: "secure" },
  { name: "a filter's abort", path: "/fault" },
  { name: "a limit of rates", path: "/limited" },
  { name: "a body too large", path: "/up", method: "POST", lines: ["content-length: 40"], body: "x".repeat(20) },
  { name: "a health check", path: "/check" },
  { name: "a preflight", path: "/cors", method: "OPTIONS", lines: ["origin: a", "access-control-request-method: GET"] },
  { name: "an upgrade", path: "/up", lines: ["connection: upgrade", "upgrade: websocket"] },
  { name: "a path that is none", path: "up" },
  { name: "an escape that is none", path: "/a%00b" },
  { name: "a slash that is moved", path: "/a%2Fb" },
  { name: "HEAD", path: "/here", method: "HEAD" },
  { name: "HEAD without a route", method: "HEAD" },
  { name: "gRPC", lines: ["content-type: application/grpc"] },
  { name: "gRPC without an endpoint", path: "/empty", lines: ["content-type: application/grpc"] },
  { name: "gRPC that is aborted", path: "/grpcfault", lines: ["content-type: application/grpc"] },
  { name: "gRPC and a direct response", path: "/here", lines: ["content-type: application/grpc"] },
  { name: "HEAD of gRPC", path: "/here", method: "HEAD", lines: ["content-type: application/grpc"] },
  { name: "an answer of the upstream", path: "/up" },
  { name: "an upstream's 503", path: "/up503" },
  { name: "HTTP/2", http2: true },
  { name: "HTTP/2 and a direct response", path: "/here", http2: true },
  { name: "HTTP/2 and gRPC", path: "/here", lines: ["content-type: application/grpc"], http2: true },
  { name: "HTTP/2 and HEAD", path: "/here", method: "HEAD", http2: true },
];

const BROKEN: readonly ReplyCase[] = [
  { name: "no host", raw: "GET /here HTTP/1.1\r\n\r\n" },
  { name: "HTTP/1.0", raw: "GET /here HTTP/1.0\r\nhost: a\r\n\r\n" },
  { name: "no HTTP", raw: "HELO\r\n\r\n" },
  { name: "a head too large", raw: `GET /here HTTP/1.1\r\nhost: a\r\nx-large: ${"a".repeat(70_000)}\r\n\r\n` },
  { name: "two lengths", raw: "POST /up HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n" },
  {
    name: "a wrong chunk",
    raw: "POST /slow HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
  },
];

const status = (op: string, value: number): Fields => ({
  status_code_filter: { comparison: { op, value: { default_value: value, runtime_key: "k" } } },
});
const header = (matcher: Fields): Fields => ({ header_filter: { header: matcher } });

const WANTED: readonly ReplyCase[] = [
  ["status, equal", status("EQ", 404)],
  ["status, another", status("EQ", 403)],
  ["status, from", status("GE", 400)],
  ["status, up to", status("LE", 399)],
  ["flag", { response_flag_filter: { flags: ["NR"] } }],
  ["another flag", { response_flag_filter: { flags: ["UH", "UF"] } }],
  ["any flag", { response_flag_filter: {} }],
  ["duration", { duration_filter: { comparison: { op: "GE", value: { default_value: 0, runtime_key: "k" } } } }],
  [
    "long duration",
    { duration_filter: { comparison: { op: "GE", value: { default_value: 60_000, runtime_key: "k" } } } },
  ],
  ["no health check", { not_health_check_filter: {} }],
  ["a path", header({ name: ":path", string_match: { prefix: "/no" } })],
  ["gRPC status", { grpc_status_filter: { statuses: ["UNIMPLEMENTED"] } }],
  ["another gRPC status", { grpc_status_filter: { statuses: ["OK"] } }],
  ["all but a gRPC status", { grpc_status_filter: { statuses: ["OK"], exclude: true } }],
  ["log type of the end", { log_type_filter: { types: ["DownstreamEnd"] } }],
  ["log type of none", { log_type_filter: { types: ["NotSet"] } }],
  ["all but a log type", { log_type_filter: { types: ["DownstreamEnd"], exclude: true } }],
  ["one of two", { or_filter: { filters: [status("EQ", 500), { response_flag_filter: { flags: ["NR"] } }] } }],
  ["both of two", { and_filter: { filters: [status("EQ", 404), { response_flag_filter: { flags: ["UH"] } }] } }],
  ["nobody", { runtime_filter: { runtime_key: "none", percent_sampled: { numerator: 0 } } }],
  ["everybody", { runtime_filter: { runtime_key: "none", percent_sampled: { numerator: 100 } } }],
  ["traced", { traceable_filter: {} }],
  ["no metadata", { metadata_filter: { matcher: { filter: "f", path: [{ key: "k" }], value: { null_match: {} } } } }],
].map(([name, filter]) => ({ name: `filter ${name}`, filter: filter as Fields, mapper: EMPHATIC }));

const WHOLE: ReadonlySet<string> = new Set(["plain", "text", "json"]);
const FEW: ReadonlySet<string> = new Set(["no route", "a direct response", "a preflight", "HEAD", "gRPC", "HTTP/2"]);

/** Of every manager, with no mapper of their own; of formats that differ in little a few of them. */
const everywhere: readonly ReplyCase[] = Object.keys(MANAGERS).flatMap((manager) =>
  (WHOLE.has(manager) ? [...ORIGINS, ...BROKEN] : ORIGINS.filter(({ name }) => FEW.has(name))).map((one) => ({
    ...one,
    name: `${manager}: ${one.name}`,
    manager,
  })),
);

/** All but those. */
export const CASES: readonly ReplyCase[] = [...everywhere, ...MAPPED, ...ADDED, ...FORMATS, ...WANTED];
