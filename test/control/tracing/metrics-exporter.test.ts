import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import type { MetricsSinkPlan } from "../../../src/config/plan/otlp.ts";
import type { StatsPlan } from "../../../src/config/plan/stats.ts";
import type { ExportResult, OnExported } from "../../../src/control/tracing/export-queue.ts";
import { MetricsExporter } from "../../../src/control/tracing/metrics-exporter.ts";
import { StatsDirectory } from "../../../src/supervisor/stats-directory.ts";
import { recordValue } from "../../../src/telemetry/histogram.ts";
import { METRICS_EXPORT } from "../../../src/telemetry/metrics-export-stats.ts";
import { type StatSlot, StatsWriter } from "../../../src/telemetry/stats-memory.ts";
import { attributesOf, list, type Message, readExport } from "../../support/otlp-proto.ts";

const START_MS = 1_795_316_821_000;
const PLAN: MetricsSinkPlan = {
  target: { protocol: "grpc", cluster: "c", authority: "c", path: "/", timeoutMs: 1, headers: [] },
  intervalMs: 5_000,
  countersAsDeltas: false,
  histogramsAsDeltas: false,
  emitsTags: true,
  usesTaglessNames: true,
  prefix: "",
  pointsMax: Number.POSITIVE_INFINITY,
};

