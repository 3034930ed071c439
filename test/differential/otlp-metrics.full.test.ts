// Metrics over OTLP beside the real Envoy: two sinks each, after the same requests. The same metrics with the same attributes, but for what is
// listed here.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { envoyInstalled, freePort, LiveProxy, type Program } from "../support/live-proxy.ts";
import { eventually } from "../support/nodes.ts";
import { attributesOf, list, type Message } from "../support/otlp-proto.ts";
import { OtlpSink } from "../support/otlp-sink.ts";
import { proxyFile } from "../support/proxy-file.ts";
import { exchange } from "../support/raw-exchange.ts";
import { RecordingUpstream } from "../support/recording-upstream.ts";

/** Not counted here: what Envoy has of its own insides. Gauges that were never other than 0 are left out here, Envoy sends those it set. */
const LACKING = [
  /^sum cluster\.default\.total_match_count /,
  /^sum .*_bytes_total /, // heads differ in their dates and times
  /^gauge /,
  /^histogram .*connections_accepted_per_socket_event /,
];
/** Ours alone. */
const OWN = [/^sum .*_bytes_total /, /^gauge cluster\.max_host_weight /, /^sum starling\./];

describe("metrics over OTLP, the real Envoy beside Starling", function () {
  this.timeout(60_000);
  let seen: readonly Seen[] = [];

  before(async function () {
    if (!envoyInstalled()) this.skip();
    seen = [await seenOf("envoy"), await seenOf("starling")];
  });

  after(() => {
    seen = [];
  });

  it("are the same of a cluster, a listener and its connection manager: names, attributes, counts", () => {
    const [theirs = [], ours = []] = seen.map(({ points }) => points.map(({ text }) => text));
    assert.ok(
      theirs.includes("sum cluster.external.upstream_rq_xx envoy.cluster_name=echo,envoy.response_code_class=2 3"),
    );
    assert.deepEqual(missing(ours, theirs, LACKING), []);
    assert.deepEqual(missing(theirs, ours, OWN), []);
  });

  it("have gauges of the same value", () => {
    const [theirs = [], ours = []] = seen.map(({ points }) => points.map(({ text }) => text));
    const set = theirs.filter((text) => /^gauge .* [1-9]\d*$/.test(text));
    assert.ok(set.length > 2);
    assert.deepEqual(missing(ours, set, [/_bytes_buffered /]), []);
  });

  it("have histograms of the same shape, and counters that only grow", () => {
    for (const { shapes } of seen) {
      assert.equal(shapes.get("http.downstream_rq_time"), "histogram 2 20 0.5,1,5,10,25,50,100,250,500,1000");
      assert.equal(shapes.get("cluster.upstream_rq_total"), "sum 2 1");
      assert.equal(shapes.get("cluster.membership_total"), "gauge");
      assert.equal(shapes.get("pre.http.main.downstream_rq_time"), "histogram 1 20 0.5,1,5,10,25,50,100,250,500,1000");
      assert.equal(shapes.get("pre.cluster.echo.upstream_rq_total"), "sum 1 1");
    }
  });

  it("add up to the whole where deltas are asked for, under whole names and without attributes", () => {
    for (const { deltas } of seen) {
      assert.equal(deltas.get("pre.cluster.echo.upstream_rq_total"), 3);
      assert.equal(deltas.get("pre.http.main.downstream_rq_time"), 3);
    }
  });
});

interface Seen {
  readonly points: readonly Point[];
  /** Of each metric: its kind, temporality, monotony or bounds. */
  readonly shapes: ReadonlyMap<string, string>;
  readonly deltas: ReadonlyMap<string, number>;
}

interface Point {
  readonly metric: string;
  readonly text: string;
  readonly value: number;
}

/** Lines of `wanted` that are not among `lines` and that nobody expects to be missing. */
function missing(lines: readonly string[], wanted: readonly string[], expected: readonly RegExp[]): string[] {
  const held = new Set(lines);
  return wanted.filter((line) => !held.has(line) && !expected.some((regex) => regex.test(line)));
}

