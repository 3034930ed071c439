// Owns the telemetry thread for the supervisor: starts it with the first that there is to export, passes finished spans and records of access
// logs on to it within a bound, tells it where every thread counts and when metrics are due, and starts it anew when it died.
import type { FilterChainPlan } from "../config/plan/listener.ts";
import type { MetricsSinkPlan, OtlpLogPlan } from "../config/plan/otlp.ts";
import type { Plan } from "../config/plan/plan.ts";
import type { RuntimeEntries } from "../config/plan/runtime.ts";
import type { LoggedLine } from "../messages/log.ts";
import type { TracingOrder, TracingOutput } from "../messages/tracing.ts";
import { batchCount, batchMemory, type ExportBatch } from "../telemetry/line-batches.ts";
import { METRICS_EXPORT, METRICS_PREFIX } from "../telemetry/metrics-export-stats.ts";
import { OTLP_LOG, OWN_LOG_PREFIX } from "../telemetry/otlp-log-stats.ts";
import type { BlockSchema } from "../telemetry/stats-block.ts";
import { BlockView, type StatsNotice, type StatsWriter } from "../telemetry/stats-memory.ts";
import { SpanAccount, TRACES, type TracerName, tracerPrefix, ZIPKIN } from "../telemetry/trace-stats.ts";
import type { ActorThread } from "./actor-thread.ts";
import { backgroundThread, type CommonOutput, type OwnerParts } from "./background-thread.ts";
import type { EndpointRollOut } from "./endpoint-roll-out.ts";
import { MetricsClock } from "./metrics-clock.ts";
import { OwnLog } from "./own-log.ts";
import { VERSION } from "./version.ts";

/** What it stands on. */
export interface TracingOwnerParts extends OwnerParts {
  readonly endpoints: EndpointRollOut;
  /** The main thread's own counters: what it drops itself. */
  readonly ownStats: StatsWriter;
}

/** The telemetry thread, seen from the main thread. */
export class TracingOwner {
  private readonly parts: TracingOwnerParts;
  private readonly thread: ActorThread<TracingOrder, TracingOutput>;
  private plan: Plan | null = null;
  private isRunning = false;
  /** Since when the node counts. */
  private readonly sinceWallMs: number;
  /** A thread died before this one. */
  private isAnew = false;
  /** Whether this thread knows where counters lie: only for sinks. */
  private isToldOfStats = false;
  private readonly metrics: MetricsClock;
  private readonly ownLog: OwnLog;
  /** What the thread has not taken yet, by where it counts. */
  private readonly underWay = new Map<string, number>();
  private runtime: RuntimeEntries = {};

  constructor(parts: TracingOwnerParts) {
    const { endpoints } = parts;
    this.parts = parts;
    this.sinceWallMs = parts.clock.wallMs();
    this.metrics = new MetricsClock({
      wheel: parts.wheel,
      onDue: (sink) => this.metricsDue(sink),
      onLetGo: () => this.count(METRICS_EXPORT, METRICS_PREFIX, METRICS_EXPORT.at.intervals_dropped, 1),
    });
    this.ownLog = new OwnLog({ ...parts, send: (lines) => this.sendLines(lines) });
    parts.stats.follow((writer, notices) => this.tellStats(writer, notices));
    this.thread = backgroundThread<TracingOrder, Own>(parts, {
      name: NAME,
      title: "the telemetry thread",
      onOpened: () => this.opened(),
      receive: (message) => {
        if (message.type === "taken") this.move(message.statPrefix, -message.count);
        else if (message.type === "metrics-exported") this.metrics.exported(message.sink);
        else endpoints.applied(READER, message.missed);
      },
      onDied: () => {
        endpoints.closeReader(READER);
        this.isAnew = true;
        this.isToldOfStats = false;
        this.lose(NAME);
        for (const [statPrefix, count] of this.underWay) {
          this.move(statPrefix, -count);
          this.drop(statPrefix, count);
        }
      },
    });
  }

  /** Takes a plan in, at the start or another one. */
  assign(plan: Plan): void {
    this.plan = plan;
    this.metrics.assign(plan.metricsSinks);
    for (const { statPrefix } of recordLogs(plan)) this.parts.ownStats.block(OTLP_LOG, statPrefix);
    if (this.isRunning) this.tellPlan();
    else if (plan.metricsSinks.length > 0) this.begin();
    if (plan.ownLog !== null) this.ownLog.follow();
  }

  /** Passes on what a worker has; what would be too much is dropped and counted. */
  take(batch: ExportBatch): void {
    const statPrefix = batch.what === "spans" ? tracerPrefix(batch.to.tracer) : batch.to.statPrefix;
    if (this.hasRoom(statPrefix, batchCount(batch)))
      this.thread.send({ type: "export-asked", batch }, batchMemory(batch));
  }

  /** A thread that counts under this name is dead: nobody has the spans that it held. Asked before its gauges are cleared. */
  lose(writer: string): void {
    const pages: SharedArrayBuffer[] = [];
    for (const notice of this.parts.stats.noticesOf(writer)) {
      if (notice.type === "page") pages[notice.page] = notice.memory;
      const schema = notice.type === "block" ? [TRACES, ZIPKIN].find(({ id }) => id === notice.schema) : undefined;
      if (notice.type !== "block" || schema === undefined) continue;
      const { values } = new BlockView(schema, notice, pages[notice.page] as SharedArrayBuffer);
      this.drop(notice.prefix, values[schema.at.spans_queued] as number);
    }
  }

