// Requests at the edges of HTTP, as data: the same bytes go to the real Envoy and to Starling.

import { JOINED_REQUEST_NAMES, JOINED_RESPONSE_NAMES } from "../../src/protocol/joined-names.ts";

/** Which connection manager gets it: Envoy's defaults, paths made canonical and HTTP/1.0 accepted, or one whose routes add fields. */
export type ManagerName = "plain" | "canonical" | "adding";

type AppendAction = "APPEND_IF_EXISTS_OR_ADD" | "ADD_IF_ABSENT" | "OVERWRITE_IF_EXISTS_OR_ADD" | "OVERWRITE_IF_EXISTS";

function addition(key: string, value: string, append_action: AppendAction = "APPEND_IF_EXISTS_OR_ADD"): unknown {
  return { header: { key, value }, append_action };
}

/** Every action on fields of a list, in an order that shows which comes first. */
const EVERY_ACTION: readonly unknown[] = [
  addition("x-ow", "1"),
  addition("x-ow", "2", "OVERWRITE_IF_EXISTS_OR_ADD"),
  addition("x-ow", "3", "ADD_IF_ABSENT"),
  addition("x-b", "1"),
  addition("x-b", "2", "ADD_IF_ABSENT"),
  addition("x-c", "1"),
  addition("x-c", "2", "OVERWRITE_IF_EXISTS"),
];

function twice(names: Iterable<string>): unknown[] {
  return [...names].flatMap((name) => [addition(name, "1"), addition(name, "2")]);
}

/** Names whose values are the test's alone: the proxy acts on the others, or gives them its own. */
function plainNames(names: Iterable<string>): string[] {
  return [...names].filter((name) => !/^(x-envoy-.*|x-request-id|date|expect|te)$/.test(name));
}

/** The managers' fields. `delayed_close_timeout` is short so that both have closed when the answer is looked at. */
export const MANAGERS: Readonly<Record<ManagerName, Readonly<Record<string, unknown>>>> = {
  plain: { delayed_close_timeout: "0.05s" },
  canonical: {
    delayed_close_timeout: "0.05s",
    normalize_path: true,
    merge_slashes: true,
    path_with_escaped_slashes_action: "UNESCAPE_AND_FORWARD",
    http_protocol_options: { accept_http_10: true, default_host_for_http_10: "by.default" },
  },
  adding: {
    delayed_close_timeout: "0.05s",
    route_config: {
      name: "local",
      request_headers_to_add: EVERY_ACTION,
      response_headers_to_add: EVERY_ACTION,
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          request_headers_to_add: [addition("x-seen", "%REQ(x-ow)% %REQ(x-new)%"), addition("x-new", "n")],
          routes: [
            {
              match: { prefix: "/joined" },
              route: { cluster: "echo" },
              request_headers_to_add: twice(["x-a", ...plainNames(JOINED_REQUEST_NAMES)]),
              response_headers_to_add: twice(["x-a", ...plainNames(JOINED_RESPONSE_NAMES)]),
            },
            { match: { prefix: "/" }, route: { cluster: "echo" } },
          ],
        },
      ],
    },
  },
};

/** Takes time, so it has a file of its own: stalls.full.test.ts. */
export const STALL_CASE = "an HTTP/2 answer that is not taken";

/** One request. */
export interface EdgeCase {
  readonly name: string;
  readonly manager: ManagerName;
  /** Raw bytes, latin1. */
  readonly bytes: string;
}

function lines(...all: readonly string[]): string {
  return `${all.join("\r\n")}\r\n\r\n`;
}

function path(manager: ManagerName, target: string): EdgeCase {
  return { name: `${manager} path ${target}`, manager, bytes: lines(`GET ${target} HTTP/1.1`, "Host: a") };
}

function plain(name: string, bytes: string): EdgeCase {
  return { name, manager: "plain", bytes };
}

function fields(name: string, ...more: readonly string[]): EdgeCase {
  return plain(name, lines("GET / HTTP/1.1", "Host: a", ...more));
}

const ADDED: readonly EdgeCase[] = [
  ["fields added by every action", "/"],
  ["fields added by every action to some that are there", "/", "x-ow: 0", "x-b: 0", "x-c: 0"],
  ["fields added twice of which one line goes out", "/joined"],
  ["fields added to some of which one line goes out", "/joined", "accept: a", "user-agent: b", "via: c", "x-a: d"],
].map(([name = "", target, ...more]) => ({
  name,
  manager: "adding",
  bytes: lines(`GET ${target} HTTP/1.1`, "Host: a", ...more),
}));