async function seenOf(program: Program): Promise<Seen> {
  const [upstream, sink] = [await RecordingUpstream.start(), await OtlpSink.start()];
  const port = await freePort();
  const adminPort = await freePort([port]);
  const file = JSON.parse(
    proxyFile({ port, adminPort, upstreamPort: upstream.port, morePorts: { collector: sink.httpPort } }),
  );
  file.stats_flush_interval = "0.5s";
  file.stats_sinks = [
    sinkOf({}),
    sinkOf({
      ...{ report_counters_as_deltas: true, report_histograms_as_deltas: true, prefix: "pre" },
      ...{ emit_tags_as_attributes: false, use_tag_extracted_name: false },
    }),
  ];
  const proxy = await LiveProxy.start(program, JSON.stringify(file), adminPort);
  try {
    for (let i = 0; i < 3; i++) await exchange(port, "GET /one HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    // Of the newest export every request is part, and of the deltas so far, too.
    await eventually(() => Promise.resolve(isWhole(sink.metrics)));
    return seenIn(sink.metrics, port);
  } finally {
    await proxy.stop();
    await upstream.stop();
    sink.stop();
  }
}

function isWhole(exports: readonly Message[]): boolean {
  const points = exports.flatMap((one) => pointsOf(one, 0));
  const has = (metric: string): boolean => points.some((point) => point.metric === metric && point.value === 3);
  const deltas = sums(points);
  return (
    has("http.downstream_cx_destroy") &&
    has("http.downstream_rq_time") &&
    has("http.downstream_cx_length_ms") &&
    has("listener.downstream_cx_length_ms") &&
    deltas.get("pre.http.main.downstream_rq_time") === 3
  );
}

function seenIn(exports: readonly Message[], port: number): Seen {
  const whole = exports.filter((one) => !pointsOf(one, port).some(({ metric }) => metric.startsWith("pre.")));
  const own = /echo|=main|listener_address=/;
  const points = pointsOf(whole.at(-1) as Message, port).filter(({ text }) => own.test(text));
  return {
    points,
    shapes: new Map(
      exports.flatMap((one) => metricsOf(one)).map((metric) => [String(metric["name"]), shapeOf(metric)]),
    ),
    deltas: sums(exports.flatMap((one) => pointsOf(one, port))),
  };
}

function sums(points: readonly Point[]): Map<string, number> {
  const sum = new Map<string, number>();
  for (const { metric, value } of points) sum.set(metric, (sum.get(metric) ?? 0) + value);
  return sum;
}

function metricsOf(one: Message): readonly Message[] {
  return list(one["resource_metrics"]).flatMap((resource) =>
    list(resource["scope_metrics"]).flatMap((scope) => list(scope["metrics"])),
  );
}

function pointsOf(one: Message, port: number): Point[] {
  return metricsOf(one).flatMap((metric) => {
    const kind = kindOf(metric);
    return list((metric[kind] as Message)["data_points"]).map((point) => {
      const attributes = Object.entries(attributesOf(point)).map(([key, value]) => `${key}=${value}`);
      const value = Number(point["as_int"] ?? point["count"]);
      const text = `${kind} ${metric["name"]} ${attributes.sort().join(",").replace(`_${port}`, "_PORT")} ${value}`;
      return { metric: String(metric["name"]), text, value };
    });
  });
}

function shapeOf(metric: Message): string {
  const kind = kindOf(metric);
  const of = metric[kind] as Message;
  const [point = {}] = list(of["data_points"]);
  const counts = point["bucket_counts"] as readonly unknown[] | undefined;
  const bounds = point["explicit_bounds"] as readonly unknown[] | undefined;
  return [kind, of["aggregation_temporality"], of["is_monotonic"], counts?.length, bounds?.slice(0, 10).join(",")]
    .filter((part) => part !== undefined)
    .join(" ");
}

function kindOf(metric: Message): "gauge" | "sum" | "histogram" {
  return (["gauge", "sum", "histogram"] as const).find((kind) => metric[kind] !== undefined) ?? "gauge";
}

function sinkOf(fields: Readonly<Record<string, unknown>>): unknown {
  return {
    name: "envoy.stat_sinks.open_telemetry",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.stat_sinks.open_telemetry.v3.SinkConfig",
      http_service: { http_uri: { uri: "http://collector/v1/metrics", cluster: "collector", timeout: "1s" } },
      ...fields,
    },
  };
}
