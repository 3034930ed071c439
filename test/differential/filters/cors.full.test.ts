// The cors filter beside the real Envoy's: answers to preflights, fields of other answers, and counters.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { FilterTwins } from "../../support/filter-twins.ts";
import { envoyInstalled } from "../../support/live-proxy.ts";

type Fields = Readonly<Record<string, unknown>>;

const NEVER = { default_value: { numerator: 0 } };
const ALWAYS = { default_value: { numerator: 100 } };

function policy(more: Fields): Fields {
  return { c: { "@type": "type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy", ...more } };
}

function route(prefix: string, more: Fields, rest: Fields = { route: { cluster: "echo" } }): Fields {
  return { match: { prefix }, ...rest, typed_per_filter_config: policy(more) };
}

const HOST = policy({
  allow_origin_string_match: [{ suffix: ".example" }],
  allow_methods: "GET,PUT",
  allow_headers: "x-a",
  expose_headers: "x-b",
  max_age: "60",
  allow_credentials: true,
});

const ROUTES = [
  route("/more", { allow_methods: "POST", allow_credentials: false, max_age: "1" }),
  route("/star", { allow_origin_string_match: [{ exact: "*" }], allow_methods: "*", allow_headers: "*" }),
  route("/regex", { allow_origin_string_match: [{ safe_regex: { regex: "https://[a-z]+\\.test" } }] }),
  route("/off", { filter_enabled: NEVER }),
  route("/shadow", { filter_enabled: NEVER, shadow_enabled: ALWAYS }),
  route("/both", { filter_enabled: ALWAYS, shadow_enabled: ALWAYS }),
  route("/strict", { forward_not_matching_preflights: false }),
  route("/private", { allow_private_network_access: true }),
  route("/direct", {}, { direct_response: { status: 200, body: { inline_string: "here" } } }),
  {
    match: { prefix: "/added" },
    route: { cluster: "echo" },
    response_headers_to_add: [{ header: { key: "x-added", value: "1" } }],
  },
  { match: { prefix: "/" }, route: { cluster: "echo" } },
];

const ours = "origin: https://a.example";
const ask = (method: string, path: string, ...fields: readonly string[]): string =>
  [`${method} ${path} HTTP/1.1`, "host: a", ...fields, "connection: close", "", ""].join("\r\n");
const preflight = (path: string, ...fields: readonly string[]): string =>
  ask("OPTIONS", path, "access-control-request-method: PUT", ...fields);

const CASES: Readonly<Record<string, string>> = {
  "no origin": ask("GET", "/"),
  "an empty origin": ask("GET", "/", "origin: "),
  "an allowed origin": ask("GET", "/", ours),
  "an origin that is not allowed": ask("GET", "/", "origin: https://b.test"),
  "a preflight": preflight("/", ours),
  "a preflight from an origin that is not allowed": preflight("/", "origin: https://b.test"),
  "a preflight that is not forwarded": preflight("/strict", "origin: https://b.test"),
  "OPTIONS without a method that is asked for": ask("OPTIONS", "/", ours),
  "a preflight without an origin": preflight("/"),
  "a route that says more": preflight("/more", ours),
  "a GET of a route that says more": ask("GET", "/more", ours),
  stars: preflight("/star", "origin: x", "access-control-request-headers: x-1,x-2"),
  "stars without headers that are asked for": preflight("/star", "origin: x"),
  "a regex": ask("GET", "/regex", "origin: https://b.test"),
  "a regex that does not match": ask("GET", "/regex", ours),
  "a route where it is off": preflight("/off", ours),
  "a route that is watched": preflight("/shadow", ours),
  "a route that is watched and on": preflight("/both", ours),
  "a private network": preflight("/private", ours, "access-control-request-private-network: true"),
  "a private network that is not allowed": preflight("/", ours, "access-control-request-private-network: true"),
  "a direct response": preflight("/direct", ours),
  "a route that adds fields": preflight("/added", ours),
};

describe("the cors filter, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  let twins: FilterTwins | undefined;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    const hosts = [{ name: "all", domains: ["*"], routes: ROUTES, typed_per_filter_config: HOST }];
    twins = await FilterTwins.start({
      filters: { c: { "@type": "cors.v3.Cors" } },
      manager: { route_config: { name: "local", virtual_hosts: hosts } },
    });
  });

  after(() => twins?.stop());

  for (const [title, bytes] of Object.entries(CASES)) {
    it(`does alike with ${title}`, async () => {
      const [theirs, own] = (await twins?.raw(bytes)) ?? [];
      assert.equal(own, theirs);
    });
  }

  it("counts alike", async () => {
    const [theirs, own] = (await twins?.stats(/cors/)) ?? [];
    assert.deepEqual(own, theirs);
  });
});
