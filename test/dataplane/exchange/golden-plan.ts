// The listener that the captured answers came from (main), as far as these cases need it.
import type { HttpConnectionManagerPlan, ListenerPlan } from "../../../src/config/plan/listener.ts";
import type { HeaderAddPlan, RouteActionPlan, RoutePlan } from "../../../src/config/plan/route.ts";
import { httpDefaults } from "../../support/http-options.ts";
import { acting, forward, forwarding, listener, manager } from "../../support/listener-plans.ts";
import { noChanges, pathMatch, redirect, route, routeConfig, virtualHost } from "../../support/route-plans.ts";

const strip = { rewrite: { path: { kind: "prefix", value: "/" }, host: { kind: "none" } } } as const;

const added: HeaderAddPlan = {
  name: "x-added",
  value: [
    { kind: "operator", name: "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", args: [], lengthMax: 1000 },
    { kind: "literal", text: " " },
    { kind: "operator", name: "REQ", args: [":path"], lengthMax: 1000 },
  ],
  action: "append",
  keepEmpty: false,
};

const seen: HeaderAddPlan = {
  name: "x-resp",
  value: [
    { kind: "operator", name: "UPSTREAM_HOST", args: [], lengthMax: 1000 },
    { kind: "literal", text: " " },
    { kind: "operator", name: "RESPONSE_CODE", args: [], lengthMax: 1000 },
  ],
  action: "append",
  keepEmpty: false,
};

function direct(status: number, body: string): RouteActionPlan {
  return { kind: "direct_response", status, body: Buffer.from(body), bodyFormat: null };
}

const routes: readonly RoutePlan[] = [
  { ...forwarding("/ep/none/", "none", strip), name: "r-none" },
  forwarding("/ep/refused/", "refused", strip),
  forwarding("/ep/missing/", "does_not_exist"),
  forwarding("/ep/missing500/", "does_not_exist", { clusterNotFoundStatus: 500 }),
  acting("/ep/header/", forward({ kind: "header", header: "x-cluster" }, strip)),
  forwarding("/ep/connect-timeout/", "blackhole", strip),
  forwarding("/ep/tlsup/", "tlsup", strip),
  forwarding("/ep/h2up/", "h2up", strip),
  forwarding("/ep/overflow/", "overflow", strip),
  forwarding("/ep/rqoverflow/", "overflow", strip),
  forwarding("/timeout/", "up", { ...strip, timeoutMs: 300 }),
  forwarding("/idle/", "up", { ...strip, timeoutMs: Number.POSITIVE_INFINITY, idleTimeoutMs: 300 }),
  forwarding("/maxdur/", "up", { ...strip, timeoutMs: Number.POSITIVE_INFINITY, streamDurationMaxMs: 300 }),
  {
    ...acting(
      "/rewrite/",
      forward("up", {
        rewrite: { path: { kind: "prefix", value: "/" }, host: { kind: "literal", value: "rewritten.example" } },
      }),
    ),
    headers: { ...noChanges, responseAdd: [seen], requestRemove: ["x-drop"] },
  },
  forwarding("/regex/", "up", {
    rewrite: {
      path: { kind: "regex", pattern: "^/regex/(.*)$", substitution: "/echo?was=\\1" },
      host: { kind: "none" },
    },
  }),
  acting("/redirect301", redirect({ path: { kind: "path", value: "/new" } })),
  acting("/redirect-https", redirect({ scheme: "https", status: 307 })),
  acting(
    "/redirect-host",
    redirect({ host: "other.example", path: { kind: "prefix", value: "/x" }, status: 302, stripQuery: true }),
  ),
  acting("/direct", direct(418, "teapot\n")),
  {
    ...route("", pathMatch("path", "/exact"), {
      query: [{ name: "q", string: { kind: "exact", value: "1", ignoreCase: false }, present: false }],
    }),
    action: direct(200, "exact q=1"),
  },
  { ...route("", pathMatch("path_separated_prefix", "/psp")), action: direct(200, "psp") },
  { ...route("", pathMatch("regex", "/re/[0-9]+")), action: direct(200, "re") },
  { ...route("", pathMatch("prefix", "/grpconly"), { grpcOnly: true }), action: direct(503, "g") },
  forwarding("/ws/", "up", strip),
  { ...route("", pathMatch("path", "/echo")), action: forward("up") },
  forwarding("/up/", "up", strip),
];

/** The plan of the captured listener `main`, or with these changes of `edge`. */
export function goldenListener(changes: Partial<HttpConnectionManagerPlan> = {}): ListenerPlan {
  const only = { ...virtualHost("only", ["only.example", "only.example:*"], [forwarding("/", "up")]) };
  const att = virtualHost("att", ["att.example"], [forwarding("/", "up")]);
  const main = virtualHost("main", ["a", "a:*", "localhost", "localhost:*"], routes);
  return listener(
    manager({
      streamIdleTimeoutMs: 3_000,
      streamFlushTimeoutMs: 3_000,
      requestHeadersTimeoutMs: 1_000,
      routes: routeConfig(
        { ...only, requireTls: "all" },
        { ...att, includeRequestAttemptCount: true, includeAttemptCountInResponse: true },
        { ...main, headers: { ...noChanges, requestAdd: [added] } },
      ),
      accessLogs: [{ sink: "file", path: "detail", format: DETAIL, json: null, omitEmpty: false, filter: null }],
      ...changes,
    }),
  );
}

/** What the captured listener `edge` has beyond `main`. */
export const EDGE: Partial<HttpConnectionManagerPlan> = {
  useRemoteAddress: true,
  normalizePath: true,
  mergeSlashes: true,
  alwaysSetRequestIdInResponse: true,
  http: { ...httpDefaults, http1: { ...httpDefaults.http1, acceptHttp10: true, properCase: true } },
  stripHostPort: "any",
  serverName: "my-server",
  via: "my-via",
};

const OPERATORS: readonly [string, string, readonly string[]][] = [
  ["case=", "REQ", ["X-CASE"]],
  [" code=", "RESPONSE_CODE", []],
  [" flags=", "RESPONSE_FLAGS", []],
  [" long=", "RESPONSE_FLAGS_LONG", []],
  [" details=", "RESPONSE_CODE_DETAILS", []],
  [" attempts=", "UPSTREAM_REQUEST_ATTEMPT_COUNT", []],
  [" tfr=", "UPSTREAM_TRANSPORT_FAILURE_REASON", []],
  [" host=", "UPSTREAM_HOST", []],
  [" route=", "ROUTE_NAME", []],
  [" rx=", "BYTES_RECEIVED", []],
  [" tx=", "BYTES_SENT", []],
  [" proto=", "PROTOCOL", []],
  [" grpc=", "GRPC_STATUS", []],
];

const DETAIL = [
  ...OPERATORS.flatMap(
    ([text, name, args]) =>
      [
        { kind: "literal", text },
        { kind: "operator", name, args, lengthMax: 1000 },
      ] as const,
  ),
  { kind: "literal", text: "\n" } as const,
];