const PATHS: readonly EdgeCase[] = [
  ...[
    "/a//b",
    "/a/../b",
    "/a/./b",
    "/%2e%2e/b",
    "/a%2Fb",
    "/a%5cb",
    "/%41",
    "/%zz",
    "/a%00b",
    "/a?b=/../c#d",
    "/a#b",
  ].flatMap((target) => [path("plain", target), path("canonical", target)]),
  ...[
    "/a|b{c}",
    '/a"b',
    "/\x80\xff",
    "/a;b=c",
    "/?",
    "/?a=1&a=2",
    "?a",
    "a",
    "*",
    "//a/b",
    "http://b/c",
    "http://b",
    "http://b?x",
    "https://b/c",
    "ftp://b/c",
    `/${"x".repeat(9_000)}`,
  ].map((target) => path("plain", target)),
];

const METHODS: readonly EdgeCase[] = [
  plain("HEAD", lines("HEAD / HTTP/1.1", "Host: a")),
  plain("TRACE", lines("TRACE / HTTP/1.1", "Host: a")),
  plain("OPTIONS *", lines("OPTIONS * HTTP/1.1", "Host: a")),
  plain("CONNECT", lines("CONNECT a:443 HTTP/1.1", "Host: a:443")),
  plain("a method nobody knows", lines("PURGE / HTTP/1.1", "Host: a")),
  plain("a method in small letters", lines("get / HTTP/1.1", "Host: a")),
  plain("HTTP/1.0", lines("GET / HTTP/1.0", "Host: a")),
  plain("HTTP/1.2", lines("GET / HTTP/1.2", "Host: a")),
  plain("HTTP/2.0 as text", lines("GET / HTTP/2.0", "Host: a")),
  plain("HTTP/0.9", "GET /\r\n\r\n"),
  plain("two spaces in the request line", lines("GET  / HTTP/1.1", "Host: a")),
  plain("an empty line first", `\r\n${lines("GET / HTTP/1.1", "Host: a")}`),
  { name: "HTTP/1.0 accepted", manager: "canonical", bytes: lines("GET / HTTP/1.0", "Host: a") },
  { name: "HTTP/1.0 without Host", manager: "canonical", bytes: lines("GET / HTTP/1.0") },
  {
    name: "HTTP/1.0 keep-alive",
    manager: "canonical",
    bytes: lines("GET / HTTP/1.0", "Host: a", "Connection: keep-alive"),
  },
  {
    name: "HTTP/1.0 with a coding",
    manager: "canonical",
    bytes: `${lines("POST / HTTP/1.0", "Host: a", "Transfer-Encoding: chunked")}0\r\n\r\n`,
  },
];

const ENVOY_NAMES: readonly string[] = [
  "attempt-count",
  "decorator-operation",
  "downstream-service-cluster",
  "downstream-service-node",
  "expected-rq-timeout-ms",
  "external-address",
  "force-trace",
  "hedge-on-per-try-timeout",
  "internal",
  "ip-tags",
  "is-timeout-retry",
  "max-retries",
  "original-host",
  "original-path",
  "retriable-header-names",
  "retriable-status-codes",
  "retry-grpc-on",
  "retry-on",
  "upstream-alt-stat-name",
  "upstream-rq-per-try-timeout-ms",
  "upstream-rq-timeout-alt-response",
  "upstream-rq-timeout-ms",
  "upstream-stream-duration-ms",
];

