// Limits of connections on both sides, and what a client does about each: data for the comparison with the real Envoy.
import { GONE, http1, http2, type LimitCase, OVER, PINGED_TWICE } from "../support/limit-room.ts";

const GET = "GET / HTTP/1.1\r\nhost: a";
const HANGS = `${GET}\r\nx-script: hang`;
/** Answered after 1.5 s. */
const LATE = `${GET}\r\nx-script: late`;
const MANY = "x-a: 1\r\nx-b: 1\r\nx-c: 1\r\nx-d: 1\r\nx-e: 1";
const MANY_FIELDS = MANY.split("\r\n").map((line) => line.split(": ") as [string, string]);
const KEEPALIVE = { interval: "0.5s", interval_jitter: { value: 0 }, timeout: "0.4s" };
/** For a peer that answers every PING: it has time, whatever else the machine does. */
const PATIENT = { ...KEEPALIVE, timeout: "10s" };

function common(fields: Readonly<Record<string, unknown>>, drain_timeout = "0.2s"): Pick<LimitCase, "manager"> {
  return { manager: { drain_timeout, delayed_close_timeout: "0s", common_http_protocol_options: fields } };
}

function upstream(fields: Readonly<Record<string, unknown>>): Pick<LimitCase, "options"> {
  return { options: { common_http_protocol_options: fields } };
}

function upstreamAlive(fields: Readonly<Record<string, unknown>>): Pick<LimitCase, "options"> {
  return { options: { explicit_http_config: { http2_protocol_options: { connection_keepalive: fields } } } };
}

