// Requests of virtual clusters and of routes with a stat_prefix, through the real Envoy and through Starling: counters by name, labels of
// the Prometheus page, and the operator of access logs.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "mocha";
import { envoyInstalled, type Program } from "../support/live-proxy.ts";
import { LyingUpstream } from "../support/lying-upstream.ts";
import { exchange } from "../support/raw-exchange.ts";
import { Stage } from "../support/stage.ts";

const BACK_OFF = { base_interval: "0.001s", max_interval: "0.002s" };
const RETRIES = { retry_on: "5xx", num_retries: 2, retry_back_off: BACK_OFF };
const VIRTUAL_CLUSTERS = [
  {
    name: "reads",
    headers: [
      { name: ":method", string_match: { exact: "GET" } },
      { name: ":path", string_match: { prefix: "/a" } },
    ],
  },
  { name: "writes", headers: [{ name: ":method", string_match: { exact: "POST" } }] },
  { name: "never", headers: [{ name: "x-never", present_match: true }] },
];
const ROUTES = [
  { match: { prefix: "/a/retried" }, stat_prefix: "retried", route: { cluster: "echo", retry_policy: RETRIES } },
  { match: { prefix: "/a/short" }, stat_prefix: "short", route: { cluster: "echo", timeout: "0.2s" } },
  { match: { prefix: "/local" }, direct_response: { status: 418 } },
  { match: { prefix: "/lost" }, stat_prefix: "lost", route: { cluster: "nobody" } },
  { match: { prefix: "/" }, route: { cluster: "echo" } },
];
const REQUESTS: readonly (readonly [line: string, script: string])[] = [
  ["GET /a", "200"],
  ["POST /a", "201"],
  ["PUT /b", "404"],
  ["GET /a/retried", "503|200"],
  ["GET /a/retried/out", "503"],
  ["GET /a/retried/twice", "503|500|202"],
  ["GET /a/short", "hang"],
  ["POST /a/short", "hang"],
  ["GET /b", "close"],
  ["GET /local", "200"],
  ["GET /lost", "200"],
];

describe("virtual clusters and routes counted by name, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  let envoy: Outcome;
  let starling: Outcome;

  before(async function () {
    if (!envoyInstalled()) this.skip();
    envoy = await outcomeOf("envoy");
    starling = await outcomeOf("starling");
  });

  it("have the same counters with the same values", () => {
    assert.ok(envoy.counters.length > 30);
    assert.deepEqual(starling.counters, envoy.counters);
  });

  it("record times under the same names", () => {
    assert.deepEqual(starling.times, envoy.times);
  });

  it("have the same labels on the Prometheus page", () => {
    assert.ok(envoy.prometheus.length > 30);
    assert.deepEqual(starling.prometheus, envoy.prometheus);
  });

  it("are named in the access log", () => {
    assert.deepEqual(starling.log, envoy.log);
  });
});

interface Outcome {
  readonly counters: readonly string[];
  readonly times: readonly string[];
  readonly prometheus: readonly string[];
  readonly log: readonly string[];
}

async function outcomeOf(program: Program): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "vclusters-"));
  const path = join(folder, "log");
  const upstream = await LyingUpstream.start("http1");
  const host = { name: "all", domains: ["*"], virtual_clusters: VIRTUAL_CLUSTERS, routes: ROUTES };
  const type = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog";
  const format = { text_format_source: { inline_string: "%REQ(:METHOD)% %REQ(:PATH)% %VIRTUAL_CLUSTER_NAME%\n" } };
  const log = { name: "log", typed_config: { "@type": type, path, log_format: format } };
  const route_config = { name: "local", validate_clusters: false, virtual_hosts: [host] };
  const stage = await Stage.start({
    program,
    upstreamPort: upstream.port,
    manager: { route_config, access_log: [log] },
  });
  let stats: string[];
  let prometheus: string[];
  try {
    for (const [index, [line, script]] of REQUESTS.entries()) {
      const request = `${line} HTTP/1.1\r\nhost: a\r\nx-case: ${index}\r\nx-script: ${script}\r\n\r\n`;
      await exchange(stage.port, request, { quietMs: 400 });
    }
    await stage.untilIdle();
    stats = (await stage.admin("/stats?filter=%5Evhost")).trim().split("\n");
    prometheus = (await stage.admin("/stats/prometheus?filter=%5Evhost")).trim().split("\n");
  } finally {
    await stage.stop();
    await upstream.stop();
  }
  const lines = readFileSync(path, "utf8").trim().split("\n");
  rmSync(folder, { recursive: true });
  return {
    counters: stats.filter((stat) => /: \d+$/.test(stat)).toSorted(),
    times: stats
      .filter((stat) => !/: \d+$/.test(stat))
      .map((stat) => stat.split(":", 1)[0] ?? "")
      .toSorted(),
    prometheus: prometheus.filter((stat) => /_total\{|_\dxx\{|upstream_rq\{|_retry/.test(stat)).toSorted(),
    log: lines,
  };
}
