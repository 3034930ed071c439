// Everything that serves requests on one thread: sockets, clusters, listeners, runtime, logs. Made once by workers/listener.ts, which
// turns messages into these calls.
import { type Clock, machineOffsetMs, systemClock } from "../base/clock.ts";
import { machineAddress, machineName } from "../base/machine.ts";
import { systemRandom } from "../base/random.ts";
import { sharesOf, ThreadMeter, watchThreadUse } from "../base/thread-use.ts";
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";
import type { EndpointSetUpdate } from "../config/plan/endpoint-set.ts";
import type { DrainTerms } from "../config/plan/listener.ts";
import type { OtlpLogPlan } from "../config/plan/otlp.ts";
import type { Plan } from "../config/plan/plan.ts";
import { type RuntimeEntries, RuntimeValues } from "../config/plan/runtime.ts";
import { createNetContext } from "../net/net-context.ts";
import { type AccessLogs, createAccessLogs, type LogFlush, logAccount } from "../telemetry/access-log.ts";
import { HTTP2_REBALANCED } from "../telemetry/http2-use.ts";
import { type ExportBatch, LineBatches } from "../telemetry/line-batches.ts";
import type { ModuleWatch } from "../telemetry/module-watch.ts";
import { type NodeMemory, nodeTables } from "../telemetry/node-memory.ts";
import type { WatchTerms, WatchTold } from "../telemetry/request-watch.ts";
import { SpanBatches } from "../telemetry/span-batches.ts";
import { addTo } from "../telemetry/stats-add.ts";
import { type StatNames, type StatsNotice, StatsWriter } from "../telemetry/stats-memory.ts";
import { threadUseCounter } from "../telemetry/thread-stats.ts";
import { RequestWatch } from "./exchange/request-watch.ts";
import type { WorkerContext } from "./exchange/worker-context.ts";
import { createListenerService, workerContext } from "./listener-service.ts";
import { ListenerSet } from "./listener-set.ts";
import { ClusterManager } from "./upstream/cluster-manager.ts";
import type { OnSuspected } from "./upstream/outlier-monitor.ts";
import { MEMORY_BYTES_MAX, type WorkerServices } from "./worker-services.ts";

/** What a worker is made with. */
export interface ListenerWorkerOptions {
  readonly slot: number;
  readonly memory: NodeMemory;
  /** When lines of access logs leave. */
  readonly logFlush: LogFlush;
  /** Notices of this slot's predecessor. */
  readonly restored: readonly StatsNotice[];
  announce(notice: StatsNotice): void;
  onBug(error: unknown): void;
  /** A line for the node's log. */
  log(level: Parameters<WorkerServices["log"]>[0], component: string, text: string): void;
  /** Consecutive failures of an endpoint reached a threshold of its cluster's outlier detection. */
  readonly onSuspected: OnSuspected;
  /** Answers of an endpoint asked for its end: the health side wants to know. */
  onPassiveFailure(row: number, slot: number, count: number): void;
  /** Finished spans and records of access logs go to the telemetry thread. */
  onExport(batch: ExportBatch): void;
  /** What was told of requests that somebody watches. */
  onWatched(told: WatchTold): void;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** One worker. Serves nothing before its first plan. */
export class ListenerWorker {
  private readonly runtime: RuntimeValues = new RuntimeValues();
  readonly listeners: ListenerSet;
  private readonly accessLogs: AccessLogs;
  private readonly spans: SpanBatches;
  private readonly records: LineBatches<OtlpLogPlan>;
  private readonly clusters: ClusterManager;
  private readonly stats: StatsWriter;
  private readonly modules: ModuleWatch;
  private readonly wheel: TimerWheel;
  private readonly beat: Timer = new Timer(() => {
    this.modules.beat();
    this.wheel.arm(this.beat, BEAT_MS);
  });
  private readonly services: WorkerServices;
  /** Ends the count of what its thread uses. */
  private readonly stopUse: () => void;
  private readonly onWatched: (told: WatchTold) => void;

