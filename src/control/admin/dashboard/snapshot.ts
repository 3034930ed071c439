// The node as the dashboard shows it, at one moment: facts of the admin view and counts as they are, which the page makes rates of. Plain
// JSON without null, members by name, so that the next picture differs in little. Called by the event stream.
import { addressText } from "../../../config/plan/address.ts";
import type { ClusterPlan } from "../../../config/plan/cluster.ts";
import type { EndpointFacts, EndpointSetFull } from "../../../config/plan/endpoint-set.ts";
import type { ListenerPlan } from "../../../config/plan/listener.ts";
import { DEGRADED_FLAGS, HealthFlag, healthText, UNHEALTHY_FLAGS } from "../../../telemetry/health-table.ts";
import { QUANTILES, quantilesOf } from "../../../telemetry/histogram-summary.ts";
import { HOST } from "../../../telemetry/host-stats.ts";
import type { AdminGuard } from "../guard.ts";
import type { PageContext } from "../page.ts";
import { endpointKey, routeKey } from "../tap/recent-times.ts";
import type { WatchDesk } from "../tap/watch-desk.ts";
import type { RuntimeLayerNow, WorkerView } from "../view.ts";
import type { JsonObject } from "./merge-patch.ts";
import { meshFacts } from "./mesh-facts.ts";
import { routeFacts } from "./route-facts.ts";

/** What else a picture has. */
export interface SnapshotSources {
  /** Knows what workers tell while somebody looks. */
  readonly watch: Looks;
  /** Knows what this admin address lets one do. */
  readonly guard: Pick<AdminGuard, "hasToken" | "tap">;
}

/** Takes it. Of more clusters and endpoints than it shows it tells the number. */
export async function takeSnapshot(context: PageContext, sources: SnapshotSources): Promise<JsonObject> {
  const { watch: looks, guard } = sources;
  const { view } = context;
  looks.lookAtTimes();
  const mesh = view.mesh === null ? null : await meshFacts(view.mesh, ENDPOINTS_MAX);
  const counts = new Map(context.stats.values().map(({ name, value }) => [name, value]));
  const times = quantiles(context);
  const plan = view.plan();
  const clusters = plan.clusters.slice(0, CLUSTERS_MAX);
  const sets = new Map(view.endpoints().map((set) => [set.cluster, set]));
  let room = ENDPOINTS_MAX;
  const shown = clusters.map((cluster) => {
    const set = sets.get(cluster.name);
    const facts = clusterFacts({ context, counts, times, looks }, cluster, set, room);
    room = Math.max(0, room - (set?.endpoints.length ?? 0));
    return [cluster.name, facts] as const;
  });
  return {
    atMs: Math.round(view.uptimeMs()),
    node: nodeFacts(context, guard),
    workers: Object.fromEntries(view.workers().map((worker) => [worker.slot, workerFacts(worker, looks)])),
    http: httpFacts(plan.listeners, counts, times),
    routes: routeFacts(plan.listeners, view.runtime.values, (source) => recentFacts(looks, routeKey(source))),
    clusters: Object.fromEntries(shown),
    clustersLeftOut: plan.clusters.length - clusters.length,
    runtime: runtimeFacts(view.runtime.layers()),
    log: Object.fromEntries(view.log.recent().map(({ number, ...line }) => [number, line])),
    ...(plan.load === null ? {} : { load: loadFacts(counts, mesh) }),
    ...(mesh === null ? {} : { mesh }),
  };
}

/** `by`: the node of the mesh that reports for all; empty: this one does for itself. */
function loadFacts(counts: Sources["counts"], mesh: JsonObject | null): JsonObject {
  const count = (name: string): number => counts.get(`load_reporter.${name}`) ?? 0;
  const by = (mesh?.["loadReporter"] ?? "") as string;
  const told = { asked: count("requests"), responses: count("responses"), errors: count("errors") };
  return { ...told, clusters: count("clusters_followed"), by };
}

type Looks = Pick<WatchDesk, "lookAtTimes" | "loadOf" | "times">;

interface Sources {
  readonly context: PageContext;
  readonly counts: ReadonlyMap<string, number>;
  readonly times: ReadonlyMap<string, JsonObject>;
  readonly looks: Looks;
}

function nodeFacts({ view }: PageContext, guard: SnapshotSources["guard"]): JsonObject {
  const { node, roles } = view.plan();
  const { state, reasons, remarks } = view.readiness();
  const name = view.mesh?.node ?? node.id;
  const { version, startedWallMs } = view;
  const said = [...reasons, ...remarks];
  const access = { changes: guard.hasToken, tap: guard.tap };
  return { name, cluster: node.cluster, version, startedWallMs, state, reasons: said, roles, ...access };
}

function workerFacts({ slot, state, restarts, planVersion }: WorkerView, looks: Looks): JsonObject {
  const load = looks.loadOf(slot);
  const facts = { state, restarts, planVersion };
  if (load === null) return facts;
  const { cpu, busy, connections, requests } = load;
  return { ...facts, cpu: Math.round(cpu * 100) / 100, busy: Math.round(busy * 100) / 100, connections, requests };
}

