import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, describe, it } from "mocha";
import { SeededRandom } from "../../../src/base/random.ts";
import { DEFAULT_TAGS, statTagger } from "../../../src/config/plan/stat-tags.ts";
import type { StatsPlan } from "../../../src/config/plan/stats.ts";
import type { PageAnswer, PageContext } from "../../../src/control/admin/page.ts";
import { prometheusPage } from "../../../src/control/admin/pages/prometheus.ts";
import { PrometheusText } from "../../../src/control/admin/pages/prometheus-text.ts";
import { recordValue } from "../../../src/telemetry/histogram.ts";
import { type StatsNotice, StatsWriter } from "../../../src/telemetry/stats-memory.ts";
import { StatsReader } from "../../../src/telemetry/stats-reader.ts";
import { barePlan, shownStats } from "../../support/plans.ts";

const golden = (name: string): string[] =>
  readFileSync(new URL(`../../golden/admin/${name}`, import.meta.url), "utf8")
    .trimEnd()
    .split("\n");

describe("a statistic's name in Prometheus", () => {
  it("is that of Envoy 1.40, labels in its order, for everything that a front proxy counts", () => {
    const lines = golden("stats_prometheus.body");
    const expected = new Set(
      lines.filter((line) => !line.startsWith("#")).map((line) => line.slice(0, line.lastIndexOf(" "))),
    );
    const names = golden("stats.body")
      .filter((line) => /: \d+$/.test(line))
      .map((line) => line.slice(0, line.lastIndexOf(": ")));
    const text = new PrometheusText({ tagged: statTagger({ defaultTags: null, tags: [] }), rules: null });
    const written = text
      .write(
        names.map((name) => ({ name, gauge: false, value: 0 })),
        [],
        "cumulative",
      )
      .toString();
    const metrics = written
      .split("\n")
      .filter((line) => line.endsWith(" 0"))
      .map((line) => line.slice(0, -2));
    assert.ok(names.length > 500);
    assert.equal(metrics.length, names.length);
    assert.deepEqual(
      metrics.filter((metric) => !expected.has(metric)),
      [],
    );
  });

  it("has the tags that are told with it, also when another endpoint took the name", () => {
    const text = new PrometheusText({ tagged: statTagger({ defaultTags: null, tags: [] }), rules: null });
    const linesOf = (host: string): string => {
      const tagged = { name: "cluster.endpoint.rq_total", tags: [["envoy.endpoint_hostname", host]] as const };
      return text.write([{ name: "e", gauge: false, value: 1, tagged }], [], "cumulative").toString();
    };
    assert.match(linesOf("one"), /^envoy_cluster_endpoint_rq_total\{envoy_endpoint_hostname="one"\} 1$/m);
    assert.match(linesOf("two"), /^envoy_cluster_endpoint_rq_total\{envoy_endpoint_hostname="two"\} 1$/m);
  });

  it("has the same lines whatever the page before it was", () => {
    const rules = { tagged: statTagger({ defaultTags: null, tags: [] }), rules: null };
    const kept = new PrometheusText(rules);
    const random = new SeededRandom(7);
    const upTo = (count: number): number => random.below(count);
    const names = Array.from({ length: 40 }, (_, at) => `cluster.c${at % 7}.upstream_rq_${at}`);
    const numbers = names.map(() => 0);
    for (let turn = 0; turn < 500; turn++) {
      for (let changes = upTo(6); changes > 0; changes--) {
        numbers[upTo(names.length)] = [upTo(10), upTo(100_000), 0.5 + upTo(99), -upTo(9), 2 ** 60][upTo(5)] as number;
      }
      // Now and then a page of others comes in between, or of none.
      const count = [names.length, names.length, names.length, upTo(names.length), 0][upTo(5)] as number;
      const values = names.slice(0, count).map((name, at) => ({ name, gauge: at % 3 === 0, value: numbers[at] ?? 0 }));
      const page = kept.write(values, [], "cumulative").toString();
      assert.equal(page, new PrometheusText(rules).write(values, [], "cumulative").toString());
      assert.equal(page.split("\n").filter((line) => / \S+$/.test(line) && !line.startsWith("#")).length, count);
    }
  });

  it("has Starling's own label for threads", () => {
    const { name, tags } = statTagger({ defaultTags: null, tags: [] })("starling.thread.listener-0.cpu_ms");
    assert.deepEqual([name, tags], ["starling.thread.cpu_ms", [["starling.thread", "listener-0"]]]);
  });

  it("can have every default tag that is named", () => {
    assert.ok(DEFAULT_TAGS.has("envoy.cluster_name") && DEFAULT_TAGS.has("envoy.mongo_prefix"));
  });
});

