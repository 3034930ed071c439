// The header_mutation filter beside the real Envoy's: what the upstream and the client see, trailers and queries too.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { FilterTwins } from "../../support/filter-twins.ts";
import { envoyInstalled } from "../../support/live-proxy.ts";

type Fields = Readonly<Record<string, unknown>>;

const PER_ROUTE = "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute";

function add(key: string, value: string, action?: string, more: Fields = {}): Fields {
  return { append: { header: { key, value }, ...(action === undefined ? {} : { append_action: action }), ...more } };
}

function parameter(key: string, value: string, action?: string): Fields {
  return { append: { record: { key, value }, ...(action === undefined ? {} : { action }) } };
}

function entry(mutations: Fields): Fields {
  return { m: { "@type": PER_ROUTE, mutations } };
}

const OWN = {
  request_mutations: [
    add("x-order", "filter"),
    add("x-method", "%REQ(:METHOD)% %PROTOCOL%"),
    add("x-there", "more", "APPEND_IF_EXISTS_OR_ADD"),
    add("x-if-absent", "new", "ADD_IF_ABSENT"),
    add("x-over", "new", "OVERWRITE_IF_EXISTS_OR_ADD"),
    add("x-over-there", "new", "OVERWRITE_IF_EXISTS"),
    add("x-none", "%REQ(x-none)%"),
    add("x-kept", "", undefined, { keep_empty_value: true }),
    { remove: "X-Gone" },
    { remove_on_match: { key_matcher: { prefix: "x-secret-" } } },
    add("x-secret-again", "after"),
    add("accept-encoding", "br"),
  ],
  response_mutations: [add("x-order", "filter"), add("x-code", "%RESPONSE_CODE%"), { remove: "content-type" }],
  request_trailers_mutations: [add("x-trailer", "request"), { remove: "x-old" }],
  response_trailers_mutations: [add("x-trailer", "%RESPONSE_CODE%"), { remove: "grpc-message" }],
};

const QUERY = [
  parameter("b", "more value/%PROTOCOL%"),
  parameter("if-absent", "new", "ADD_IF_ABSENT"),
  parameter("over", "new", "OVERWRITE_IF_EXISTS_OR_ADD"),
  parameter("over-there", "new", "OVERWRITE_IF_EXISTS"),
  parameter("missing", "%REQ(x-none)%"),
  { remove: "gone" },
];

const ROUTES = [
  {
    match: { prefix: "/levels" },
    route: { cluster: "echo" },
    typed_per_filter_config: entry({
      request_mutations: [add("x-order", "route"), add("x-level", "route", "OVERWRITE_IF_EXISTS_OR_ADD")],
      response_mutations: [add("x-order", "route")],
    }),
  },
  {
    match: { prefix: "/query" },
    route: { cluster: "echo" },
    typed_per_filter_config: entry({ query_parameter_mutations: QUERY }),
  },
  { match: { prefix: "/direct" }, direct_response: { status: 200, body: { inline_string: "here" } } },
  { match: { prefix: "/" }, route: { cluster: "echo" } },
];

const HOST = entry({
  request_mutations: [add("x-order", "host"), add("x-level", "host", "OVERWRITE_IF_EXISTS_OR_ADD")],
  response_mutations: [add("x-order", "host")],
});

const get = (path: string, ...fields: readonly string[]): string =>
  [`GET ${path} HTTP/1.1`, "host: a", ...fields, "connection: close", "", ""].join("\r\n");

const CASES: Readonly<Record<string, string>> = {
  "fields that are not there": get("/x"),
  "fields that are there": get(
    "/x",
    "x-there: a",
    "x-if-absent: a",
    "x-over: a",
    "x-over: b",
    "x-over-there: a",
    "x-gone: a",
    "x-secret-1: a",
    "x-secret-2: a",
    "accept-encoding: gzip",
  ),
  levels: get("/levels"),
  "a direct response": get("/direct"),
  "a path without a match": get("/levels?x=1"),
  "a query": get("/query?over=1&over-there=1&if-absent=1&gone=1&gone=2&b=1&a=1+2&plain&over-there=2"),
  "no query": get("/query"),
  "an empty query": get("/query?"),
  "odd parameters": get("/query?=x&&y=&z==1&A=1"),
  "request trailers":
    "POST /x HTTP/1.1\r\nhost: a\r\nte: trailers\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n3\r\nabc\r\n0\r\nx-old: 1\r\n\r\n",
};

for (const wins of [false, true]) {
  describe(`the header_mutation filter, the most specific level ${wins ? "last" : "first"}, the real Envoy beside Starling`, function () {
    this.timeout(60_000);
    let twins: FilterTwins | undefined;

    before(async function () {
      if (!envoyInstalled()) this.skip();
      const type = "header_mutation.v3.HeaderMutation";
      const filters = { m: { "@type": type, mutations: OWN, most_specific_header_mutations_wins: wins } };
      const hosts = [{ name: "all", domains: ["*"], routes: ROUTES, typed_per_filter_config: HOST }];
      twins = await FilterTwins.start({ filters, manager: { route_config: { name: "local", virtual_hosts: hosts } } });
    });

    after(() => twins?.stop());

    for (const [title, bytes] of Object.entries(CASES)) {
      it(`does alike with ${title}`, async () => {
        const [theirs, ours] = (await twins?.raw(bytes)) ?? [];
        assert.equal(ours, theirs);
      });
    }

    it("does alike with trailers of an answer", async () => {
      const [theirs, ours] =
        (await twins?.http2({ path: "/a.B/Echo", fields: { te: "trailers", "content-type": "application/grpc" } })) ??
        [];
      assert.equal(ours, theirs);
    });
  });
}
