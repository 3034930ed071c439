// Endpoints and checks for probes.full.test.ts: what an endpoint does with each connection, the check as a file has it, and where
// Starling's probers judge otherwise than Envoy 1.40's on purpose. Those over HTTP/2 and TLS stand in
// http2-probe-cases.ts and tls-probe-cases.ts.
import type { Socket } from "node:net";
import { JOINED_REQUEST_NAMES } from "../../src/protocol/joined-names.ts";
import type { Door, Manners, ProbeBench } from "../support/probe-bench.ts";

/** One endpoint under one check, two probes. */
export interface ProbeCase {
  readonly name: string;
  /** Fields of the health check. */
  readonly check: Readonly<Record<string, unknown>>;
  /** Fields of the endpoint. */
  readonly endpoint?: Readonly<Record<string, unknown>>;
  /** Fields of the cluster. */
  readonly cluster?: Readonly<Record<string, unknown>>;
  readonly opens: (bench: ProbeBench) => Promise<Door>;
  /** No question gets there. */
  readonly isUnasked?: true;
  /** It never says all that is waited for. */
  readonly isSilent?: true;
  /** Why ours differs; absent: it does not. */
  readonly differs?: string;
}

const http = (fields: Readonly<Record<string, unknown>> = {}): ProbeCase["check"] => ({
  http_health_check: { path: "/livez", ...fields },
});

const tcp = (send: string, ...receive: string[]): ProbeCase["check"] => ({
  tcp_health_check: {
    ...(send === "" ? {} : { send: { text: hex(send) } }),
    receive: receive.map((text) => ({ text: hex(text) })),
  },
});

const behaves =
  (manners: Manners): ProbeCase["opens"] =>
  (bench) =>
    bench.behaving(manners);

const does = (act: (socket: Socket) => void): ProbeCase["opens"] =>
  behaves((socket) => socket.on("data", () => act(socket)));

const says = (text: string): ProbeCase["opens"] => does((socket) => socket.write(Buffer.from(text, "latin1")));

const head = (status: number, ...fields: string[]): string =>
  `HTTP/1.1 ${status} Some\r\n${fields.map((field) => `${field}\r\n`).join("")}content-length: 2\r\n\r\nok`;

const header = (key: string, value: string, action?: string): unknown => ({
  header: { key, value },
  ...(action === undefined ? {} : { append_action: action }),
});

