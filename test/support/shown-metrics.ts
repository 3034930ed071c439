// Every metric that a node, and a server of load reports, can show, with its labels: written by the pages themselves from the tables that
// threads count by. No process is started.
import { statTagger } from "../../src/config/plan/stat-tags.ts";
import { PrometheusText } from "../../src/control/admin/pages/prometheus-text.ts";
import { emptyLrsState } from "../../src/control/load/server/lrs-behaviour.ts";
import { prometheusText } from "../../src/control/load/server/stats-pages.ts";
import { countDeaths, countFirstPlan, showNode } from "../../src/supervisor/node-stats.ts";
import { STATS_SCHEMAS } from "../../src/supervisor/stats-schemas.ts";
import { HOST } from "../../src/telemetry/host-stats.ts";
import { StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { barePlan } from "./plans.ts";

/** Labels by metric. */
export function shownMetrics(): ReadonlyMap<string, ReadonlySet<string>> {
  const gauges = new Set<string>();
  const names = [...blockNames(gauges), ...mainNames(gauges), ...LATER_NAMES];
  const values = names.map((name) => ({ name, gauge: gauges.has(name), value: 0 }));
  const none = new Uint32Array(1);
  const times = TIMES.map((name) => ({ name, cumulative: none, interval: none, bounds: [1] }));
  const text = new PrometheusText({ tagged: statTagger({ defaultTags: null, tags: [] }), rules: null });
  return labelsByMetric(text.write([...values, ...endpointValues()], times, "cumulative").toString() + lrsPage());
}

function* blockNames(gauges: Set<string>): Iterable<string> {
  for (const { id, names, gaugesFrom } of STATS_SCHEMAS) {
    const prefix = PREFIXES[id];
    if (prefix === undefined) continue;
    for (const [at, name] of names.entries()) {
      if (at >= gaugesFrom) gauges.add(prefix + name);
      yield prefix + name;
    }
  }
}

/** What the main thread counts under names of its own. */
function mainNames(gauges: Set<string>): string[] {
  const found: string[] = [];
  const writer = new StatsWriter((notice) => {
    if (notice.type !== "stat") return;
    found.push(notice.name);
    if (notice.gauge) gauges.add(notice.name);
  });
  const plan = barePlan([]);
  countFirstPlan(writer, plan);
  const directory = { onWriter: (_: string): void => {}, onDeath: (_: string): void => {} };
  countDeaths(directory, writer);
  directory.onWriter("listener-0");
  const numbers = {
    uptimeMs: 0,
    workersStarted: 0,
    concurrency: 0,
    connections: 0,
    daysUntilFirstExpiry: 0,
    restartEpoch: 0,
  };
  const memory = { fips: false, heapUsedBytes: 0, heapTotalBytes: 0, residentBytes: 0 };
  const readiness = { state: "LIVE", reasons: [], remarks: [] } as const;
  showNode(writer, { plan, readiness, runtime: { layers: 0, keys: 0, overrides: 0 }, ...numbers, ...memory });
  return found;
}

function endpointValues() {
  const tags = [
    ["envoy.cluster_name", "c"],
    ["envoy.endpoint_address", "a"],
  ] as const;
  return [...HOST.names, "healthy"].map((name) => ({
    name: `cluster.c.endpoint.a.${name}`,
    gauge: false,
    value: 0,
    tagged: { name: `cluster.endpoint.${name}`, tags },
  }));
}

function lrsPage(): string {
  const state = emptyLrsState();
  const counts = { success: 1, error: 0, issued: 1, active: 1, cxTotal: 0, cxFailed: 0, cxActive: 0 };
  const locality = { region: "", zone: "", subZone: "", priority: 0, counts, endpoints: [] };
  state.totals.add([
    { cluster: "c", service: "", localities: [locality], droppedTotal: 0, intervalMs: 1, dropped: [] },
  ]);
  return prometheusText({ state, keepFailures: 0 });
}

function labelsByMetric(page: string): ReadonlyMap<string, ReadonlySet<string>> {
  const lines = [...page.matchAll(/^(\w+)\{(.*)\} /gm)];
  return new Map(
    lines.map(([, metric = "", labels = ""]) => [
      metric,
      new Set([...labels.matchAll(/(\w+)="/g)].map((one) => one[1] ?? "")),
    ]),
  );
}

/** What stands before the names of a block, by its id. */
const PREFIXES: Readonly<Record<string, string>> = {
  cluster: "cluster.c.",
  health_check: "cluster.c.health_check.",
  outlier: "cluster.c.outlier_detection.",
  http: "http.h.",
  listener: "listener.l.",
  load_reporter: "load_reporter.",
  mesh: "mesh.",
  requests: "vhost.v.route.r.",
  thread: "starling.thread.main.",
  traces: "tracing.opentelemetry.",
};

/** Names that come with the first of their kind: answers, and what a listener counts of a worker. */
const LATER_NAMES: readonly string[] = [
  ...["cluster.c.", "vhost.v.route.r."].flatMap((prefix) =>
    ["upstream_rq_200", "upstream_rq_2xx", "upstream_rq_completed"].map((name) => prefix + name),
  ),
  "listener.l.worker_0.downstream_cx_active",
  "starling.admin_answers_cut",
  "starling.admin_answers_refused",
];

const TIMES: readonly string[] = [
  "cluster.c.upstream_rq_time",
  "http.h.downstream_rq_time",
  "vhost.v.route.r.upstream_rq_time",
];
