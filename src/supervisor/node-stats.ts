// The node's own statistics under server., cluster_manager., listener_manager. and runtime., named as Envoy's. Written on the main
// thread: once when a plan is taken, the gauges whenever somebody looks.
import type { Plan } from "../config/plan/plan.ts";
import type { Readiness } from "../control/admin/view.ts";
import { addTo } from "../telemetry/stats-add.ts";
import type { StatsWriter } from "../telemetry/stats-memory.ts";
import type { PlanChange } from "./plan-change.ts";
import type { StatsDirectory } from "./stats-directory.ts";

/** What the gauges show. */
export interface NodeFacts {
  readonly plan: Plan;
  readonly readiness: Readiness;
  readonly uptimeMs: number;
  readonly workersStarted: number;
  readonly concurrency: number;
  /** Layers of the runtime that are there, keys of all of them together, and of those that /runtime_modify has set. */
  readonly runtime: { readonly layers: number; readonly keys: number; readonly overrides: number };
  /** Connections of all listeners but the admin's. */
  readonly connections: number;
  readonly daysUntilFirstExpiry: number;
  readonly restartEpoch: number;
  readonly fips: boolean;
  /** Of V8 and of the process, in bytes. */
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly residentBytes: number;
}

/** Counts the plan that a node begins with. */
export function countFirstPlan(stats: StatsWriter, plan: Plan): void {
  for (const name of ZEROS) stats.counter(name);
  set(stats.counter("cluster_manager.cluster_added"), plan.clusters.length);
  set(stats.counter("listener_manager.listener_added"), plan.listeners.length);
}

/** Counts what another plan changed. */
export function countPlanChange(stats: StatsWriter, { clusters, listeners }: PlanChange): void {
  add(stats, "cluster_manager.cluster_added", clusters.added.length);
  add(stats, "cluster_manager.cluster_modified", clusters.modified.length);
  add(stats, "cluster_manager.cluster_removed", clusters.removed.length);
  add(stats, "listener_manager.listener_added", listeners.added.length);
  add(stats, "listener_manager.listener_modified", listeners.modified.length);
  add(stats, "listener_manager.listener_removed", listeners.removed.length);
}

/** Another configuration was taken or, with everything as it was, refused. */
export function countConfiguration(stats: StatsWriter, outcome: "applied" | "refused"): void {
  add(stats, `starling.configuration_${outcome}`, 1);
}

/** Files of certificates and authorities that changed: taken, or kept as they were for a mistake. */
export function countCertificates(
  stats: StatsWriter,
  { renewed, refused }: { readonly renewed: number; readonly refused: number },
): void {
  add(stats, "starling.certificates_renewed", renewed);
  add(stats, "starling.certificates_refused", refused);
}

/** Endpoints of a cluster came or went after its first ones. */
export function countClusterUpdate(stats: StatsWriter): void {
  add(stats, "cluster_manager.cluster_updated", 1);
}

/** A worker has opened so many listeners, or failed to open one. */
export function countListeners(stats: StatsWriter, how: "success" | "failure", count: number): void {
  add(stats, `listener_manager.listener_create_${how}`, count);
}

/** Counts the deaths of every thread. The counters are there from its first word on, so that a first death is seen as a change. */
export function countDeaths(directory: Pick<StatsDirectory, "onWriter" | "onDeath">, stats: StatsWriter): void {
  const name = (writer: string): string => `starling.thread.${writer}.deaths`;
  directory.onWriter = (writer) => {
    if (writer !== "main") stats.counter(name(writer));
  };
  directory.onDeath = (writer) => add(stats, name(writer), 1);
}

/** Sets the gauges. */
export function showNode(stats: StatsWriter, facts: NodeFacts): void {
  const { plan, readiness } = facts;
  const gauge = (name: string, value: number): void => set(stats.gauge(name), value);
  gauge("server.state", STATES.indexOf(readiness.state));
  gauge("server.live", readiness.state === "LIVE" ? 1 : 0);
  gauge("server.uptime", Math.floor(facts.uptimeMs / 1000));
  gauge("server.concurrency", facts.concurrency);
  gauge("server.total_connections", facts.connections);
  gauge("server.days_until_first_cert_expiring", facts.daysUntilFirstExpiry);
  gauge("server.hot_restart_epoch", facts.restartEpoch);
  gauge("server.compilation_settings.fips_mode", facts.fips ? 1 : 0);
  gauge("server.memory_allocated", facts.heapUsedBytes);
  gauge("server.memory_heap_size", facts.heapTotalBytes);
  gauge("server.memory_physical_size", facts.residentBytes);
  gauge("cluster_manager.active_clusters", plan.clusters.length);
  gauge("cluster_manager.warming_clusters", 0);
  gauge("listener_manager.total_listeners_active", plan.listeners.length);
  // Envoy's is a yes or no: all of them have started.
  gauge("listener_manager.workers_started", facts.workersStarted === facts.concurrency ? 1 : 0);
  gauge("runtime.num_keys", facts.runtime.keys);
  gauge("runtime.num_layers", facts.runtime.layers);
  gauge("runtime.admin_overrides_active", facts.runtime.overrides > 0 ? 1 : 0);
}

function add(stats: StatsWriter, name: string, amount: number): void {
  addTo(stats.counter(name), amount);
}

function set(slot: { readonly values: Float64Array; readonly at: number }, value: number): void {
  slot.values[slot.at] = value;
}

/** Envoy's numbers: the index. */
const STATES = ["LIVE", "DRAINING", "PRE_INITIALIZING", "INITIALIZING"];

/** Events that a first plan does not have. */
const ZEROS: readonly string[] = [
  "cluster_manager.cluster_modified",
  "cluster_manager.cluster_removed",
  "cluster_manager.cluster_updated",
  "listener_manager.listener_create_failure",
  "listener_manager.listener_create_success",
  "listener_manager.listener_modified",
  "listener_manager.listener_removed",
  "listener_manager.listener_stopped",
  "starling.certificates_refused",
  "starling.certificates_renewed",
  "starling.configuration_applied",
  "starling.configuration_refused",
];
