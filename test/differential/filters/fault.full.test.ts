// The fault filter beside the real Envoy's: answers, flags, what the upstream sees, and counters.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { FilterTwins } from "../../support/filter-twins.ts";
import { envoyInstalled } from "../../support/live-proxy.ts";

const HTTP_FAULT = "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault";
const percent = (numerator: number, denominator: string = "HUNDRED"): unknown => ({ numerator, denominator });
const always = percent(100);
const never = percent(0);

function route(prefix: string, fault: Readonly<Record<string, unknown>>): unknown {
  const value = "%RESPONSE_FLAGS% %DYNAMIC_METADATA(f:why)%";
  return {
    match: { prefix },
    route: { cluster: "echo" },
    response_headers_to_add: [{ header: { key: "x-told", value } }],
    typed_per_filter_config: { f: { "@type": HTTP_FAULT, ...fault } },
  };
}

const HEADERS = {
  delay: { header_delay: {}, percentage: always },
  abort: { header_abort: {}, percentage: always },
  response_rate_limit: { header_limit: {}, percentage: always },
};
const ROUTES = [
  route("/abort", { abort: { http_status: 418, percentage: always } }),
  route("/grpc", { abort: { grpc_status: 5, percentage: always } }),
  route("/delay", { delay: { fixed_delay: "0.1s", percentage: always }, filter_metadata: { why: "test" } }),
  route("/both", {
    delay: { fixed_delay: "0.05s", percentage: percent(1_000_000, "MILLION") },
    abort: { http_status: 503, percentage: percent(10_000, "TEN_THOUSAND") },
    filter_metadata: { why: "both" },
  }),
  route("/asked", HEADERS),
  route("/never", {
    delay: { header_delay: {}, percentage: never },
    abort: { header_abort: {}, percentage: never },
  }),
  route("/rate", { response_rate_limit: { fixed_limit: { limit_kbps: 1 }, percentage: always } }),
  route("/body", { abort: { http_status: 500, percentage: always, response_body: "of mine" } }),
  route("/nodes", { downstream_nodes: ["n1", "n2"], abort: { http_status: 501, percentage: always } }),
  route("/headers", {
    headers: [{ name: "x-f", string_match: { exact: "1" } }],
    upstream_cluster: "echo",
    abort: { http_status: 502, percentage: always },
  }),
  route("/cluster", { upstream_cluster: "other", abort: { http_status: 502, percentage: always } }),
  route("/uncounted", { disable_downstream_cluster_stats: true, abort: { http_status: 500, percentage: always } }),
  route("/runtime", {
    delay: { fixed_delay: "0.01s", percentage: never },
    abort: { http_status: 500, percentage: never },
  }),
  route("/keys", {
    abort: { http_status: 500, percentage: never },
    abort_percent_runtime: "my.percent",
    abort_http_status_runtime: "my.status",
  }),
  route("/full", { max_active_faults: 0, abort: { http_status: 500, percentage: always } }),
  route("/idle", {}),
  { match: { prefix: "/" }, route: { cluster: "echo" } },
];

const get = (path: string, ...fields: readonly string[]): string =>
  `GET ${path} HTTP/1.1\r\nhost: a\r\n${fields.map((field) => `${field}\r\n`).join("")}\r\n`;