  constructor(options: ListenerWorkerOptions) {
    this.onWatched = (told) => options.onWatched(told);
    const net = createNetContext({ onBug: options.onBug, clock: options.clock ?? systemClock });
    const stats = new StatsWriter(options.announce, options.restored);
    const random = systemRandom();
    const trouble = (text: string): void => options.log("warning", "misc", text);
    const { flushIntervalMs, flushBytes } = options.logFlush;
    this.accessLogs = createAccessLogs(net.wheel, flushIntervalMs, undefined, logAccount(stats, trouble), flushBytes);
    this.spans = new SpanBatches(net.wheel, stats, (batch) => options.onExport({ what: "spans", ...batch }));
    this.records = new LineBatches(net.wheel, (batch) => options.onExport({ what: "records", ...batch }));
    const tables = nodeTables(options.memory, options.slot);
    const { onPassiveFailure, onSuspected } = options;
    this.stats = stats;
    this.stopUse = watchThreadUse(threadUseCounter(stats, `listener-${options.slot}`));
    const { runtime } = this;
    this.clusters = new ClusterManager({ net, stats, random, runtime, tables, onSuspected, onPassiveFailure });
    this.services = {
      clock: net.clock,
      wheel: net.wheel,
      random,
      stats,
      upstreams: this.clusters,
      accessLogs: this.accessLogs,
      spans: this.spans,
      records: this.records,
      runtime,
      rateBuckets: new Map(),
      sharedOffsetMs: options.clock === undefined ? machineOffsetMs() : 0,
      counts: tables.counts,
      http2Use: tables.http2,
      modules: tables.modules,
      workerName: `worker_${options.slot}`,
      hostname: machineName(),
      localAddress: machineAddress(),
      memoryBytesMax: MEMORY_BYTES_MAX,
      onBug: options.onBug,
      log: (level, text) => options.log(level, "filter", text),
    };
    this.modules = tables.modules;
    this.wheel = net.wheel;
    const { services } = this;
    const { slot } = options;
    const warn = (text: string): void => options.log("warning", "connection", text);
    const { workers } = options.memory;
    const { counts } = tables;
    this.listeners = new ListenerSet({
      net,
      services,
      createService: createListenerService,
      warn,
      slot,
      workers,
      counts,
    });
  }

  /** From now on new connections and requests use this plan. `terms`: for connections of listeners that are gone; `rateBuckets`: of the plan. */
  applyPlan(plan: Plan, terms: DrainTerms, rateBuckets: ReadonlyMap<string, SharedArrayBuffer>): void {
    this.services.rateBuckets = rateBuckets;
    this.clusters.applyPlan(plan.clusters);
    this.listeners.applyPlan(plan.listeners, terms);
    if (this.modules.count > 0) this.wheel.arm(this.beat, 0);
  }

  /** From now on these are the runtime's values; answers with their version. */
  applyRuntime({ version, entries }: { readonly version: number; readonly entries: RuntimeEntries }): number {
    this.runtime.assign(entries);
    return version;
  }

  /** Takes changed endpoints in; answers with the clusters whose delta did not fit what this worker holds. */
  applyEndpoints(updates: readonly EndpointSetUpdate[]): string[] {
    return updates.filter((update) => !this.clusters.applyEndpoints(update)).map(({ cluster }) => cluster);
  }

  /** Asks the busiest HTTP/2 connection with fewer streams than `streamsBelow` to end, so that another worker may get its successor. */
  relieveHttp2(streamsBelow: number): void {
    if (!this.listeners.relieveHttp2(streamsBelow)) return;
    addTo(this.stats.counter(HTTP2_REBALANCED), 1);
  }

  /** Counters of clusters that are gone. */
  forgetStats(names: readonly StatNames[]): void {
    for (const one of names) this.stats.forget(one);
  }

  /** Tells of requests by these terms while their lease lasts. */
  watchRequests(terms: WatchTerms): void {
    const context = workerContext(this.services);
    context.watch ??= this.beginWatch(context);
    context.watch.assign(terms);
  }

  /** Opens the log files again. */
  reopenLogs(): void {
    this.accessLogs.reopen();
  }

  /** Ends listeners and connections and writes the logs, then calls `done`. */
  close(done: () => void): void {
    this.listeners.close(() => {
      this.stopUse();
      this.wheel.remove(this.beat);
      workerContext(this.services).watch?.close();
      this.clusters.close();
      this.accessLogs.close();
      this.spans.flush();
      this.records.flush();
      done();
    });
  }

  private beginWatch(context: WorkerContext): RequestWatch {
    const { clock, wheel, random } = this.services;
    const meter = new ThreadMeter();
    return new RequestWatch({
      clock,
      wheel,
      random,
      load: () => ({ ...sharesOf(meter.look()), ...this.listeners.load() }),
      tell: this.onWatched,
      onOver: () => {
        context.watch = null;
      },
    });
  }
}

/** How often the supervisor is shown that this loop turns. */
const BEAT_MS = 200;
