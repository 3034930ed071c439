// Endpoints and checks for probes.full.test.ts: what an endpoint does with each connection, the check as a file has it, and where
// Starling's probers judge otherwise than Envoy 1.40's on purpose.
import type { Socket } from "node:net";
import type { Manners } from "../support/probe-bench.ts";

/** One endpoint under one check, two probes. */
export interface ProbeCase {
  readonly name: string;
  /** Fields of the health check. */
  readonly check: Readonly<Record<string, unknown>>;
  /** Fields of the endpoint. */
  readonly endpoint?: Readonly<Record<string, unknown>>;
  readonly manners: Manners;
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

const says =
  (text: string): Manners =>
  (socket) =>
    socket.on("data", () => socket.write(Buffer.from(text, "latin1")));

const does =
  (act: (socket: Socket) => void): Manners =>
  (socket) =>
    socket.on("data", () => act(socket));

const head = (status: number, ...fields: string[]): string =>
  `HTTP/1.1 ${status} Some\r\n${fields.map((field) => `${field}\r\n`).join("")}content-length: 2\r\n\r\nok`;

const header = (key: string, value: string, action?: string): unknown => ({
  header: { key, value },
  ...(action === undefined ? {} : { append_action: action }),
});

/** All of them. */
export const PROBE_CASES: readonly ProbeCase[] = [
  { name: "a plain check", check: http(), manners: says(head(200)) },
  { name: "an unexpected status", check: http(), manners: says(head(204)) },
  {
    name: "expected and retriable statuses",
    check: http({
      expected_statuses: [{ start: 300, end: 400 }],
      retriable_statuses: [{ start: 500, end: 501 }],
    }),
    manners: says(head(500)),
  },
  {
    name: "a redirect that is expected",
    check: http({ expected_statuses: [{ start: 300, end: 400 }] }),
    manners: says(head(302)),
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
    manners: says("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"),
  },
  {
    name: "a removed user-agent",
    check: http({ request_headers_to_remove: ["user-agent"] }),
    manners: says(head(200)),
  },
  {
    name: "a payload",
    check: http({ method: "POST", send: { text: hex("PING") }, request_headers_to_add: [header("x-a", "1")] }),
    manners: says(head(200)),
  },
  { name: "POST without a payload", check: http({ method: "POST" }), manners: says(head(200)) },
  {
    name: "a host name of the endpoint's own",
    check: http({ host: "hc.example" }),
    endpoint: { health_check_config: { hostname: "own.example" } },
    manners: says(head(200)),
  },
  {
    name: "an expected text",
    check: http({ receive: [{ text: hex("o") }, { text: hex("k") }] }),
    manners: says(head(200)),
  },
  { name: "a missing text", check: http({ receive: [{ text: hex("no") }] }), manners: says(head(200)) },
  {
    name: "a text beyond the bytes that count",
    check: http({ receive: [{ text: hex("k") }], response_buffer_size: 1 }),
    manners: says(head(200)),
  },
  {
    name: "the service's name",
    check: http({ service_name_matcher: { prefix: "good" } }),
    manners: says(head(200, "x-envoy-upstream-healthchecked-cluster: good-1")),
  },
  {
    name: "another service's name",
    check: http({ service_name_matcher: { prefix: "good" } }),
    manners: says(head(200, "x-envoy-upstream-healthchecked-cluster: bad")),
  },
  { name: "degradation", check: http(), manners: says(head(200, "x-envoy-degraded: true")) },
  {
    name: "the immediate-fail field",
    check: http(),
    manners: says(head(200, "x-envoy-immediate-health-check-fail: true")),
  },
  { name: "connection: close", check: http(), manners: says(head(200, "connection: close")) },
  { name: "HTTP/1.0", check: http(), manners: does((socket) => socket.end("HTTP/1.0 200 OK\r\n\r\nok")) },
  { name: "an interim answer", check: http(), manners: says(`HTTP/1.1 103 Early Hints\r\n\r\n${head(200)}`) },
  { name: "reuse_connection: false", check: { ...http(), reuse_connection: false }, manners: says(head(200)) },
  { name: "no answer", check: http(), manners: () => {} },
  { name: "half an answer", check: http(), manners: says("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok") },
  { name: "garbage", check: http(), manners: says("SSH-2.0-OpenSSH_9.2\r\n") },
  { name: "a reset", check: http(), manners: does((socket) => socket.resetAndDestroy()) },
  { name: "an end without an answer", check: http(), manners: does((socket) => socket.end()) },
  { name: "an end between two probes", check: http(), manners: does((socket) => socket.end(head(200))) },
  {
    name: "a kept connection that is reset when it is asked",
    check: http(),
    manners: (socket) => {
      socket.once("data", () => {
        socket.write(head(200));
        socket.once("data", () => socket.resetAndDestroy());
      });
    },
    differs:
      "a connection that was kept and ends before it answers anything is asked again anew: it says nothing of the endpoint",
  },
  { name: "a TCP connection", check: tcp(""), manners: () => {} },
  { name: "a TCP connection and a text to send", check: tcp("PING"), manners: () => {} },
  { name: "TCP texts", check: tcp("PING", "PO", "NG"), manners: says("--PO--NG--") },
  { name: "TCP texts in another order", check: tcp("PING", "NG", "PO"), manners: says("--PO--NG") },
  { name: "a TCP connection that ends instead", check: tcp("PING", "PONG"), manners: does((socket) => socket.end()) },
  {
    name: "a TCP connection that ends between two probes",
    check: tcp("PING", "PONG"),
    manners: does((socket) => socket.end("PONG")),
    differs: "the end of a connection that nobody uses is no failure, as with HTTP checks",
  },
];

function hex(text: string): string {
  return Buffer.from(text, "latin1").toString("hex");
}