const CLUSTER = "x-envoy-downstream-service-cluster: c1";
const CASES: Readonly<Record<string, string>> = {
  "an abort": get("/abort"),
  "an abort of a HEAD": get("/abort").replace("GET", "HEAD"),
  "an abort of a request with a body": "POST /abort HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc",
  "an abort of a client whose cluster is known": get("/abort", CLUSTER),
  "a gRPC status for a plain request": get("/grpc"),
  "a gRPC status for a gRPC request": get("/grpc", "content-type: application/grpc"),
  "an HTTP status for a gRPC request": get("/abort", "content-type: application/grpc"),
  "a delay": get("/delay"),
  "a delay of a request with a body": "POST /delay HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc",
  "a delay and an abort": get("/both"),
  "nothing asked": get("/asked"),
  "a delay asked": get("/asked", "x-envoy-fault-delay-request: 50"),
  "a delay of nothing asked": get("/asked", "x-envoy-fault-delay-request: 0"),
  "a delay that is no number": get("/asked", "x-envoy-fault-delay-request: soon"),
  "a status asked": get("/asked", "x-envoy-fault-abort-request: 429"),
  "a status that is none": get("/asked", "x-envoy-fault-abort-request: 100"),
  "a gRPC status asked": get("/asked", "x-envoy-fault-abort-grpc-request: 7"),
  "a gRPC status that is none": get("/asked", "x-envoy-fault-abort-grpc-request: 99"),
  "both statuses asked": get("/asked", "x-envoy-fault-abort-request: 429", "x-envoy-fault-abort-grpc-request: 7"),
  "a rate asked": get("/asked", "x-envoy-fault-throughput-response: 1"),
  "a rate of nothing asked": get("/asked", "x-envoy-fault-throughput-response: 0"),
  "a share asked": get("/never", "x-envoy-fault-abort-request: 429", "x-envoy-fault-abort-request-percentage: 100"),
  "a lower share asked": get("/asked", "x-envoy-fault-abort-request: 429", "x-envoy-fault-abort-request-percentage: 0"),
  "no share": get("/never", "x-envoy-fault-abort-request: 429"),
  "a limited rate": get("/rate"),
  "a body of its own": get("/body"),
  "another node": get("/nodes"),
  "a node": get("/nodes", "x-envoy-downstream-service-node: n2"),
  "other headers": get("/headers"),
  "its headers": get("/headers", "x-f: 1"),
  "another cluster": get("/cluster"),
  "a client's cluster that is not counted": get("/uncounted", CLUSTER),
  "no room for a fault": get("/full"),
  "nothing to inject": get("/idle"),
  "no settings of a route": get("/"),
};

describe("the fault filter, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  let twins: FilterTwins | undefined;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    const runtime = "layered_runtime: { layers: [{ name: admin, admin_layer: {} }] }";
    const filters = { f: { "@type": "fault.v3.HTTPFault" } };
    twins = await FilterTwins.start({ filters, routes: ROUTES, flags: ["--config-yaml", runtime] });
  });

  after(() => twins?.stop());

  for (const [title, bytes] of Object.entries(CASES)) {
    it(`does alike with ${title}`, async () => {
      const [theirs, ours] = (await twins?.raw(bytes)) ?? [];
      assert.match(String(theirs), /^HTTP\/1.1 \d+ /);
      assert.equal(ours, theirs);
    });
  }

  const RUNTIME: readonly (readonly [title: string, entries: string, request: string])[] = [
    ["a share", "fault.http.abort.abort_percent=100", get("/runtime")],
    ["a status", "fault.http.abort.http_status=451", get("/runtime")],
    ["a delay", "fault.http.delay.fixed_delay_percent=100&fault.http.delay.fixed_duration_ms=30", get("/runtime")],
    ["no share of a client's cluster", "a=1", get("/runtime", CLUSTER)],
    ["a share of a client's cluster", "fault.http.c1.abort.abort_percent=100", get("/runtime", CLUSTER)],
    ["a status of a client's cluster", "fault.http.c1.abort.http_status=409", get("/runtime", CLUSTER)],
    [
      "no delay but for a client's cluster",
      "fault.http.delay.fixed_duration_ms=0&fault.http.c1.delay.fixed_delay_percent=100",
      get("/runtime", CLUSTER),
    ],
    ["keys of its own", "my.percent=100&my.status=423", get("/keys")],
  ];
  for (const [title, entries, request] of RUNTIME) {
    it(`does alike when the runtime says ${title}`, async () => {
      assert.deepEqual(await twins?.admin(`/runtime_modify?${entries}`), ["OK\n", "OK\n"]);
      const [theirs, ours] = (await twins?.raw(request)) ?? [];
      assert.match(String(theirs), /^HTTP\/1.1 \d+ /);
      assert.equal(ours, theirs);
    });
  }

  it("counts alike", async () => {
    const [theirs, ours] = (await twins?.stats(/^http\.main\.fault\./)) ?? [];
    assert.ok((theirs?.length ?? 0) > 5);
    assert.deepEqual(ours, theirs);
  });
});