/** All of them. */
export const LIMIT_CASES: readonly LimitCase[] = [
  { name: "idle-h1", ...common({ idle_timeout: "1s" }), client: http1(GET, GET, OVER) },
  { name: "idle-h1-unasked", ...common({ idle_timeout: "0.4s" }), client: http1(OVER) },
  { name: "idle-h2", ...common({ idle_timeout: "1s" }), client: http2([[], OVER]) },
  { name: "old-h1", ...common({ max_connection_duration: "0.8s" }), client: http1(GET, OVER) },
  { name: "old-h1-asking", ...common({ max_connection_duration: "0.8s" }), client: http1(GET, LATE, OVER) },
  { name: "old-h2", ...common({ max_connection_duration: "0.8s" }), client: http2([[], OVER]) },
  {
    name: "old-h2-asking",
    ...common({ max_connection_duration: "0.8s" }),
    client: http2([[], [["x-script", "late"]], OVER]),
  },
  { name: "stream-h1", ...common({ max_stream_duration: "0.3s" }), client: http1(HANGS, 900) },
  {
    name: "stream-h1-begun",
    ...common({ max_stream_duration: "1s" }),
    client: http1(`${GET}\r\nx-script: stall`, OVER),
  },
  { name: "stream-h2", ...common({ max_stream_duration: "0.3s" }), client: http2([[["x-script", "hang"]], 900]) },
  { name: "requests-h1", ...common({ max_requests_per_connection: 2 }), client: http1(GET, GET, GET, OVER) },
  { name: "requests-h2", ...common({ max_requests_per_connection: 2 }, "1s"), client: http2([[], [], [], OVER]) },
  { name: "count-h1", ...common({ max_headers_count: 4 }), client: http1(`${GET}\r\n${MANY}`, OVER) },
  { name: "count-h2", ...common({ max_headers_count: 4 }), client: http2([MANY_FIELDS, [], 1_300]) },
  {
    name: "kb-h1",
    manager: { max_request_headers_kb: 1, delayed_close_timeout: "0s" },
    client: http1(`${GET}\r\nx-a: ${"a".repeat(2_000)}`, OVER),
  },
  {
    name: "kb-h2",
    manager: { max_request_headers_kb: 1, delayed_close_timeout: "0s" },
    client: http2([[["x-a", "a".repeat(2_000)]], [], 1_300]),
  },
  ...(["ALLOW", "REJECT_REQUEST", "DROP_HEADER"] as const).flatMap((action): LimitCase[] => {
    const name = `underscores-${action.toLowerCase().replace(/_.*/, "")}`;
    const fields = common({ headers_with_underscores_action: action });
    const last = action === "REJECT_REQUEST" ? OVER : 1_300;
    return [
      { name: `${name}-h1`, ...fields, client: http1(`${GET}\r\nx_y: 1`, last) },
      { name: `${name}-h2`, ...fields, client: http2([[["x_y", "1"]], 1_300]) },
    ];
  }),
  {
    name: "alive",
    manager: { http2_protocol_options: { connection_keepalive: { ...PATIENT, interval: "0.8s" } } },
    client: http2([[], PINGED_TWICE], { pongs: true }),
  },
  {
    name: "silent",
    manager: { http2_protocol_options: { connection_keepalive: KEEPALIVE } },
    client: http2([[["x-script", "hang"]], OVER]),
  },
  {
    name: "silent-and-idle",
    manager: { http2_protocol_options: { connection_keepalive: KEEPALIVE } },
    client: http2([OVER]),
  },
  // The last connection goes, too: what its end counts is in the counters, whenever they are looked at.
  { name: "up-idle-h1", ...upstream({ idle_timeout: "0.4s" }), client: http1(GET, GONE, GET, GONE) },
  { name: "up-idle-h2", upstream: "http2", ...upstream({ idle_timeout: "0.4s" }), client: http1(GET, GONE, GET, GONE) },
  { name: "up-old-h1", ...upstream({ max_connection_duration: "0.8s" }), client: http1(GET, GONE, GET, GONE) },
  {
    name: "up-old-h2",
    upstream: "http2",
    ...upstream({ max_connection_duration: "0.8s" }),
    client: http1(GET, GONE, GET, GONE),
  },
  {
    name: "up-old-asking",
    ...upstream({ max_connection_duration: "0.8s" }),
    client: http1(LATE, GONE, GET, GONE),
  },
  { name: "up-stream", ...upstream({ max_stream_duration: "0.3s" }), client: http1(HANGS, 900) },
  { name: "up-requests-h1", ...upstream({ max_requests_per_connection: 2 }), client: http1(GET, GET, GET, 100) },
  {
    name: "up-requests-h2",
    upstream: "http2",
    ...upstream({ max_requests_per_connection: 2 }),
    client: http1(GET, GET, GET, 100),
  },
  {
    name: "up-count-h1",
    ...upstream({ max_headers_count: 4 }),
    client: http1(`${GET}\r\nx-script: 200 x-a=1 x-b=1 x-c=1 x-d=1 x-e=1`, 300),
  },
  {
    name: "up-count-h2",
    upstream: "http2",
    ...upstream({ max_headers_count: 4 }),
    client: http1(`${GET}\r\nx-script: 200 x-a=1 x-b=1 x-c=1 x-d=1 x-e=1`, 300),
  },
  {
    name: "up-kb-h1",
    ...upstream({ max_response_headers_kb: 1 }),
    client: http1(`${GET}\r\nx-script: 200 x-a=${"a".repeat(2_000)}`, 300),
  },
  {
    name: "up-kb-h2",
    upstream: "http2",
    ...upstream({ max_response_headers_kb: 1 }),
    client: http1(`${GET}\r\nx-script: 200 x-a=${"a".repeat(2_000)}`, 300),
  },
  {
    name: "up-underscores-h1",
    ...upstream({ headers_with_underscores_action: "REJECT_REQUEST" }),
    client: http1(`${GET}\r\nx-script: 200 x_a=1`, 300),
  },
  {
    name: "up-underscores-h2",
    upstream: "http2",
    ...upstream({ headers_with_underscores_action: "DROP_HEADER" }),
    client: http1(`${GET}\r\nx-script: 200 x_a=1`, 300),
  },
  { name: "up-alive", upstream: "http2", ...upstreamAlive(PATIENT), client: http1(GET, 1_400, GET) },
  { name: "up-silent", upstream: "mute", ...upstreamAlive(KEEPALIVE), client: http1(GET, GONE, GET, GONE) },
  {
    name: "up-silent-after-idle",
    upstream: "mute",
    ...upstreamAlive({ timeout: "0.2s", connection_idle_interval: "1s" }),
    client: http1(GET, 100, GET, 1_300, GET, GONE, GET),
  },
];