describe("/stats/prometheus", () => {
  let writer: StatsWriter;
  let notices: StatsNotice[];
  let nowMs = 0;

  beforeEach(() => {
    notices = [];
    nowMs = 0;
    writer = new StatsWriter((notice) => notices.push(notice));
  });

  const nodeWith = (
    stats: Partial<StatsPlan>,
    readTakesMs: number = 0,
  ): { ask(query?: string): string; reader: StatsReader } => {
    const source = {
      get generation() {
        return notices.length;
      },
      beforeRead: () => {
        nowMs += readTakesMs;
      },
      schema: () => assert.fail("no blocks"),
      sources: () => [{ writer: "main", notices }],
    };
    const reader = new StatsReader(source);
    const bare = barePlan([]);
    const shown = shownStats(reader, { ...bare, stats: { ...bare.stats, ...stats } });
    const context = { view: { uptimeMs: () => nowMs }, stats: reader, shown, pages: [] } as unknown as PageContext;
    const page = prometheusPage();
    const ask = (query: string = ""): string => {
      const { bytes, body } = page.answer(context, new URLSearchParams(query)) as PageAnswer;
      return bytes?.toString() ?? body;
    };
    return { ask, reader };
  };
  const count = (name: string, value: number): void => {
    const { values, at } = writer.counter(name);
    values[at] = value;
  };

  it("takes tags of the file out of names, fixed ones included, the first of a name winning", () => {
    count("cluster.prod-checkout.upstream_rq_total", 3);
    const { ask } = nodeWith({
      tags: [
        { kind: "regex", tag: "stage", regex: "^cluster\\.((prod|test)-)" },
        { kind: "regex", tag: "stage", regex: "^cluster\\.(.*)" },
        { kind: "fixed", tag: "site", value: 'a "b"' },
      ],
    });
    const labels = 'site="a \\"b\\"",envoy_cluster_name="prod-checkout",stage="prod"';
    assert.equal(
      ask(),
      `# TYPE envoy_cluster_upstream_rq_total counter\nenvoy_cluster_upstream_rq_total{${labels}} 3\n`,
    );
  });

  it("gives no tag of the file to what is counted of log files, as Envoy does not", () => {
    count("filesystem.write_failed", 1);
    const { ask } = nodeWith({ tags: [{ kind: "fixed", tag: "site", value: "north" }] });
    assert.match(ask(), /^envoy_filesystem_write_failed\{\} 1$/m);
  });

  it("takes only those default tags that the file names when it wants no others", () => {
    count("cluster.a.upstream_rq_200", 1);
    const { ask } = nodeWith({ defaultTags: ["envoy.response_code"] });
    assert.match(ask(), /^envoy_cluster_a_upstream_rq\{envoy_response_code="200"\} 1$/m);
  });

  it("leaves out what stats_matcher leaves out", () => {
    count("cluster.a.upstream_rq_total", 1);
    count("http.b.downstream_rq_total", 2);
    const names = [{ kind: "prefix", value: "cluster.", ignoreCase: false }] as const;
    assert.doesNotMatch(nodeWith({ shown: { kind: "except", names } }).ask(), /cluster/);
    assert.doesNotMatch(nodeWith({ shown: { kind: "only", names } }).ask(), /http/);
    assert.match(nodeWith({ shown: { kind: "only", names } }).ask(), /cluster_name="a"/);
    assert.equal(nodeWith({ shown: { kind: "none" } }).ask(), "");
  });

  it("gives a histogram the bounds of the first settings that take its name", () => {
    const buckets = writer.histogram("cluster.a.upstream_rq_time");
    for (const value of [3, 30, 300]) recordValue(buckets, value);
    const match = { kind: "suffix", value: "rq_time", ignoreCase: false } as const;
    const { ask, reader } = nodeWith({
      buckets: [
        { match, bounds: [5, 250.5] },
        { match, bounds: [1] },
      ],
    });
    reader.flush();
    const start = 'envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="a",le="';
    assert.ok(ask().includes(`${start}5"} 1\n${start}250.5"} 2\n${start}+Inf"} 3\n`), ask());
    assert.equal(ask().match(/_bucket/g)?.length, 3);
  });

  it("shows what a flush has changed of a histogram", () => {
    const buckets = writer.histogram("cluster.a.upstream_rq_time");
    const { ask, reader } = nodeWith({});
    for (const total of [1, 2]) {
      recordValue(buckets, 3);
      reader.flush();
      assert.match(
        ask(),
        new RegExp(`^envoy_cluster_upstream_rq_time_count\\{envoy_cluster_name="a"\\} ${total}$`, "m"),
      );
    }
    assert.match(ask("histogram_buckets=summary"), /quantile="0.5"/);
    assert.match(ask(), /le="0.5"/);
  });

  it("shows the same answer ten times as long as it took to write, each query its own", () => {
    count("a.total", 1);
    const { ask } = nodeWith({}, 20);
    assert.match(ask(), / 1$/m);
    count("a.total", 2);
    nowMs += 199;
    assert.match(ask(), / 1$/m);
    assert.match(ask("usedonly"), / 2$/m);
    nowMs += 1;
    assert.match(ask(), / 2$/m);
  });

  it("is new for everybody when it is quick to write", () => {
    count("a.total", 1);
    const { ask } = nodeWith({});
    assert.match(ask(), / 1$/m);
    count("a.total", 2);
    assert.match(ask(), / 2$/m);
  });

  it("knows a name that came later, and none that went", () => {
    count("a.total", 1);
    const { ask } = nodeWith({});
    ask();
    count("b.total", 1);
    assert.match(ask(), /envoy_b_total/);
  });
});
