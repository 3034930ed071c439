// A whole node in one process: supervisor, admin server, ticks. What `starling -c FILE` starts, and what tests start in theirs.
import { getFips } from "node:crypto";
import { writeFileSync } from "node:fs";
import { DEFAULT_RESTART_POLICY, type RestartPolicy } from "../actor/restart-policy.ts";
import { systemClock } from "../base/clock.ts";
import { DrivenWheel } from "../base/driven-wheel.ts";
import { systemText } from "../base/system-text.ts";
import { watchThreadUse } from "../base/thread-use.ts";
import { Timer } from "../base/timer-wheel.ts";
import { addressText } from "../config/plan/address.ts";
import type { Plan } from "../config/plan/plan.ts";
import { flattened } from "../config/plan/runtime.ts";
import type { AdminServer } from "../control/admin/admin-server.ts";
import { daysUntilFirstExpiry } from "../control/admin/certificates.ts";
import type { AdminView, MeshSource, RuntimeSource } from "../control/admin/view.ts";
import type { ServeOptions } from "../messages/options.ts";
import type { AccessLogs } from "../telemetry/access-log.ts";
import { BreakerGauges } from "../telemetry/breaker-gauges.ts";
import { recordValue } from "../telemetry/histogram.ts";
import { HTTP2_REBALANCED } from "../telemetry/http2-use.ts";
import { LISTENER } from "../telemetry/listener-stats.ts";
import { nodeTables } from "../telemetry/node-memory.ts";
import { StatsWriter } from "../telemetry/stats-memory.ts";
import { StatsReader } from "../telemetry/stats-reader.ts";
import { threadUseCounter } from "../telemetry/thread-stats.ts";
import { type AddressProbes, addressForPeers, settleAddresses } from "./addresses.ts";
import { adminLogFiles, openAdminLog, startAdmin } from "./admin-logs.ts";
import { lowerBackgroundThreads } from "./background-threads.ts";
import { CertificateWatch } from "./certificate-watch.ts";
import { checkLogFiles } from "./check-log-files.ts";
import { Http2Rebalance } from "./http2-rebalance.ts";
import type { Logger } from "./log/logger.ts";
import { loggerOf } from "./log/logger-of.ts";
import { ModuleWatchdog } from "./module-watchdog.ts";
import { countDeaths, type NodeFacts, showNode } from "./node-stats.ts";
import { Reload } from "./reload.ts";
import { checkRuntimeRoots } from "./runtime/check-roots.ts";
import { StartError } from "./start-error.ts";
import { StatsDirectory } from "./stats-directory.ts";
import { STATS_SCHEMAS } from "./stats-schemas.ts";
import { Supervisor, type SupervisorParts } from "./supervisor.ts";
import { VERSION } from "./version.ts";
import { realFiles } from "./watched-files.ts";
import { WatchedRequests } from "./watched-requests.ts";

/** What a node is started with. */
export interface NodeParts {
  readonly options: ServeOptions;
  readonly plan: Plan;
  /** The checked bootstrap as proto3 JSON. */
  readonly bootstrap: unknown;
  /** Called when a page or a signal asked the process to end. */
  onQuit(): void;
  /** Called when the node must not go on starting; the reason is one plain line. */
  onFatal(reason: string): void;
  readonly log?: Logger;
  /** Look whether addresses are free. */
  readonly probes: AddressProbes;
  /** Default: `DEFAULT_RESTART_POLICY`. */
  readonly policy?: RestartPolicy;
  /** Default: `REBALANCE_INTERVAL_MS`. */
  readonly rebalanceIntervalMs?: number;
  /** Default: `LOOK_INTERVAL_MS` of the watch over filter modules. */
  readonly watchIntervalMs?: number;
}

/** A running node. */
export interface RunningNode {
  readonly supervisor: Supervisor;
  readonly view: AdminView;
  /** Null when the file has no admin. */
  readonly admin: AdminServer | null;
  /** Takes another configuration. */
  readonly reload: Reload;
  /** Ends everything within `deadlineMs` or little more. */
  stop(deadlineMs?: number): Promise<void>;
}

