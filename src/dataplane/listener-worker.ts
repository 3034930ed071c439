// Everything that serves requests on one thread: sockets, clusters, listeners, runtime, logs. Made once by workers/listener.ts, which
// turns messages into these calls.
import { type Clock, machineOffsetMs, systemClock } from "../base/clock.ts";
import { machineAddress, machineName } from "../base/machine.ts";
import { systemRandom } from "../base/random.ts";
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";
import type { EndpointSetUpdate } from "../config/plan/endpoint-set.ts";
import type { DrainTerms } from "../config/plan/listener.ts";
import type { Plan } from "../config/plan/plan.ts";
import { type RuntimeEntries, RuntimeValues } from "../config/plan/runtime.ts";
import { createNetContext } from "../net/net-context.ts";
import { type AccessLogs, createAccessLogs } from "../telemetry/access-log.ts";
import { HTTP2_REBALANCED } from "../telemetry/http2-use.ts";
import type { ModuleWatch } from "../telemetry/module-watch.ts";
import { type NodeMemory, nodeTables } from "../telemetry/node-memory.ts";
import { type SpanBatch, SpanBatches } from "../telemetry/span-batches.ts";
import { type StatNames, type StatsNotice, StatsWriter } from "../telemetry/stats-memory.ts";
import { createListenerService } from "./listener-service.ts";
import { ListenerSet } from "./listener-set.ts";
import { ClusterManager } from "./upstream/cluster-manager.ts";
import type { OnSuspected } from "./upstream/outlier-monitor.ts";
import { MEMORY_BYTES_MAX, type WorkerServices } from "./worker-services.ts";

/** What a worker is made with. */
export interface ListenerWorkerOptions {
  readonly slot: number;
  readonly memory: NodeMemory;
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
  /** Finished spans go to the telemetry thread. */
  onSpans(batch: SpanBatch): void;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** One worker. Serves nothing before its first plan. */
export class ListenerWorker {
  private readonly runtime: RuntimeValues = new RuntimeValues();
  readonly listeners: ListenerSet;
  private readonly accessLogs: AccessLogs;
  private readonly spans: SpanBatches;
  private readonly clusters: ClusterManager;
  private readonly stats: StatsWriter;
  private readonly modules: ModuleWatch;
  private readonly wheel: TimerWheel;
  private readonly beat: Timer = new Timer(() => {
    this.modules.beat();
    this.wheel.arm(this.beat, BEAT_MS);
  });
  private readonly services: WorkerServices;

  constructor(options: ListenerWorkerOptions) {
    const net = createNetContext({ onBug: options.onBug, clock: options.clock ?? systemClock });
    const stats = new StatsWriter(options.announce, options.restored);
    const random = systemRandom();
    this.accessLogs = createAccessLogs(net.wheel);
    this.spans = new SpanBatches(net.wheel, options.onSpans);
    const tables = nodeTables(options.memory, options.slot);
    const { onPassiveFailure, onSuspected } = options;
    this.stats = stats;
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
      runtime,
      rateBuckets: new Map(),
      sharedOffsetMs: options.clock === undefined ? machineOffsetMs() : 0,
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
    const counts = tables.connections;
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
    const { values, at } = this.stats.counter(HTTP2_REBALANCED);
    values[at] = (values[at] as number) + 1;
  }

  /** Counters of clusters that are gone. */
  forgetStats(names: readonly StatNames[]): void {
    for (const one of names) this.stats.forget(one);
  }

  /** Opens the log files again. */
  reopenLogs(): void {
    this.accessLogs.reopen();
  }

  /** Ends listeners and connections and writes the logs. */
  close(): void {
    this.wheel.remove(this.beat);
    this.listeners.close();
    this.clusters.close();
    this.accessLogs.close();
    this.spans.flush();
  }
}

/** How often the supervisor is shown that this loop turns. */
const BEAT_MS = 200;
