// Filters of access logs beside the real Envoy's: each log file gets the lines of the same requests.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { envoyInstalled, freePort, LiveProxy, type Program } from "../support/live-proxy.ts";
import { proxyFile } from "../support/proxy-file.ts";
import { exchange } from "../support/raw-exchange.ts";

type Filter = Readonly<Record<string, unknown>>;

const status = (op: string, value: number, key = "k"): Filter => ({
  status_code_filter: { comparison: { op, value: { default_value: value, runtime_key: key } } },
});
const header = (matcher: Filter): Filter => ({ header_filter: { header: matcher } });
const share = (runtime_key: string, numerator: number, more: Filter = {}): Filter => ({
  runtime_filter: { runtime_key, percent_sampled: { numerator, denominator: "TEN_THOUSAND" }, ...more },
});

const metadata = (path: readonly string[], value: Filter, more: Filter = {}): Filter => ({
  metadata_filter: { matcher: { filter: "fault", path: path.map((key) => ({ key })), value, ...more } },
});
const found = (filter: Filter): Filter => ({
  metadata_filter: { ...(filter["metadata_filter"] as Filter), match_if_key_not_found: false },
});

const NUMBERED = { name: "x-request-id", string_match: { safe_regex: { regex: "0000[0-9a-f]{4}-.*" } } };

const FILTERS: Readonly<Record<string, Filter>> = {
  "status of 400 and above": status("GE", 400),
  "status of 200": status("EQ", 200),
  "status up to 299": status("LE", 299),
  "status other than 200": status("NE", 200),
  "status of the runtime": status("GE", 400, "log.status"),
  "status of a runtime key that is no number": status("GE", 400, "log.text"),
  "duration of a minute": {
    duration_filter: { comparison: { op: "GE", value: { default_value: 60_000, runtime_key: "k" } } },
  },
  "duration below a minute": {
    duration_filter: { comparison: { op: "LE", value: { default_value: 60_000, runtime_key: "k" } } },
  },
  "not a health check": { not_health_check_filter: {} },
  "any flag": { response_flag_filter: {} },
  "two flags": { response_flag_filter: { flags: ["UF", "NR"] } },
  "another flag": { response_flag_filter: { flags: ["UT"] } },
  "both of two": { and_filter: { filters: [status("GE", 400), { response_flag_filter: { flags: ["NR"] } }] } },
  "one of two": { or_filter: { filters: [status("EQ", 201), { response_flag_filter: { flags: ["NR"] } }] } },
  "a header": header({ name: "x-log", string_match: { exact: "yes" } }),
  "a header that is not there": header({ name: "x-log", present_match: true, invert_match: true }),
  "a path": header({ name: ":path", string_match: { prefix: "/2" } }),
  "gRPC statuses": { grpc_status_filter: { statuses: ["UNIMPLEMENTED", "OK"] } },
  "other gRPC statuses": { grpc_status_filter: { statuses: ["UNKNOWN", "UNAVAILABLE"], exclude: true } },
  "ends of requests": { log_type_filter: { types: ["DownstreamEnd"] } },
  "starts of requests": { log_type_filter: { types: ["DownstreamStart"] } },
  "other than ends": { log_type_filter: { types: ["DownstreamEnd"], exclude: true } },
  "traced requests": { traceable_filter: {} },
  "a text of metadata": found(metadata(["text"], { string_match: { prefix: "va" } })),
  "another text of metadata, or none": metadata(["text"], { string_match: { exact: "else" } }),
  "metadata whose matcher is inverted": found(
    metadata(["text"], { string_match: { exact: "value" } }, { invert: true }),
  ),
  "metadata deep in a map": found(metadata(["map", "deep"], { double_match: { exact: 2 } })),
  "metadata below a text": found(metadata(["text", "deep"], { present_match: true })),
  "metadata of numbers up to its own": found(metadata(["number"], { double_match: { range: { start: 1, end: 5 } } })),
  "metadata of numbers from its own on": found(metadata(["number"], { double_match: { range: { start: 5, end: 6 } } })),
  "metadata that is true": found(metadata(["truth"], { bool_match: true })),
  "metadata that is not false": found(metadata(["truth"], { bool_match: false })),
  "metadata that is null": found(metadata(["none"], { null_match: {} })),
  "metadata that is there": found(metadata(["text"], { present_match: true })),
  "metadata that is not there": metadata(["nothing"], { present_match: false }),
  "an element of metadata": found(metadata(["list"], { list_match: { one_of: { string_match: { exact: "a" } } } })),
  "no element of metadata": found(metadata(["list"], { list_match: { one_of: { string_match: { exact: "b" } } } })),
  "one or the other of metadata": found(
    metadata(["text"], { or_match: { value_matchers: [{ null_match: {} }, { string_match: { suffix: "lue" } }] } }),
  ),
  "no matcher of metadata": { metadata_filter: {} },
  "no matcher of metadata, and nothing without": { metadata_filter: { match_if_key_not_found: false } },
  "all by share": share("none", 10_000),
  "none by share": share("none", 0),
  "a share of the runtime, in the filter's own denominator": share("log.all", 0),
  // Others have a random share.
  "a share by the request's id": { and_filter: { filters: [share("none", 5_000), header(NUMBERED)] } },
};

