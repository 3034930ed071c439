import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { askAdmin } from "../../support/admin-client.ts";
import { goldenBody } from "../../support/admin-golden.ts";
import { GoldenFrontProxy } from "../../support/golden-front-proxy.ts";
import { goldenText } from "../../support/live-proxy.ts";
import { LEFT_OUT } from "../../support/stats-left-out.ts";

/** Values that are each process's own, and why those that are not stay different. */
const OWN_VALUES: Readonly<Record<string, RegExp>> = {
  "each was asked for other pages": /^(http|listener)\.admin\./,
  "memory and time": /^server\.(memory_|uptime$|days_until)/,
  "the heads of clients and services have other lengths": /_cx_[rt]x_bytes_total$/,
  "what lies in a buffer at this moment": /_bytes_buffered$/,
  "Envoy had looked the names up once more, after 5 s": /\.update_(attempt|no_rebuild|success)$/,
};

describe("/stats of the front proxy, compared with Envoy's of the same file and traffic", () => {
  let proxy: GoldenFrontProxy;
  const page = async (path: string): Promise<string> =>
    proxy.asCaptured((await askAdmin(proxy.adminPort, `GET ${path}`)).body);
  const lines = async (path: string): Promise<string[]> => (await page(path)).trimEnd().split("\n");

  before(async () => {
    // However long this takes, names are looked up once and histograms taken when the test says so.
    const text = goldenText("envoy/front-proxy.front-envoy.yaml").replaceAll(
      /( *)type: STRICT_DNS/g,
      "$&\n$1dns_refresh_rate: 3600s",
    );
    proxy = await GoldenFrontProxy.start(`stats_flush_interval: 299s\n${text}`);
    await proxy.carryTraffic();
    await askAdmin(proxy.adminPort, "GET /ready");
    proxy.node.admin?.flush();
  });

  after(() => proxy.stop());

  it("has every name of Envoy's but those that are left out for a reason", async () => {
    const ours = new Set((await lines("/stats")).map(nameOf));
    const missing = goldenLines("stats")
      .map(nameOf)
      .filter((name) => !ours.has(name));
    const reasons = Object.values(LEFT_OUT);
    assert.deepEqual(
      missing.filter((name) => !reasons.some((reason) => reason.test(name))),
      [],
    );
    for (const [reason, pattern] of Object.entries(LEFT_OUT)) {
      assert.ok(
        missing.some((name) => pattern.test(name)),
        `${reason}: nothing is left out any more`,
      );
      assert.deepEqual(
        [...ours].filter((name) => pattern.test(name)),
        [],
        `${reason}: is given after all`,
      );
    }
  });

  it("has no name that Envoy has not, its own aside", async () => {
    const golden = new Set(goldenLines("stats").map(nameOf));
    const names = (await lines("/stats")).map(nameOf);
    assert.deepEqual(
      names.filter((name) => !golden.has(name) && !name.startsWith("starling.")),
      [],
    );
  });

  it("has the same values after the same traffic", async () => {
    const ours = new Map((await lines("/stats")).map((line) => [nameOf(line), line]));
    const differing = goldenLines("stats")
      .filter((line) => /: \d+$/.test(line) && ours.has(nameOf(line)) && ours.get(nameOf(line)) !== line)
      .filter((line) => !Object.values(OWN_VALUES).some((own) => own.test(nameOf(line))))
      .map((line) => `${ours.get(nameOf(line))}, Envoy ${line.split(": ")[1]}`);
    assert.deepEqual(differing, []);
    for (const [reason, own] of Object.entries(OWN_VALUES)) {
      const named = goldenLines("stats").filter((line) => own.test(nameOf(line)));
      assert.ok(named.length > 0 && named.some((line) => ours.get(nameOf(line)) !== line), `${reason}: no longer so`);
    }
  });

  it("selects and formats as JSON to the byte", async () => {
    const path = "/stats?filter=upstream_rq_200&format=json";
    assert.equal(await page(path), goldenBody("stats__filter-upstream_rq_200_format-json"));
  });

  it("says the same in JSON as in text", async () => {
    const { stats } = JSON.parse(await page("/stats?format=json&filter=^cluster")) as {
      stats: { name: string; value: number }[];
    };
    const text = (await lines("/stats?filter=^cluster")).filter((line) => /: \d+$/.test(line));
    assert.deepEqual(
      stats.filter(({ name }) => name !== undefined).map(({ name, value }) => `${name}: ${value}`),
      text,
    );
  });

  it("shows with usedonly only what Envoy shows too", async () => {
    const golden = new Set(goldenLines("stats__usedonly").map(nameOf));
    const ours = (await lines("/stats?usedonly&filter=^(cluster|http.ingress|listener.127|listener_manager)")).map(
      nameOf,
    );
    assert.ok(ours.length > 60, `${ours.length}`);
    assert.deepEqual(
      ours.filter((name) => !golden.has(name)),
      [],
    );
  });

  it("shows only gauges with type=Gauges", async () => {
    const golden = new Set(goldenLines("stats__type-Gauges_usedonly").map(nameOf));
    const ours = (await lines("/stats?type=Gauges&usedonly&filter=^(cluster|http|listener|runtime|server)[._m]")).map(
      nameOf,
    );
    assert.deepEqual(
      ours.filter((name) => !golden.has(name)),
      [],
    );
  });

  it("has Envoy's metrics, types, labels and their order for Prometheus", async () => {
    const golden = new Set(goldenLines("stats_prometheus").map(withoutValue));
    const ours = (await lines("/stats/prometheus")).map(withoutValue);
    assert.ok(ours.length > 900, `${ours.length}`);
    assert.deepEqual(
      ours.filter((line) => !golden.has(line) && !line.includes("envoy_starling")),
      [],
    );
  });

  it("has buckets of every kind for histograms, text and JSON", async () => {
    const filter = "filter=ingress_http.downstream_rq_time";
    const cumulative = await page(`/stats?histogram_buckets=cumulative&${filter}`);
    assert.match(cumulative, /^http\.ingress_http\.downstream_rq_time: B0\.5\(\d+,\d+\) .* B3\.6e\+06\(10,10\)$/m);
    const { stats } = JSON.parse(await page(`/stats?format=json&histogram_buckets=disjoint&${filter}$`));
    const [{ name, buckets }] = stats[0].histograms;
    assert.equal(name, "http.ingress_http.downstream_rq_time");
    assert.equal(
      buckets.reduce((sum: number, bucket: { cumulative: number }) => sum + bucket.cumulative, 0),
      10,
    );
    const detailed = JSON.parse(await page(`/stats?format=json&histogram_buckets=detailed&${filter}$`)).stats[0]
      .histograms;
    assert.deepEqual(Object.keys(detailed), ["supported_percentiles", "details"]);
    assert.deepEqual(Object.keys(detailed.details[0]), ["name", "totals", "intervals", "percentiles"]);
    const summary = await lines(`/stats/prometheus?histogram_buckets=summary&${filter}$`);
    assert.equal(summary[0], "# TYPE envoy_http_downstream_rq_time summary");
    assert.match(
      summary[1] ?? "",
      /^envoy_http_downstream_rq_time\{envoy_http_conn_manager_prefix="ingress_http",quantile="0"\} /,
    );
    assert.match(summary.at(-1) ?? "", /^envoy_http_downstream_rq_time_count\{.*\} 10$/);
  });
});

function goldenLines(name: string): string[] {
  return goldenBody(name).trimEnd().split("\n");
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(": "));
}

function withoutValue(line: string): string {
  return line.startsWith("#") ? line : line.slice(0, line.lastIndexOf(" "));
}
