// The local_ratelimit filter beside the real Envoy's: who passes, what the answers say, what the upstream sees, and the counters. Buckets fill
// by the hour, so that what they hold is known.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { FilterTwins } from "../../support/filter-twins.ts";
import { envoyInstalled } from "../../support/live-proxy.ts";

type Fields = Readonly<Record<string, unknown>>;

const ALWAYS = { default_value: { numerator: 100 } };
const NEVER = { default_value: { numerator: 0 } };

function bucket(max: number, more: Fields = {}): Fields {
  return { max_tokens: max, fill_interval: "3600s", ...more };
}

function limit(prefix: string, more: Fields): Fields {
  return { stat_prefix: prefix, filter_enabled: ALWAYS, filter_enforced: ALWAYS, ...more };
}

function route(prefix: string, entry: Fields, action: Fields = {}): unknown {
  const type = "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit";
  const typed = { l: { "@type": type, ...entry } };
  return { match: { prefix }, route: { cluster: "echo", ...action }, typed_per_filter_config: typed };
}

function descriptor(entries: Readonly<Record<string, string>>, max: number, more: Fields = {}): Fields {
  const pairs = Object.entries(entries).map(([key, value]) => ({ key, value }));
  return { entries: pairs, token_bucket: bucket(max), ...more };
}

/** What an hour's bucket says of its next token, whatever the second. */
function hourly(answer: string | undefined): string | undefined {
  return answer?.replace(/^(x-ratelimit-reset): (?:3600|35\d\d)$/m, "$1: <hour>");
}

const HEADER = { request_headers: { header_name: "x-who", descriptor_key: "who" } };
const BY_WHO = { actions: [HEADER] };
const KEY = { generic_key: { descriptor_value: "k" } };
const DESCRIPTORS = [descriptor({ who: "a" }, 1), descriptor({ who: "b" }, 2)];

