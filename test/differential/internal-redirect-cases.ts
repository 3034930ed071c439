// Requests whose upstream redirects them, to routes with all kinds of internal_redirect_policy: data for the comparison with the real
// Envoy. A word of the script is an answer of LyingUpstream.

/** One request. */
export interface RedirectCase {
  readonly name: string;
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The body comes in chunks, and with this trailer when it has a value. */
  readonly trailer?: string;
  readonly script: readonly string[];
  /** Whose limit HTTP/2 has not: Envoy keeps as much of its bodies as a stream's window holds. */
  readonly isHttp1Only?: true;
}

const TYPE = "type.googleapis.com/envoy.extensions.internal_redirect";
const policy = (fields: Readonly<Record<string, unknown>>, more: object = {}): unknown => ({
  cluster: "echo",
  internal_redirect_policy: fields,
  ...more,
});
const predicate = (kind: string, message: string, fields: object = {}): unknown => ({
  name: `envoy.internal_redirect_predicates.${kind}`,
  typed_config: { "@type": `${TYPE}.${kind}.v3.${message}`, ...fields },
});
const PREVIOUS = predicate("previous_routes", "PreviousRoutesConfig");
const SAFE = predicate("safe_cross_scheme", "SafeCrossSchemeConfig");
const LISTED = predicate("allow_listed_routes", "AllowListedRoutesConfig", { allowed_route_names: ["to", "other"] });
const ALL_CODES = [301, 302, 303, 307, 308];
const route = (name: string, action: unknown): unknown => ({ name, match: { prefix: `/${name}` }, route: action });

/** The routes of both proxies. */
export const REDIRECT_ROUTES: readonly unknown[] = [
  route("to", { cluster: "echo" }),
  route("moved", { cluster: "echo", prefix_rewrite: "/rewritten", host_rewrite_literal: "new.host" }),
  { name: "here", match: { path: "/here" }, direct_response: { status: 200, body: { inline_string: "hi" } } },
  { name: "away", match: { path: "/away" }, redirect: { host_redirect: "far.away" } },
  route("nobody", { cluster: "nobody" }),
  route("plain", policy({})),
  route("none", policy({ max_internal_redirects: 0 })),
  route("three", policy({ max_internal_redirects: 3, redirect_response_codes: ALL_CODES })),
  route("chain", policy({ max_internal_redirects: 3 }, { prefix_rewrite: "/chain", host_rewrite_literal: "own.host" })),
  route("wrong", policy({ redirect_response_codes: [200, 305, 307] })),
  route("cross", policy({ allow_cross_scheme_redirect: true })),
  route("safe", policy({ allow_cross_scheme_redirect: true, predicates: [SAFE] })),
  route("once", policy({ max_internal_redirects: 9, predicates: [PREVIOUS] })),
  route("listed", policy({ max_internal_redirects: 2, predicates: [LISTED, PREVIOUS] })),
  route("copy", policy({ response_headers_to_copy: ["x-one", "X-Two"] })),
  route("again", policy({}, { retry_policy: { retry_on: "5xx", retry_back_off: { base_interval: "0.001s" } } })),
  route("older", { cluster: "echo", internal_redirect_action: "HANDLE_INTERNAL_REDIRECT", max_internal_redirects: 2 }),
  route("passing", { cluster: "echo", internal_redirect_action: "PASS_THROUGH_INTERNAL_REDIRECT" }),
  route("quick", policy({}, { timeout: "1s" })),
  { match: { prefix: "/nameless" }, route: policy({ predicates: [LISTED] }) },
];

const to = (location: string, status: number = 302): string => `${status} location=${location}`;
const TO = to("http://b.c/to");
const POST = { method: "POST", body: "hello" };