/** Starts a node. Rejects with one plain line when an address is taken. */
export async function startNode(parts: NodeParts): Promise<RunningNode> {
  const clock = systemClock;
  const wheel = new DrivenWheel(clock, WHEEL_TICK_MS);
  const log = parts.log ?? loggerOf(clock, parts.options);
  checkLogFiles(parts.plan);
  checkRuntimeRoots(parts.plan);
  const plan = await settleAddresses(parts.plan, parts.options.takeover, parts.probes);
  const stats = new StatsDirectory(STATS_SCHEMAS);
  const ownStats = new StatsWriter((notice) => stats.add("main", [notice]));
  countDeaths(stats, ownStats);
  const policy = parts.policy ?? DEFAULT_RESTART_POLICY;
  const startedMs = clock.nowMs();
  const onLive = (): void =>
    recordValue(ownStats.histogram("server.initialization_time_ms"), Math.round(clock.nowMs() - startedMs));
  const { options } = parts;
  const requests = new WatchedRequests();
  const base = { clock, wheel, log, stats, ownStats, options, policy, requests };
  const supervisor = new Supervisor({ ...base, onLive, onFatal: (reason) => parts.onFatal(reason) }, plan);
  requests.order = (message) => supervisor.order(message);
  const reload = new Reload({ clock, supervisor, probes: parts.probes, ownStats }, parts);
  const adminLogs = adminLogFiles(wheel, ownStats, log);
  const view = adminView(parts, supervisor, { clock, log, stats, ownStats, reload, requests, adminLogs });
  stats.beforeRead = showing(ownStats, view, supervisor);
  const admin = await startAdmin(view, ownStats, openAdminLog(plan, adminLogs, clock, supervisor.runtime));
  if (admin !== null) announceAdmin(admin, options, log);
  const flushing = new Timer(() => {
    admin?.flush();
    wheel.arm(flushing, supervisor.plan.statsFlushIntervalMs);
  });
  if (admin !== null) wheel.arm(flushing, plan.statsFlushIntervalMs);
  lowerBackgroundThreads();
  const stopUse = watchThreadUse(threadUseCounter(ownStats, "main"));
  supervisor.start(admin === null ? "" : addressForPeers(admin.address));
  const certificates = new CertificateWatch({
    wheel,
    log,
    ownStats,
    files: realFiles,
    plan: () => supervisor.plan,
    wallMs: () => clock.wallMs(),
    change: (next) => reload.change(next),
  });
  const rebalance = parts.options.rebalanceHttp2 ? beginRebalance(parts, supervisor, { wheel, ownStats }) : null;
  const watchdog = beginWatch(parts, supervisor, { wheel, ownStats });
  return {
    supervisor,
    view,
    reload,
    admin,
    stop: async (deadlineMs = STOP_DEADLINE_MS) => {
      stopUse();
      rebalance?.stop();
      watchdog.stop();
      certificates.stop();
      wheel.remove(flushing);
      await Promise.all([supervisor.stop(deadlineMs), admin?.close()]);
      adminLogs.close();
      wheel.stop();
    },
  };
}

function adminView(
  parts: NodeParts,
  supervisor: Supervisor,
  own: Pick<SupervisorParts, "clock" | "log" | "stats" | "ownStats" | "requests"> & {
    reload: Reload;
    adminLogs: AccessLogs;
  },
): AdminView {
  const startedMs = own.clock.nowMs();
  const startedWallMs = own.clock.wallMs();
  return {
    options: parts.options,
    version: VERSION,
    startedWallMs,
    uptimeMs: () => own.clock.nowMs() - startedMs,
    readiness: () => supervisor.readiness.current(),
    plan: () => supervisor.plan,
    planLoadedWallMs: () => own.reload.loadedWallMs,
    bootstrap: () => own.reload.bootstrap,
    workers: () => supervisor.workerViews(),
    endpoints: () => supervisor.endpoints.all(),
    healthFlags: (facts) => supervisor.endpoints.flagsOf(facts),
    lease: (announcer) => supervisor.leases.of(announcer),
    outliers: nodeTables(supervisor.memory, 0).outliers,
    runtime: supervisor.runtime,
    stats: own.stats,
    log: own.log,
    requests: own.requests,
    mesh: meshSource(supervisor),
    orders: {
      drainListeners: (how) => supervisor.drain.start(how),
      quit: () => parts.onQuit(),
      setFailing: (failing) => supervisor.setFailing(failing),
      resetCounters: () => own.stats.resetCounters(),
      reopenLogs: () => {
        own.log.reopen();
        own.adminLogs.reopen();
        supervisor.reopenLogs();
      },
      modifyRuntime: (entries) => supervisor.runtime.modify(entries),
    },
  };
}