const REQUESTS: readonly string[] = [
  "GET /200?a=b&q=1&q=2 HTTP/1.1\r\nhost: a\r\nx-log: yes\r\nx-request-id: 00000001-0000-4000-8000-000000000000\r\n\r\n",
  "GET /201 HTTP/1.1\r\nhost: a\r\nx-request-id: 0000ffff-0000-4000-8000-000000000000\r\n\r\n",
  "GET /404?p HTTP/1.1\r\nhost: a\r\nx-log: no\r\nx-request-id: 00001389-0000-4000-8000-000000000000\r\n\r\n",
  "GET /503 HTTP/1.1\r\nhost: a\r\nx-request-id: 00001387-0000-4000-8000-000000000000\r\n\r\n",
  "GET /nowhere HTTP/1.1\r\nhost: a\r\nx-request-id: zz001387-0000-4000-8000-000000000000\r\n\r\n",
  "GET /gone HTTP/1.1\r\nhost: a\r\nx-request-id: 0000138\r\n\r\n",
  "GET /503 HTTP/1.1\r\nhost: a\r\nx-fault: yes\r\nx-request-id: 00001388-0000-4000-8000-000000000000\r\n\r\n",
  "GET /201 HTTP/1.1\r\nhost: a\r\nx-client-trace-id: 1\r\nx-request-id: 0000aaaa-0000-4000-8000-000000000000\r\n\r\n",
  "GET /201 HTTP/1.1\r\nhost: a\r\nx-envoy-force-trace: 1\r\nx-request-id: 0000bbbb-0000-4000-8000-000000000000\r\n\r\n",
  "GET /201 HTTP/1.1\r\nhost: a\r\nx-request-id: 0000cccc-0000-9000-8000-000000000000\r\n\r\n",
  "GET /check HTTP/1.1\r\nhost: a\r\nx-request-id: 00001388-0000-4000-8000-000000000000\r\n\r\n",
];

describe("filters of access logs, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  const directory = mkdtempSync(join(tmpdir(), "starling-log-filters-"));
  let logs: readonly (readonly string[])[] = [];

  before(async function () {
    if (!envoyInstalled()) this.skip();
    logs = [await logsOf("envoy", directory), await logsOf("starling", directory)];
  });

  after(() => rmSync(directory, { recursive: true }));

  for (const [i, title] of Object.keys(FILTERS).entries()) {
    it(`want the same lines by ${title}`, () => {
      const [theirs, ours] = logs.map((texts) => texts[i]);
      assert.equal(typeof theirs, "string");
      assert.equal(ours, theirs);
    });
  }

  it("want different lines one from another", () => {
    assert.ok(new Set(logs[1]).size > 12);
  });
});

/** Sends the requests; answers each filter's log, in the filters' order. */
async function logsOf(program: Program, directory: string): Promise<readonly string[]> {
  const port = await freePort();
  const adminPort = await freePort([port]);
  const upstreamPort = await freePort([port, adminPort]); // nobody listens there
  const paths = Object.keys(FILTERS).map((_, i) => join(directory, `${program}-${i}.log`));
  const file = JSON.parse(proxyFile({ port, adminPort, upstreamPort, manager: managerOf(paths) }));
  const proxy = await LiveProxy.start(program, JSON.stringify({ ...file, layered_runtime: RUNTIME }), adminPort);
  try {
    for (const request of REQUESTS) await exchange(port, request);
  } finally {
    await proxy.stop();
  }
  return paths.map((path) => readFileSync(path, "utf8"));
}

function managerOf(paths: readonly string[]): Readonly<Record<string, unknown>> {
  const direct = (code: number): unknown => ({ match: { prefix: `/${code}` }, direct_response: { status: code } });
  const routes = [...[200, 201, 404, 503].map(direct), { match: { prefix: "/gone" }, route: { cluster: "echo" } }];
  return {
    access_log_options: { flush_access_log_on_new_request: true },
    preserve_external_request_id: true,
    use_remote_address: true,
    internal_address_config: { cidr_ranges: [{ address_prefix: "127.0.0.0", prefix_len: 8 }] },
    access_log: Object.values(FILTERS).map((filter, i) => ({
      name: "envoy.access_loggers.file",
      filter,
      typed_config: {
        "@type": `${TYPES}access_loggers.file.v3.FileAccessLog`,
        path: paths[i],
        log_format: { text_format_source: { inline_string: LINE } },
      },
    })),
    route_config: { name: "local", virtual_hosts: [{ name: "all", domains: ["*"], routes }] },
    tracing: { provider: TRACER, random_sampling: { value: 0 } },
    http_filters: [
      { name: "check", typed_config: CHECK },
      { name: "fault", typed_config: FAULT },
      { name: "router", typed_config: { "@type": `${TYPES}filters.http.router.v3.Router` } },
    ],
  };
}

const TYPES = "type.googleapis.com/envoy.extensions.";
const LINE =
  "%ACCESS_LOG_TYPE% %REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS% %UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %QUERY_PARAM(q)% %STREAM_ID%\n";
const CHECK = {
  "@type": `${TYPES}filters.http.health_check.v3.HealthCheck`,
  pass_through_mode: false,
  headers: [{ name: ":path", string_match: { exact: "/check" } }],
};
const FAULT = {
  "@type": `${TYPES}filters.http.fault.v3.HTTPFault`,
  headers: [{ name: "x-fault", present_match: true }],
  abort: { http_status: 418, percentage: { numerator: 100 } },
  filter_metadata: { text: "value", number: 5, truth: true, none: null, list: [1, "a"], map: { deep: 2 } },
};
const TRACER = {
  name: "otel",
  typed_config: {
    "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
    grpc_service: { envoy_grpc: { cluster_name: "echo" } },
  },
};
const RUNTIME = {
  layers: [{ name: "static", static_layer: { "log.status": 500, "log.text": "five", "log.all": 10_000 } }],
};