/** All of them; those of HTTP/2 are sent without what HTTP/1 alone has. */
export const REDIRECT_CASES: readonly RedirectCase[] = [
  { name: "a GET", path: "/plain", script: [to("http://b.c/to?x=1#f"), "200"] },
  { name: "a query", path: "/plain?y=2", script: [TO, "200"] },
  { name: "a HEAD", method: "HEAD", path: "/plain", script: [TO, "200"] },
  { name: "a body", ...POST, path: "/plain", script: [TO, "200"] },
  { name: "a body in chunks", ...POST, trailer: "", path: "/plain", script: [TO, "200"] },
  { name: "trailers", ...POST, trailer: "x-t: 1", path: "/plain", script: [TO, "200"] },
  {
    name: "a body that is not kept",
    method: "POST",
    body: "a".repeat(1500),
    isHttp1Only: true,
    path: "/plain",
    script: [TO, "200"],
  },
  { name: "no location", path: "/plain", script: ["302 a=b"] },
  { name: "another code", path: "/plain", script: [to("http://b.c/to", 301)] },
  { name: "an answer that is none", path: "/plain", script: [to("http://b.c/to", 200)] },
  {
    name: "two of them, where one is allowed",
    path: "/plain",
    script: [to("http://b.c/plain1"), to("http://b.c/plain2")],
  },
  { name: "none allowed", path: "/none", script: [TO] },
  { name: "four, where three are", path: "/three", script: [1, 2, 3, 4].map((i) => to(`http://b.c/three${i}`)) },
  ...ALL_CODES.flatMap((status): RedirectCase[] => [
    { name: `${status} for a GET`, path: "/three", script: [to("http://b.c/to", status), "200"] },
    {
      name: `${status} for a PUT`,
      ...POST,
      method: "PUT",
      path: "/three",
      script: [to("http://b.c/to", status), "200"],
    },
  ]),
  { name: "303 for a HEAD", method: "HEAD", path: "/three", script: [to("http://b.c/to", 303), "200"] },
  { name: "303 for chunks", ...POST, trailer: "", path: "/three", script: [to("http://b.c/to", 303), "200"] },
  { name: "303 for a POST that comes back", ...POST, path: "/three", script: [to("http://b.c/three", 303), TO, "200"] },
  { name: "wrong codes alone", path: "/wrong", script: [to("http://b.c/to", 305)] },
  { name: "the right one beside wrong codes", path: "/wrong", script: [to("http://b.c/to", 307), "200"] },
  { name: "302 where it is not among the codes", path: "/wrong", script: [TO] },
  {
    name: "paths and hosts that are written anew",
    path: "/chain?q=1",
    script: [to("http://b.c/chain/2"), to("http://b.c/moved?r=2"), "200"],
  },
  {
    name: "an original path of the client's",
    path: "/chain",
    headers: { "x-envoy-original-path": "/mine", "x-envoy-original-url": "u" },
    script: [TO, "200"],
  },
  { name: "an answer of the proxy's own", path: "/plain", script: [to("http://b.c/here")] },
  { name: "the same behind a body", ...POST, path: "/plain", script: [to("http://b.c/here")] },
  { name: "a redirect of the proxy's own", path: "/plain", script: [to("http://b.c/away")] },
  { name: "a cluster without an endpoint", path: "/plain", script: [to("http://b.c/nobody")] },
  { name: "no route", path: "/plain", script: [to("http://b.c/nowhere")] },
  { name: "no path", path: "/plain", script: [to("http://b.c")] },
  { name: "a query without a path", path: "/plain", script: [to("http://b.c?x")] },
  { name: "https", path: "/plain", script: [to("https://b.c/to")] },
  { name: "https where it may", path: "/cross", script: [to("https://b.c:444/to"), "200"] },
  { name: "another scheme where it may", path: "/cross", script: [to("a-b.c://b.c/to"), "200"] },
  { name: "https where it is not safe", path: "/safe", script: [to("https://b.c/to")] },
  { name: "http where it is safe", path: "/safe", script: [TO, "200"] },
  { name: "the same route twice", path: "/once", script: [to("http://b.c/once1"), to("http://b.c/once2")] },
  { name: "another one than before", path: "/once", script: [to("http://b.c/once1"), to("http://b.c/to"), "200"] },
  { name: "a listed route", path: "/listed", script: [TO, "200"] },
  { name: "an unlisted route", path: "/listed", script: [to("http://b.c/three")] },
  { name: "a route without a name", path: "/listed", script: [to("http://b.c/nameless")] },
  { name: "from a route without a name", path: "/nameless", script: [TO, "200"] },
  {
    name: "headers of the answer",
    path: "/copy",
    headers: { "x-two": "own" },
    script: [`${TO} x-one=1 x-three=3`, "200"],
  },
  {
    name: "headers over those of the request",
    path: "/copy",
    headers: { "x-one": "own" },
    script: [`${TO} x-one=1 x-two=2`, "200"],
  },
  {
    name: "headers of an answer that is not followed",
    path: "/copy",
    headers: { "x-one": "own" },
    script: [`${to("/to")} x-one=1`],
  },
  { name: "after a retry", ...POST, path: "/again", script: ["503", TO, "200"] },
  { name: "to a route that retries", ...POST, path: "/plain", script: [to("http://b.c/again"), "503", "200"] },
  {
    name: "the older field",
    path: "/older",
    script: [to("http://b.c/older1"), to("http://b.c/older2"), to("http://b.c/older3")],
  },
  { name: "the older field that passes", path: "/passing", script: [TO] },
  {
    name: "a client behind another proxy",
    path: "/plain",
    headers: { "x-forwarded-for": "10.9.9.9" },
    script: [TO, "200"],
  },
  { name: "a timeout of its own", path: "/quick", script: [to("http://b.c/quick"), "200"] },
  ...[
    "/to",
    "//b.c/to",
    "*",
    "mailto:x",
    "http:/b.c/to",
    "http:///to",
    "http://b.c#f",
    "http://b.c:/to",
    "http://b.c:65536/to",
  ].map(bad),
  ...["http://b_c/to", "http://b%20c/to", "http://u@v@b.c/to", "http://[::1/to", "http://[::zz]/to", "1a://b.c/to"].map(
    bad,
  ),
  ...[
    "http://u:p@b.c/to",
    "http://[::1]:80/to",
    "HTTP://B.C/to",
    "http://b.c:080/to",
    "http://b.c/to%20o/../x",
    "http://b.c/to\\x",
  ].map(good),
];

function bad(location: string): RedirectCase {
  return { name: `to ${location}, which leads nowhere`, path: "/plain", script: [to(location)] };
}

function good(location: string): RedirectCase {
  return { name: `to ${location}`, path: "/plain", script: [to(location), "200"] };
}
