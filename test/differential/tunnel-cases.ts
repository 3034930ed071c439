// The upgrades and CONNECTs of tunnels.full.test.ts. Data only.
import type http2 from "node:http2";

/** Ports of the upstreams as the file names them: HTTP/1, HTTP/2, raw bytes, and one where nobody listens. */
export const HTTP1 = 21502;
export const HTTP2 = 21503;
export const RAW = 21504;
export const NOBODY = 21505;

const UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n";
const ENDS_HERE = { upgrade_configs: [{ upgrade_type: "CONNECT", connect_config: {} }] };
const CONNECTS = { upgrade_configs: [{ upgrade_type: "CONNECT" }] };
const SOCKETS = { upgrade_configs: [{ upgrade_type: "websocket" }] };

/** A listener of this name, one client on it, and what differs on purpose. */
export interface TunnelCase {
  readonly name: string;
  readonly manager?: unknown;
  readonly match?: unknown;
  readonly route?: unknown;
  readonly port?: number;
  /** Sent by a client of HTTP/1; by one of HTTP/2 when these are fields. */
  readonly request: string | http2.OutgoingHttpHeaders;
  /** Sent when the answer's head has come; the client then resets, unless this asks the upstream to end. */
  readonly sends?: string;
  /** The proxy ends it in the end, and the client waits for that. */
  readonly isEnded?: boolean;
  /** The client of HTTP/2 ends its side instead of resetting the stream. */
  readonly ends?: boolean;
  /** What of it differs, and why. */
  readonly differs?: { readonly seen?: string; readonly log?: string; readonly why: string };
}

export const TUNNEL_CASES: readonly TunnelCase[] = [
  { name: "upgrade-off", request: get("/") },
  { name: "upgrade-on", manager: SOCKETS, request: get("/"), sends: "ping" },
  { name: "upgrade-of-route", route: { cluster: "http1", ...SOCKETS }, request: get("/"), sends: "ping" },
  {
    name: "upgrade-off-by-route",
    manager: SOCKETS,
    route: { cluster: "http1", upgrade_configs: [{ upgrade_type: "websocket", enabled: false }] },
    request: get("/"),
  },
  { name: "upgrade-of-another-type", manager: SOCKETS, request: get("/").replace("websocket", "other") },
  {
    name: "upgrade-refused",
    manager: SOCKETS,
    request: `${get("/refuse")}GET /smuggled HTTP/1.1\r\nHost: b\r\n\r\n`,
    differs: { log: "websocket 0 2", why: "what came behind the head is no body, and is thrown away unread" },
  },
  { name: "upgrade-early", manager: SOCKETS, request: `${get("/slow")}early`, sends: " and late" },
  { name: "upgrade-late", manager: SOCKETS, route: { cluster: "http1", timeout: "0.2s" }, request: get("/hang") },
  {
    name: "upgrade-idle",
    manager: SOCKETS,
    route: { cluster: "http1", idle_timeout: "1s" },
    request: get("/"),
    isEnded: true,
  },
  { name: "upgrade-refused-connection", manager: SOCKETS, port: NOBODY, request: get("/") },
  { name: "upgrade-without-route", manager: SOCKETS, match: { prefix: "/other" }, request: get("/") },
  {
    name: "upgrade-ended-above",
    manager: SOCKETS,
    request: get("/"),
    sends: "close",
    differs: {
      log: "via_upstream -",
      why: "an upstream that has said all ended its answer in order, and no error is logged",
    },
  },
  {
    name: "upgrade-with-body",
    manager: SOCKETS,
    request: `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n${UPGRADE}\r\nhello`,
    differs: {
      seen: "HTTP/1.1 200 OK",
      log: "200 via_upstream -",
      why: "body and upgrade in one request leave two readings of what follows (RFC 9110 §7.8 lets us ignore the upgrade)",
    },
  },
  { name: "upgrade-to-http2", manager: SOCKETS, port: HTTP2, request: get("/"), sends: "ping" },
  { name: "upgrade-refused-by-http2", manager: SOCKETS, port: HTTP2, request: get("/refuse") },
  { name: "http2-upgrade", manager: SOCKETS, request: extended("/"), sends: "ping" },
  { name: "http2-upgrade-off", request: extended("/") },
  { name: "http2-upgrade-refused", manager: SOCKETS, request: extended("/refuse") },
  { name: "http2-upgrade-to-http2", manager: SOCKETS, port: HTTP2, request: extended("/"), sends: "ping" },
  { name: "connect-off", request: CONNECT() },
  { name: "connect-without-manager", match: { connect_matcher: {} }, request: CONNECT() },
  { name: "connect-without-route", manager: CONNECTS, request: CONNECT() },
  { name: "connect-on", manager: CONNECTS, match: { connect_matcher: {} }, request: CONNECT(), sends: "ping" },
  {
    name: "connect-early",
    manager: CONNECTS,
    match: { connect_matcher: {} },
    request: `${CONNECT()}early`,
    sends: " late",
  },
  {
    name: "connect-to-http2",
    manager: CONNECTS,
    match: { connect_matcher: {} },
    port: HTTP2,
    request: CONNECT(),
    sends: "ping",
  },
  { name: "connect-refused", manager: CONNECTS, match: { connect_matcher: {} }, request: CONNECT("refuse:443") },
  { name: "connect-without-port", manager: CONNECTS, match: { connect_matcher: {} }, request: CONNECT("a") },
  ...["connect-here", "connect-here-ended"].map(
    (name, i): TunnelCase => ({
      name,
      match: { connect_matcher: {} },
      route: { cluster: "raw", ...ENDS_HERE },
      request: CONNECT(),
      sends: ["ping", "close"][i] ?? "",
    }),
  ),
  {
    name: "connect-here-refused",
    match: { connect_matcher: {} },
    route: { cluster: "nobody", ...ENDS_HERE },
    request: CONNECT(),
  },
  {
    name: "http2-connect-here",
    match: { connect_matcher: {} },
    route: { cluster: "raw", ...ENDS_HERE },
    request: { ":method": "CONNECT", ":authority": "a:443" },
    sends: "ping",
    ends: true,
  },
  { name: "http2-connect-off", request: { ":method": "CONNECT", ":authority": "a:443" } },
];

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n${UPGRADE}\r\n`;
}

function extended(path: string): http2.OutgoingHttpHeaders {
  return { ":method": "CONNECT", ":protocol": "websocket", ":scheme": "http", ":path": path, ":authority": "a" };
}

function CONNECT(authority: string = "a:443"): string {
  return `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`;
}