  /** The runtime's values, all of them. */
  setRuntime(entries: RuntimeEntries): void {
    this.runtime = entries;
    this.thread.send({ type: "runtime-changed", entries });
  }

  /** Sends what waits and ends the thread, within `deadlineMs`. */
  stop(deadlineMs: number): Promise<void> {
    this.metrics.stop();
    this.ownLog.flush();
    if (this.isToldOfStats) this.parts.stats.beforeRead();
    return this.thread.stop({ order: { type: "stop" }, deadlineMs });
  }

  /** Makes it die: for crash tests. */
  misbehave(how: "throw" | "exit"): void {
    this.thread.send({ type: "misbehave", how });
  }

  /** A node that has nothing to export yet has no thread for it: it costs a tenth of a start. */
  private begin(): void {
    this.isRunning = true;
    this.thread.start();
  }

  private opened(): void {
    this.metrics.reset();
    this.thread.send({ type: "runtime-changed", entries: this.runtime });
    this.tellPlan();
    this.parts.endpoints.openReader(READER, {
      send: (updates) => this.thread.send({ type: "endpoints-changed", updates }),
      wants: () => true,
    });
  }

  private tellPlan(): void {
    if (this.plan === null) return;
    const { clusters, metricsSinks: sinks, node, stats: names } = this.plan;
    if (sinks.length > 0 && !this.isToldOfStats) {
      this.isToldOfStats = true;
      for (const { writer, notices } of this.parts.stats.sources()) this.tellStats(writer, notices);
    }
    const { isAnew, sinceWallMs } = this;
    this.thread.send({ type: "plan-assigned", node, version: VERSION, clusters, names, sinks, isAnew, sinceWallMs });
  }

  /** Of what a writer told, what pages show: counters of single endpoints are many, and no sink has them. */
  private tellStats(writer: string, notices: readonly StatsNotice[]): void {
    if (!this.isToldOfStats) return;
    const { stats } = this.parts;
    const told = notices.filter((notice) => !("schema" in notice) || stats.schema(notice.schema).visible);
    if (told.length > 0) this.thread.send({ type: "stats-told", writer, notices: told });
  }

  private sendLines(lines: readonly LoggedLine[]): void {
    const to = this.plan?.ownLog ?? null;
    if (to !== null && this.hasRoom(OWN_LOG_PREFIX, lines.length))
      this.thread.send({ type: "lines-logged", to, lines });
  }

  private metricsDue(sink: MetricsSinkPlan): void {
    this.parts.stats.beforeRead();
    this.thread.send({ type: "metrics-due", sink });
  }

  /** Whether so many more may be under way; if not they are dropped. */
  private hasRoom(statPrefix: string, count: number): boolean {
    if (!this.isRunning && this.plan !== null && exports(this.plan)) this.begin();
    const held = this.underWay.get(statPrefix) ?? 0;
    if (!this.isRunning || held + count > UNDER_WAY_MAX) {
      this.drop(statPrefix, count);
      return false;
    }
    this.move(statPrefix, count);
    return true;
  }

  private move(statPrefix: string, count: number): void {
    this.underWay.set(statPrefix, (this.underWay.get(statPrefix) ?? 0) + count);
    const tracer = TRACERS.get(statPrefix);
    if (tracer !== undefined) new SpanAccount(this.parts.ownStats, tracer).moved(count);
  }

  private drop(statPrefix: string, count: number): void {
    if (count === 0) return;
    const tracer = TRACERS.get(statPrefix);
    if (tracer !== undefined) new SpanAccount(this.parts.ownStats, tracer).dropped(count);
    else this.count(OTLP_LOG, statPrefix, OTLP_LOG.at.logs_dropped, count);
  }

  private count(schema: BlockSchema, prefix: string, at: number, by: number): void {
    const stats = this.parts.ownStats.block(schema, prefix);
    stats[at] = (stats[at] as number) + by;
  }
}

function exports(plan: Plan): boolean {
  const traces = filtersOf(plan).some((filter) => filter.kind === "http" && filter.tracing !== null);
  return traces || plan.metricsSinks.length > 0 || plan.ownLog !== null || recordLogs(plan).length > 0;
}

function recordLogs(plan: Plan): OtlpLogPlan[] {
  return filtersOf(plan).flatMap(({ accessLogs }) =>
    accessLogs.flatMap((log) => (log.sink === "otlp" ? [log.records] : [])),
  );
}

function filtersOf({ listeners }: Plan): FilterChainPlan["filter"][] {
  const chains = listeners.flatMap(({ filterChains, defaultFilterChain }) => [defaultFilterChain, ...filterChains]);
  return chains.flatMap((chain) => (chain === null ? [] : [chain.filter]));
}

type Own = Exclude<TracingOutput, CommonOutput>;

const NAME = "telemetry";
/** By what stands before their counters' names. */
const TRACERS: ReadonlyMap<string, TracerName> = new Map(
  (["opentelemetry", "zipkin"] as const).map((tracer) => [tracerPrefix(tracer), tracer]),
);
/** Its number among the readers of endpoints, as load reports have -3. */
const READER = -4;
/** A thread that stands still costs this many spans of memory, about 16 MiB, and as many records of each access log. */
const UNDER_WAY_MAX = 32_768;