const ROUTES = [
  {
    ...(route("/route-adds", limit("routeadds", { token_bucket: bucket(0) })) as Fields),
    response_headers_to_add: [{ header: { key: "x-added", value: "%RESPONSE_CODE%" } }],
  },
  route("/headers", limit("headers", { token_bucket: bucket(2), enable_x_ratelimit_headers: "DRAFT_VERSION_03" })),
  route(
    "/added",
    limit("added", {
      token_bucket: bucket(1),
      status: { code: "ServiceUnavailable" },
      response_headers_to_add: [
        { header: { key: "x-limited", value: "%REQ(:path)%" } },
        { header: { key: "content-type", value: "text/x" }, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" },
      ],
    }),
  ),
  route("/ok-status", limit("okstatus", { token_bucket: bucket(0), status: { code: "OK" } })),
  route(
    "/watched",
    limit("watched", {
      token_bucket: bucket(1),
      filter_enforced: NEVER,
      request_headers_to_add_when_not_enforced: [{ header: { key: "x-would", value: "%PROTOCOL%" } }],
    }),
  ),
  route("/silent", { stat_prefix: "silent", token_bucket: bucket(0) }),
  route("/nothing", limit("nothing", { token_bucket: bucket(0), enable_x_ratelimit_headers: "DRAFT_VERSION_03" })),
  route("/exhausted", limit("exhausted", { token_bucket: bucket(0), rate_limited_as_resource_exhausted: true })),
  route(
    "/retry",
    limit("retry", { token_bucket: bucket(1, { fill_interval: "100s" }), enable_retry_after_header: true }),
  ),
  route(
    "/own",
    limit("own", {
      token_bucket: bucket(3),
      rate_limits: [BY_WHO],
      descriptors: DESCRIPTORS,
      enable_x_ratelimit_headers: 1,
    }),
  ),
  route(
    "/apart",
    limit("apart", {
      token_bucket: bucket(1),
      rate_limits: [BY_WHO],
      descriptors: DESCRIPTORS,
      always_consume_default_token_bucket: false,
    }),
  ),
  route("/byroute", limit("byroute", { token_bucket: bucket(50), descriptors: DESCRIPTORS }), {
    rate_limits: [BY_WHO],
  }),
  route("/byhost", limit("byhost", { token_bucket: bucket(50), descriptors: DESCRIPTORS })),
  route(
    "/include",
    limit("include", {
      token_bucket: bucket(50),
      descriptors: [descriptor({ generic_key: "k" }, 2), ...DESCRIPTORS],
      vh_rate_limits: "INCLUDE",
    }),
    { rate_limits: [{ actions: [KEY] }] },
  ),
  route("/overridden", limit("overridden", { token_bucket: bucket(50), descriptors: DESCRIPTORS }), {
    rate_limits: [{ actions: [KEY] }],
  }),
  route("/ignore", limit("ignore", { token_bucket: bucket(50), descriptors: DESCRIPTORS, vh_rate_limits: "IGNORE" })),
  route(
    "/old-include",
    limit("oldinclude", { token_bucket: bucket(50), descriptors: DESCRIPTORS, vh_rate_limits: "IGNORE" }),
    { include_vh_rate_limits: true },
  ),
  route("/stage", limit("stage", { token_bucket: bucket(50), descriptors: DESCRIPTORS, stage: 2 }), {
    rate_limits: [
      { stage: 1, actions: [KEY] },
      { stage: 2, ...BY_WHO },
    ],
  }),
  route("/disabled-key", limit("disabledkey", { token_bucket: bucket(50), descriptors: DESCRIPTORS }), {
    rate_limits: [{ disable_key: "x", ...BY_WHO }],
  }),
  route(
    "/hits",
    limit("hits", {
      token_bucket: bucket(50),
      descriptors: DESCRIPTORS,
      rate_limits: [{ ...BY_WHO, hits_addend: { number: 2 } }],
    }),
  ),
  route(
    "/by-hits-zero",
    limit("hitszero", {
      token_bucket: bucket(50),
      descriptors: DESCRIPTORS,
      rate_limits: [{ ...BY_WHO, hits_addend: { number: 0 } }],
    }),
  ),
  route(
    "/by-hits-format",
    limit("hitsformat", {
      token_bucket: bucket(50),
      descriptors: DESCRIPTORS,
      rate_limits: [{ ...BY_WHO, hits_addend: { format: "%REQ(x-hits)%" } }],
    }),
  ),
  route("/by-hits-route", limit("hitsroute", { token_bucket: bucket(50), descriptors: DESCRIPTORS }), {
    rate_limits: [{ ...BY_WHO, hits_addend: { number: 2 } }],
  }),
  route(
    "/open",
    limit("open", {
      token_bucket: bucket(50),
      descriptors: [descriptor({ who: "" }, 1), descriptor({ who: "b" }, 2)],
      rate_limits: [BY_WHO],
      max_dynamic_descriptors: 2,
    }),
  ),
  route(
    "/option",
    limit("option", {
      token_bucket: bucket(50),
      descriptors: DESCRIPTORS,
      rate_limits: [{ ...BY_WHO, x_ratelimit_option: "DRAFT_VERSION_03" }],
    }),
  ),
  route("/by-option", limit("byoption", { token_bucket: bucket(50), descriptors: DESCRIPTORS }), {
    rate_limits: [{ ...BY_WHO, x_ratelimit_option: "DRAFT_VERSION_03" }],
  }),
  route("/done", limit("done", { token_bucket: bucket(50), descriptors: DESCRIPTORS }), {
    rate_limits: [{ apply_on_stream_done: true, ...BY_WHO }],
  }),
  route(
    "/done-by-own",
    limit("owndone", {
      token_bucket: bucket(50),
      descriptors: DESCRIPTORS,
      rate_limits: [{ apply_on_stream_done: true, ...BY_WHO }],
    }),
  ),
  route(
    "/shadow",
    limit("shadow", {
      token_bucket: bucket(50),
      descriptors: [descriptor({ who: "a" }, 1, { shadow_mode: true }), descriptor({ who: "b" }, 1)],
      rate_limits: [BY_WHO],
      enable_x_ratelimit_headers: 1,
      request_headers_to_add_when_not_enforced: [{ header: { key: "x-would", value: "1" } }],
      enable_retry_after_header: true,
    }),
  ),
];

const one = (path: string, ...fields: readonly string[]): string =>
  [`GET ${path} HTTP/1.1`, "host: a", ...fields, "connection: close", "", ""].join("\r\n");

const CASES: Readonly<Record<string, readonly string[]>> = {
  "x-ratelimit headers": [one("/headers"), one("/headers"), one("/headers")],
  "added headers and another status": [one("/added"), one("/added")],
  "a status that is no error": [one("/ok-status")],
  "a bucket that is not enforced": [one("/watched"), one("/watched")],
  "nothing enabled": [one("/silent")],
  "a bucket that never has a token": [one("/nothing")],
  "a route that adds fields": [one("/route-adds")],
  gRPC: [one("/exhausted", "content-type: application/grpc"), one("/nothing", "content-type: application/grpc")],
  "retry-after": [one("/retry"), one("/retry")],
  "descriptors of the filter's own policies": [..."aabbbc"].map((who) => one("/own", `x-who: ${who}`)),
  "no header for the descriptor": [one("/own"), one("/own")],
  "descriptors that cost the bucket of all nothing": [..."aabbbcc"].map((who) => one("/apart", `x-who: ${who}`)),
  "descriptors of a route": [..."aab"].map((who) => one("/byroute", `x-who: ${who}`)),
  "descriptors of the virtual host": [..."aab"].map((who) => one("/byhost", `x-who: ${who}`)),
  both: [..."aabbb"].map((who) => one("/include", `x-who: ${who}`)),
  "a route's in place of the virtual host's": [..."aab"].map((who) => one("/overridden", `x-who: ${who}`)),
  "the virtual host's ignored": [..."aab"].map((who) => one("/ignore", `x-who: ${who}`)),
  include_vh_rate_limits: [..."aab"].map((who) => one("/old-include", `x-who: ${who}`)),
  stages: [..."aab"].map((who) => one("/stage", `x-who: ${who}`)),
  "a disable_key": [..."aab"].map((who) => one("/disabled-key", `x-who: ${who}`)),
  hits_addend: [..."abb"].map((who) => one("/hits", `x-who: ${who}`)),
  "hits_addend of 0": [..."ab"].map((who) => one("/by-hits-zero", `x-who: ${who}`)),
  "hits_addend by a header": ["1", "1", "x", "-1", "0.5"].map((hits) =>
    one("/by-hits-format", "x-who: b", `x-hits: ${hits}`),
  ),
  "hits_addend of a route": [..."abb"].map((who) => one("/by-hits-route", `x-who: ${who}`)),
  "open values": [..."xxybbbyzxx"].map((who) => one("/open", `x-who: ${who}`)),
  x_ratelimit_option: [..."aa"].map((who) => one("/option", `x-who: ${who}`)),
  "x_ratelimit_option of a route": [..."aa"].map((who) => one("/by-option", `x-who: ${who}`)),
  shadow_mode: [..."aaabb"].map((who) => one("/shadow", `x-who: ${who}`)),
  apply_on_stream_done: [..."aab"].map((who) => one("/done", `x-who: ${who}`)),
  "apply_on_stream_done of the filter's own": [..."aab"].map((who) => one("/done-by-own", `x-who: ${who}`)),
  "a path without an override": [one("/x"), one("/x"), one("/x")],
};

describe("the local_ratelimit filter, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  let twins: FilterTwins | undefined;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    const filters = {
      l: { "@type": "local_ratelimit.v3.LocalRateLimit", ...limit("base", { token_bucket: bucket(2) }) },
    };
    const routes = [...ROUTES, { match: { prefix: "/" }, route: { cluster: "echo" } }];
    const hosts = [{ name: "all", domains: ["*"], routes, rate_limits: [BY_WHO] }];
    twins = await FilterTwins.start({ filters, manager: { route_config: { name: "local", virtual_hosts: hosts } } });
  });

  after(() => twins?.stop());

  for (const [title, requests] of Object.entries(CASES)) {
    it(`does alike with ${title}`, async () => {
      for (const [at, bytes] of requests.entries()) {
        const [theirs, ours] = (await twins?.raw(bytes)) ?? [];
        assert.equal(hourly(ours), hourly(theirs), `request ${at}`);
      }
    });
  }

  it("counts alike", async () => {
    const [theirs, ours] = (await twins?.stats(/http_local_rate_limit/)) ?? [];
    assert.deepEqual(ours, theirs);
  });
});