describe("a sink of metrics", () => {
  let writer: StatsWriter;
  let requests: StatSlot;
  let active: StatSlot;
  let times: Uint32Array;
  let stats: Float64Array;
  let nowMs: number;
  let names: StatsPlan;
  let warnings: string[];
  /** What came of each request, by metric. */
  let sent: Map<string, Message>[];
  let answers: readonly (readonly [ExportResult, rejected: number])[];
  let directory: StatsDirectory;

  beforeEach(() => {
    directory = new StatsDirectory([]);
    writer = new StatsWriter((notice) => directory.add("w", [notice]));
    requests = writer.counter("cluster.a.upstream_rq_total");
    active = writer.gauge("cluster.a.upstream_rq_active");
    times = writer.histogram("cluster.a.upstream_rq_time");
    writer.counter("cluster.a.upstream_rq_timeout");
    stats = new Float64Array(METRICS_EXPORT.names.length);
    nowMs = START_MS;
    names = { defaultTags: null, tags: [], shown: { kind: "all" }, buckets: [] };
    warnings = [];
    sent = [];
    answers = [];
  });

  it("sends what was ever other than nothing, gauges also when they are nothing again", () => {
    const exporter = make({});
    add(requests, 3);
    add(active, 2);
    exportNow(exporter);
    add(active, -2);
    exportNow(exporter);
    assert.deepEqual([...(sent[0]?.keys() ?? [])], ["cluster.upstream_rq_active", "cluster.upstream_rq_total"]);
    assert.deepEqual(sent[1]?.get("cluster.upstream_rq_active")?.["gauge"], {
      data_points: [{ time_unix_nano: ns(2), as_int: "0", attributes: [tag("a")] }],
    });
    assert.deepEqual(sent[1]?.get("cluster.upstream_rq_total")?.["sum"], {
      data_points: [{ start_time_unix_nano: ns(0), time_unix_nano: ns(2), as_int: "3", attributes: [tag("a")] }],
      aggregation_temporality: "2",
      is_monotonic: "1",
    });
    assert.deepEqual(counted(), {
      exports_sent: 2,
      exports_failed: 0,
      intervals_dropped: 0,
      points_sent: 4,
      points_dropped: 0,
    });
  });

  it("sends histograms with how many lie between their bounds", () => {
    names = {
      ...names,
      buckets: [{ match: { kind: "prefix", value: "cluster", ignoreCase: false }, bounds: [5, 100] }],
    };
    const exporter = make({});
    for (const value of [1, 2, 50, 1_000, 2_000]) recordValue(times, value);
    exportNow(exporter);
    const histogram = sent[0]?.get("cluster.upstream_rq_time")?.["histogram"] as Message;
    const [{ sum, ...point } = {}] = list(histogram["data_points"]);
    assert.ok(Number(sum) > 3_050 && Number(sum) < 3_200);
    assert.deepEqual(point, {
      ...{ start_time_unix_nano: ns(0), time_unix_nano: ns(1), count: "5" },
      ...{ bucket_counts: ["2", "1", "2"], explicit_bounds: [5, 100], attributes: [tag("a")] },
    });
  });

  it("begins anew with a name that was gone", () => {
    const exporter = make({ countersAsDeltas: true });
    add(requests, 3);
    exportNow(exporter);
    writer.forget({ prefix: "cluster.a.", except: [] });
    exportNow(exporter);
    add(writer.counter("cluster.a.upstream_rq_total"), 5);
    exportNow(exporter);
    const told = sent.map((one) => pointOf(one, "cluster.upstream_rq_total", "sum")?.["as_int"]);
    assert.deepEqual(told, ["3", "5"]);
  });

  it("tells deltas since they were last taken: what a collector did not take comes with the next", () => {
    const exporter = make({ countersAsDeltas: true, histogramsAsDeltas: true });
    answers = [
      ["taken", 0],
      ["again", 0],
      ["taken", 0],
    ];
    for (const count of [3, 4, 5]) {
      add(requests, count);
      recordValue(times, count);
      exportNow(exporter);
    }
    const points = sent.map((one) => pointOf(one, "cluster.upstream_rq_total", "sum"));
    assert.deepEqual(
      points.map((point) => point?.["as_int"]),
      ["3", "4", "9"],
    );
    assert.deepEqual(
      points.map((point) => point?.["start_time_unix_nano"]),
      [ns(0), ns(1), ns(1)],
    );
    const counts = sent.map((one) => pointOf(one, "cluster.upstream_rq_time", "histogram"));
    assert.deepEqual(
      counts.map((point) => point?.["count"]),
      ["1", "1", "2"],
    );
    assert.deepEqual(counted(), {
      exports_sent: 2,
      exports_failed: 1,
      intervals_dropped: 0,
      points_sent: 4,
      points_dropped: 2,
    });
    assert.deepEqual(warnings, ["metrics are not taken by their collector: why"]);
  });

  it("begins deltas with nothing when what was told before is not known", () => {
    const exporter = make({ countersAsDeltas: true }, true);
    add(requests, 3);
    exportNow(exporter);
    add(requests, 2);
    exportNow(exporter);
    const points = sent.map((one) => pointOf(one, "cluster.upstream_rq_total", "sum"));
    assert.deepEqual(
      points.map((point) => point?.["as_int"]),
      ["0", "2"],
    );
  });

  it("divides what is too much for one request, and counts what a collector rejects", () => {
    answers = [
      ["taken", 0],
      ["taken", 1],
    ];
    const exporter = make({ pointsMax: 1 });
    add(requests, 1);
    add(active, 1);
    exportNow(exporter);
    assert.equal(sent.length, 2);
    assert.deepEqual(counted(), {
      exports_sent: 2,
      exports_failed: 0,
      intervals_dropped: 0,
      points_sent: 1,
      points_dropped: 1,
    });
  });

  it("tells at the end of what came while it was sending, unless that was not taken", () => {
    for (const [result, requestsTold] of [
      ["taken", ["1", "3"]],
      ["refused", ["1"]],
    ] as const) {
      sent = [];
      const held: OnExported[] = [];
      const exporter = make({}, false, (done) => held.push(done));
      const told: string[] = [];
      add(requests, 1 - (requests.values[requests.at] as number));
      exporter.export(() => told.push("interval"));
      add(requests, 2);
      exporter.close(() => told.push("end"));
      held.shift()?.(result, "why", 0);
      held.shift()?.("taken", "", 0);
      const points = sent.map((one) => pointOf(one, "cluster.upstream_rq_total", "sum"));
      assert.deepEqual(
        points.map((point) => point?.["as_int"]),
        requestsTold,
      );
      assert.deepEqual(told.sort(), ["end", "interval"]);
    }
  });

  it("names statistics as the file says, and leaves out what it hides", () => {
    names = { ...names, shown: { kind: "except", names: [{ kind: "suffix", value: "active", ignoreCase: false }] } };
    const exporter = make({ prefix: "pre.", usesTaglessNames: false, emitsTags: false });
    add(requests, 1);
    add(active, 1);
    exportNow(exporter);
    const [[name, metric] = ["", {}]] = [...(sent[0] ?? [])];
    assert.equal(sent[0]?.size, 1);
    assert.equal(name, "pre.cluster.a.upstream_rq_total");
    assert.deepEqual(attributesOf(list((metric["sum"] as Message)["data_points"])[0] ?? {}), {});
  });

  /** `hold` gets the ends of exports; without it they are answered at once, as `answers` says. */
  function make(
    plan: Partial<MetricsSinkPlan>,
    isAnew = false,
    hold: ((done: OnExported) => void) | null = null,
  ): MetricsExporter {
    return new MetricsExporter({
      plan: { ...PLAN, ...plan },
      source: directory,
      stats,
      wallMs: () => nowMs,
      sinceWallMs: START_MS,
      isAnew,
      names: () => names,
      origin: () => ({ resource: new Map(), version: "1" }),
      send: (body, done) => {
        const [resource] = list(readExport("MetricsRequest", body)["resource_metrics"]);
        const metrics = list(list(resource?.["scope_metrics"])[0]?.["metrics"]);
        sent.push(new Map(metrics.map((metric) => [String(metric["name"]), metric])));
        const [result, rejected] = answers[sent.length - 1] ?? ["taken", 0];
        if (hold === null) done(result, "why", rejected);
        else hold(done);
      },
      warn: (text) => warnings.push(text),
    });
  }

  function exportNow(exporter: MetricsExporter): void {
    nowMs += 1_000;
    let done = 0;
    exporter.export(() => done++);
    assert.equal(done, 1);
  }

  function counted(): Record<string, number> {
    return Object.fromEntries(METRICS_EXPORT.names.map((name, at) => [name, stats[at] ?? 0]));
  }
});

function add({ at, values }: StatSlot, by: number): void {
  values[at] = (values[at] as number) + by;
}

/** The first data point of a metric. */
function pointOf(metrics: ReadonlyMap<string, Message>, name: string, kind: string): Message | undefined {
  const of = metrics.get(name)?.[kind] as Message | undefined;
  return list(of?.["data_points"])[0];
}

function ns(seconds: number): string {
  return `${START_MS + seconds * 1_000}000000`;
}

function tag(value: string): Message {
  return { key: "envoy.cluster_name", value: { string_value: value } };
}