/** What was told lately of an endpoint or a route; nothing where nothing was. */
function recentFacts(looks: Looks, key: string): JsonObject {
  const figures = looks.times.figures(key);
  if (figures === null) return {};
  const { rate, errors, p50, p99 } = figures;
  return { rate: rounded(rate), errors: Math.round(errors * 1_000) / 1_000, p50: rounded(p50), p99: rounded(p99) };
}

/** Median and 99th percentile in milliseconds of the last flush interval, by the histogram's name; without values none. */
function quantiles({ stats }: PageContext): Map<string, JsonObject> {
  const found = new Map<string, JsonObject>();
  for (const { name, interval } of stats.histograms()) {
    if (!TIMES.test(name)) continue;
    const values = quantilesOf(interval);
    const [p50, p99] = [values[QUANTILES.indexOf(50)], values[QUANTILES.indexOf(99)]];
    if (p50 === undefined || p99 === undefined || Number.isNaN(p50)) continue;
    found.set(name, { p50: rounded(p50), p99: rounded(p99) });
  }
  return found;
}

function httpFacts(listeners: readonly ListenerPlan[], counts: Sources["counts"], times: Sources["times"]): JsonObject {
  const managers = listeners.flatMap((listener) =>
    [...listener.filterChains, listener.defaultFilterChain].flatMap((chain) =>
      chain?.filter.kind === "http" ? [chain.filter.statPrefix] : [],
    ),
  );
  const facts = [...new Set(managers)].map((prefix) => {
    const count = (name: string): number => counts.get(`http.${prefix}.downstream_${name}`) ?? 0;
    const [total, failed] = [count("rq_total"), count("rq_5xx")];
    const now = { active: count("rq_active"), connections: count("cx_active") };
    return [prefix, { total, failed, ...now, ...times.get(`http.${prefix}.downstream_rq_time`) }] as const;
  });
  return Object.fromEntries(facts);
}

function clusterFacts(
  { context, counts, times, looks }: Sources,
  cluster: ClusterPlan,
  set: EndpointSetFull | undefined,
  room: number,
): JsonObject {
  const endpoints = set?.endpoints ?? [];
  const count = (name: string): number => counts.get(`cluster.${cluster.statName}.${name}`) ?? 0;
  return {
    kind: cluster.discovery.kind,
    total: count("upstream_rq_total"),
    failed: count("upstream_rq_5xx"),
    active: count("upstream_rq_active"),
    pending: count("upstream_rq_pending_active"),
    retries: count("upstream_rq_retry"),
    connections: count("upstream_cx_active"),
    ejections: count("outlier_detection.ejections_active"),
    checked: cluster.healthChecks.length > 0,
    ...times.get(`cluster.${cluster.statName}.upstream_rq_time`),
    endpoints: Object.fromEntries(
      endpoints.slice(0, room).map((one) => [addressText(one.address), endpointFacts(context, cluster, one, looks)]),
    ),
    leftOut: Math.max(0, endpoints.length - room),
  };
}

function endpointFacts(
  { view, stats }: PageContext,
  cluster: ClusterPlan,
  endpoint: EndpointFacts,
  looks: Looks,
): JsonObject {
  const { p50, p99 } = recentFacts(looks, endpointKey(cluster.name, addressText(endpoint.address)));
  const flags = view.healthFlags(endpoint);
  const values = stats.block(HOST, `host.${cluster.name}.${addressText(endpoint.address)}.`);
  const count = (name: keyof typeof HOST.at): number => values?.[HOST.at[name]] ?? 0;
  return {
    health: healthOf(flags),
    flags: healthText(flags),
    weight: endpoint.weight,
    priority: endpoint.priority,
    zone: endpoint.locality.zone,
    hostname: endpoint.hostname,
    total: count("rq_total"),
    failed: count("rq_error"),
    active: count("rq_active"),
    connections: count("cx_active"),
    ...(p50 === undefined || p99 === undefined ? {} : { p50, p99 }),
  };
}

function healthOf(flags: number): string {
  if ((flags & UNHEALTHY_FLAGS) !== 0) return "unhealthy";
  if ((flags & DEGRADED_FLAGS) !== 0) return "degraded";
  return (flags & HealthFlag.PendingActiveHc) !== 0 ? "pending" : "healthy";
}

/** The final text of every key with the layer that says it. */
function runtimeFacts(layers: readonly RuntimeLayerNow[]): JsonObject {
  const keys = new Map<string, JsonObject>();
  for (const { name, entries } of layers) {
    for (const [key, value] of Object.entries(entries)) if (value !== "") keys.set(key, { value, layer: name });
  }
  const sorted = [...keys].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, KEYS_MAX);
  return {
    layers: layers.map(({ name }) => name),
    keys: Object.fromEntries(sorted),
    leftOut: keys.size - sorted.length,
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}

const TIMES = /^(cluster\..*\.upstream_rq_time|http\..*\.downstream_rq_time)$/;
const CLUSTERS_MAX = 200;
const ENDPOINTS_MAX = 500;
const KEYS_MAX = 500;