function meshSource(supervisor: Supervisor): MeshSource | null {
  const { mesh } = supervisor.plan;
  if (mesh === null) return null;
  const { name, node, broker } = mesh;
  const text = broker.kind === "nats" ? broker.servers.join(", ") : `embedded:${broker.port}`;
  return { name, node, broker: text, view: (ask) => supervisor.viewMesh(ask) };
}

/** What sets the gauges that are only worked out when somebody looks. */
function showing(stats: StatsWriter, view: AdminView, supervisor: Supervisor): () => void {
  const breakers = new BreakerGauges(stats, nodeTables(supervisor.memory, 0).breakers);
  const reader = new StatsReader(view.stats);
  return () => {
    supervisor.endpoints.showHealth();
    const runtime = supervisor.runtime.values;
    for (const plan of supervisor.plan.clusters) breakers.show(plan, supervisor.endpoints.rowOf(plan.name), runtime);
    showStats(stats, view, reader);
  };
}

function beginRebalance(
  { rebalanceIntervalMs }: NodeParts,
  supervisor: Supervisor,
  { wheel, ownStats }: { wheel: DrivenWheel; ownStats: StatsWriter },
): Http2Rebalance {
  const use = nodeTables(supervisor.memory, 0).http2;
  const listening = () => supervisor.workerViews().filter(({ state }) => state === "listening");
  ownStats.counter(HTTP2_REBALANCED);
  return new Http2Rebalance(
    {
      wheel,
      loads: () => listening().map(({ slot }) => use.load(slot)),
      order: ({ slot, streamsBelow }) => supervisor.orderOne(slot, { type: "relieve-http2", streamsBelow }),
    },
    rebalanceIntervalMs,
  );
}

function beginWatch(
  { watchIntervalMs }: NodeParts,
  supervisor: Supervisor,
  { wheel, ownStats: stats }: { wheel: DrivenWheel; ownStats: StatsWriter },
): ModuleWatchdog {
  const { modules } = nodeTables(supervisor.memory, 0);
  const living = () => supervisor.workerViews().filter(({ state }) => state !== "dead");
  const slots = (): readonly number[] => living().map(({ slot }) => slot);
  const end = (slot: number, reason: string): void => supervisor.killWorker(slot, reason);
  return new ModuleWatchdog({ wheel, stats, slots, sight: (slot) => modules.sight(slot), end }, watchIntervalMs);
}

function showStats(stats: StatsWriter, view: AdminView, reader: StatsReader): void {
  const { heapUsed, heapTotal, rss } = process.memoryUsage();
  const plan = view.plan();
  const connectionsOf = (token: string): number =>
    reader.block(LISTENER, `listener.${token}.`)?.[LISTENER.at.downstream_cx_active] ?? 0;
  showNode(stats, {
    plan,
    readiness: view.readiness(),
    uptimeMs: view.uptimeMs(),
    workersStarted: view.workers().filter(({ state }) => state === "listening").length,
    concurrency: view.workers().length,
    runtime: runtimeFacts(view.runtime),
    connections: [...new Set(plan.listeners.map(({ statPrefix }) => statPrefix))]
      .map(connectionsOf)
      .reduce((sum, connections) => sum + connections, 0),
    daysUntilFirstExpiry: daysUntilFirstExpiry(plan, view.startedWallMs + view.uptimeMs()),
    restartEpoch: view.options.restartEpoch,
    fips: getFips() === 1,
    heapUsedBytes: heapUsed,
    heapTotalBytes: heapTotal,
    residentBytes: rss,
  });
}

function runtimeFacts(runtime: RuntimeSource): NodeFacts["runtime"] {
  const layers = runtime.layers();
  const overrides = layers.find(({ kind }) => kind === "admin")?.entries ?? {};
  const keys = Object.keys(flattened(layers)).length;
  return { layers: layers.length, keys, overrides: Object.keys(overrides).length };
}

function announceAdmin(admin: AdminServer, options: ServeOptions, log: Logger): void {
  const text = addressText(admin.address);
  log.info("main", `admin address: ${text}`);
  if (options.adminAddressPath === "") return;
  try {
    writeFileSync(options.adminAddressPath, text);
  } catch (error) {
    throw new StartError(`--admin-address-path: cannot write '${options.adminAddressPath}': ${systemText(error)}`);
  }
}

const WHEEL_TICK_MS = 50;

/** How long workers may take to write their logs when the process ends. */
export const STOP_DEADLINE_MS = 250;