const FIELDS: readonly EdgeCase[] = [
  plain("no Host", lines("GET / HTTP/1.1")),
  plain("an empty Host", lines("GET / HTTP/1.1", "Host:")),
  plain("two Hosts", lines("GET / HTTP/1.1", "Host: a", "Host: b")),
  plain("a Host with a space", lines("GET / HTTP/1.1", "Host: a b")),
  plain("a Host with user information", lines("GET / HTTP/1.1", "Host: u@a")),
  plain("a Host with a port", lines("GET / HTTP/1.1", "Host: A.Example:8080")),
  fields("an underscore in a name", "X_Y: 1"),
  fields("the same name twice", "X-A: 1", "X-A: 2"),
  fields("a list in two fields", "Accept: a", "Accept: b"),
  fields("cookies twice", "Cookie: a=1", "Cookie: b=2"),
  fields("an empty value", "X-A:"),
  fields("white space around a value", "X-A: \t 1 \t"),
  fields("bytes above ASCII in a value", "X-A: \xe9\xff"),
  fields("a tab within a value", "X-A: a\tb"),
  fields("a name with a space before the colon", "X-A : 1"),
  fields("a folded value", "X-A: a", " b"),
  fields("a control byte in a value", "X-A: a\x01b"),
  fields("a line without a colon", "X-A"),
  fields("a name with a slash", "X/A: 1"),
  fields("a long value", `X-A: ${"v".repeat(8_000)}`),
  fields("a head above 60 KiB", `X-A: ${"v".repeat(62_000)}`),
  fields("101 fields", ...Array.from({ length: 101 }, (_, i) => `X-${i}: 1`)),
  fields("connection: close", "Connection: close"),
  fields("connection that names a field", "Connection: x-a", "X-A: 1"),
  fields("connection that names host", "Connection: host"),
  fields("keep-alive and proxy-connection", "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive"),
  fields("te: trailers", "TE: trailers", "Connection: te"),
  fields("te: gzip", "TE: gzip"),
  fields("an upgrade to websocket", "Connection: Upgrade", "Upgrade: websocket"),
  fields("an upgrade to h2c", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"),
  ...ENVOY_NAMES.map((name) => fields(`x-envoy-${name} of a client`, `X-Envoy-${name}: 1`)),
  fields("connection that names x-forwarded-for", "X-Forwarded-For: 10.0.0.1", "Connection: x-forwarded-for"),
  fields("connection that names a pseudo-header", "Connection: :path"),
  fields("connection that names cookie", "Cookie: a=1", "Connection: cookie"),
  fields("x-forwarded-for and -proto", "X-Forwarded-For: 10.0.0.1", "X-Forwarded-Proto: https"),
  fields("x-forwarded-proto of nonsense", "X-Forwarded-Proto: gopher"),
  fields("x-request-id of the client", "X-Request-Id: mine"),
  fields("a timeout of the client", "X-Envoy-Upstream-Rq-Timeout-Ms: 1000"),
  fields("expect of something else", "Expect: nothing"),
  fields("LF alone ends a field", "X-A: 1\nX-B: 2"),
];

const BODIES: readonly EdgeCase[] = [
  plain("expect: 100-continue", `${lines("POST / HTTP/1.1", "Host: a", "Expect: 100-continue", "Content-Length: 1")}x`),
  plain("expect: 100-continue without a body", lines("GET / HTTP/1.1", "Host: a", "Expect: 100-continue")),
  plain("content-length", `${lines("POST / HTTP/1.1", "Host: a", "Content-Length: 3")}abc`),
  plain("content-length of 0", lines("POST / HTTP/1.1", "Host: a", "Content-Length: 0")),
  plain("no framing on POST", lines("POST / HTTP/1.1", "Host: a")),
  plain("GET with a body", `${lines("GET / HTTP/1.1", "Host: a", "Content-Length: 1")}x`),
  plain("content-length with a sign", `${lines("POST / HTTP/1.1", "Host: a", "Content-Length: +1")}x`),
  plain(
    "content-length twice and equal",
    `${lines("POST / HTTP/1.1", "Host: a", "Content-Length: 1", "Content-Length: 1")}x`,
  ),
  plain(
    "content-length twice and different",
    `${lines("POST / HTTP/1.1", "Host: a", "Content-Length: 1", "Content-Length: 2")}xy`,
  ),
  plain(
    "content-length and chunked",
    `${lines("POST / HTTP/1.1", "Host: a", "Content-Length: 5", "Transfer-Encoding: chunked")}0\r\n\r\n`,
  ),
  plain(
    "chunked",
    `${lines("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked")}3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`,
  ),
  plain("chunked in capitals", `${lines("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: Chunked")}0\r\n\r\n`),
  plain(
    "a chunk extension",
    `${lines("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked")}3;a=b\r\nabc\r\n0\r\n\r\n`,
  ),
  plain(
    "a long chunk extension",
    `${lines("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked")}3;${"a".repeat(300)}\r\nabc\r\n0\r\n\r\n`,
  ),
  plain(
    "trailers",
    `${lines("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked")}3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n`,
  ),
  plain(
    "a bad chunk size",
    `${lines("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked")}g\r\nabc\r\n0\r\n\r\n`,
  ),
  plain("gzip, chunked", `${lines("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: gzip, chunked")}0\r\n\r\n`),
  plain("identity", `${lines("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: identity")}`),
  plain(
    "an upgrade beside a body",
    `${lines("POST / HTTP/1.1", "Host: a", "Connection: Upgrade", "Upgrade: websocket", "Content-Length: 1")}x`,
  ),
  plain("two requests in one write", lines("GET /1 HTTP/1.1", "Host: a") + lines("GET /2 HTTP/1.1", "Host: a")),
  plain("a good and a bad request in one write", lines("GET /1 HTTP/1.1", "Host: a") + lines("GET /2 HTTP/1.1")),
];

/** Every case. */
export const EDGE_CASES: readonly EdgeCase[] = [...ADDED, ...PATHS, ...METHODS, ...FIELDS, ...BODIES];