/** All of them. */
export const PROBE_CASES: readonly ProbeCase[] = [
  { name: "a plain check", check: http(), opens: says(head(200)) },
  { name: "an unexpected status", check: http(), opens: says(head(204)) },
  {
    name: "expected and retriable statuses",
    check: http({
      expected_statuses: [{ start: 300, end: 400 }],
      retriable_statuses: [{ start: 500, end: 501 }],
    }),
    opens: says(head(500)),
  },
  {
    name: "a redirect that is expected",
    check: http({ expected_statuses: [{ start: 300, end: 400 }] }),
    opens: says(head(302)),
  },
  {
    name: "method, host and fields",
    check: http({
      method: "HEAD",
      host: "hc.example",
      request_headers_to_add: [
        header("x-one", "1"),
        header("x-one", "2"),
        header("user-agent", "mine", "OVERWRITE_IF_EXISTS_OR_ADD"),
        header("x-two", "3", "ADD_IF_ABSENT"),
        header("x-two", "4", "ADD_IF_ABSENT"),
        header("x-three", "5", "OVERWRITE_IF_EXISTS"),
        header("x-four", "6", "OVERWRITE_IF_EXISTS_OR_ADD"),
        header("x-one", "7", "ADD_IF_ABSENT"),
      ],
      request_headers_to_remove: ["x-none"],
    }),
    opens: says("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"),
  },
  {
    name: "a field that is appended, overwritten and added if absent",
    check: http({
      request_headers_to_add: [
        header("x-ow", "1"),
        header("x-ow", "2", "OVERWRITE_IF_EXISTS_OR_ADD"),
        header("x-ow", "3", "ADD_IF_ABSENT"),
        header("x-ow", "4", "OVERWRITE_IF_EXISTS"),
      ],
    }),
    opens: says(head(200)),
  },
  {
    name: "an appended user-agent",
    check: http({ request_headers_to_add: [header("user-agent", "mine"), header("x-a", "1")] }),
    opens: says(head(200)),
  },
  {
    name: "a removed user-agent, and two of the file's own",
    check: http({
      request_headers_to_remove: ["user-agent"],
      request_headers_to_add: [header("user-agent", "1"), header("user-agent", "2")],
    }),
    opens: says(head(200)),
  },
  {
    name: "fields of which Envoy has one line",
    check: http({
      request_headers_to_add: [...JOINED_REQUEST_NAMES].flatMap((name) => [header(name, "1"), header(name, "2")]),
      request_headers_to_remove: ["user-agent"],
    }),
    opens: says(head(200)),
  },
  {
    name: "the file's own word on the connection",
    check: http({ request_headers_to_add: [header("connection", "close")] }),
    opens: does((socket) => socket.end(head(200))),
    differs: "fields of one hop are the codec's business; a warning says so, and names reuse_connection",
  },
  {
    name: "the file's own content-length beside a payload",
    check: http({
      method: "POST",
      send: { text: hex("PING") },
      request_headers_to_add: [header("content-length", "9")],
    }),
    opens: says(head(200)),
  },
  {
    name: "the file's own content-length without a payload",
    check: http({ request_headers_to_add: [header("content-length", "9")] }),
    opens: says(head(200)),
    differs: "a length that is not kept is not sent, and a warning says so",
  },
  {
    name: "a removed user-agent",
    check: http({ request_headers_to_remove: ["user-agent"] }),
    opens: says(head(200)),
  },
  {
    name: "a payload",
    check: http({ method: "POST", send: { text: hex("PING") }, request_headers_to_add: [header("x-a", "1")] }),
    opens: says(head(200)),
  },
  { name: "POST without a payload", check: http({ method: "POST" }), opens: says(head(200)) },
  {
    name: "a host name of the endpoint's own",
    check: http({ host: "hc.example" }),
    endpoint: { health_check_config: { hostname: "own.example" } },
    opens: says(head(200)),
  },
  {
    name: "an expected text",
    check: http({ receive: [{ text: hex("o") }, { text: hex("k") }] }),
    opens: says(head(200)),
  },
  { name: "a missing text", check: http({ receive: [{ text: hex("no") }] }), opens: says(head(200)) },
  {
    name: "a text beyond the bytes that count",
    check: http({ receive: [{ text: hex("k") }], response_buffer_size: 1 }),
    opens: says(head(200)),
  },
  {
    name: "the service's name",
    check: http({ service_name_matcher: { prefix: "good" } }),
    opens: says(head(200, "x-envoy-upstream-healthchecked-cluster: good-1")),
  },
  {
    name: "another service's name",
    check: http({ service_name_matcher: { prefix: "good" } }),
    opens: says(head(200, "x-envoy-upstream-healthchecked-cluster: bad")),
  },
  { name: "degradation", check: http(), opens: says(head(200, "x-envoy-degraded: true")) },
  {
    name: "the immediate-fail field",
    check: http(),
    opens: says(head(200, "x-envoy-immediate-health-check-fail: true")),
  },
  { name: "connection: close", check: http(), opens: says(head(200, "connection: close")) },
  { name: "HTTP/1.0", check: http(), opens: does((socket) => socket.end("HTTP/1.0 200 OK\r\n\r\nok")) },
  { name: "an interim answer", check: http(), opens: says(`HTTP/1.1 103 Early Hints\r\n\r\n${head(200)}`) },
  { name: "reuse_connection: false", check: { ...http(), reuse_connection: false }, opens: says(head(200)) },
  { name: "no answer", check: http(), opens: behaves(() => {}), isSilent: true },
  {
    name: "half an answer",
    check: http(),
    opens: says("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok"),
    isSilent: true,
  },
  { name: "garbage", check: http(), opens: says("SSH-2.0-OpenSSH_9.2\r\n") },
  { name: "a reset", check: http(), opens: does((socket) => socket.resetAndDestroy()) },
  { name: "an end without an answer", check: http(), opens: does((socket) => socket.end()) },
  {
    name: "an end between two probes",
    // Envoy asks on the old connection, and fails, when its interval is over before it has read the end.
    check: { ...http(), interval: "2s", no_traffic_interval: "2s" },
    opens: does((socket) => socket.end(head(200))),
  },
  {
    name: "a kept connection that is reset when it is asked",
    check: http(),
    opens: behaves((socket) => {
      socket.once("data", () => {
        socket.write(head(200));
        socket.once("data", () => socket.resetAndDestroy());
      });
    }),
    differs:
      "a connection that was kept and ends before it answers anything is asked again anew: it says nothing of the endpoint",
  },
  { name: "a TCP connection", check: tcp(""), opens: behaves(() => {}), isUnasked: true },
  { name: "a TCP connection and a text to send", check: tcp("PING"), opens: behaves(() => {}), isUnasked: true },
  { name: "TCP texts", check: tcp("PING", "PO", "NG"), opens: says("--PO--NG--") },
  { name: "TCP texts in another order", check: tcp("PING", "NG", "PO"), opens: says("--PO--NG"), isSilent: true },
  { name: "a TCP connection that ends instead", check: tcp("PING", "PONG"), opens: does((socket) => socket.end()) },
  {
    name: "a TCP connection that ends between two probes",
    check: tcp("PING", "PONG"),
    opens: does((socket) => socket.end("PONG")),
    differs: "the end of a connection that nobody uses is no failure, as with HTTP checks",
  },
];

function hex(text: string): string {
  return Buffer.from(text, "latin1").toString("hex");
}
