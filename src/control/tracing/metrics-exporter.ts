// One sink of metrics on the telemetry thread: reads every thread's counters from shared memory, and sends them. Told when by the main thread,
// one export after the other; nothing waits and nothing is sent twice. What deltas are told of is what came since they were last taken.
import type { MetricsSinkPlan } from "../../config/plan/otlp.ts";
import type { StatsPlan } from "../../config/plan/stats.ts";
import { countOf, countsSince, cumulativeCounts, sumOf } from "../../telemetry/histogram-summary.ts";
import { METRICS_EXPORT } from "../../telemetry/metrics-export-stats.ts";
import { type NoticeSource, StatsReader } from "../../telemetry/stats-reader.ts";
import { ShownNames } from "../admin/shown-stats.ts";
import type { OnExported } from "./export-queue.ts";
import { encodeAttributes, type Metric, type MetricKind, metricsRequest } from "./otlp-metrics.ts";
import type { OtlpOrigin } from "./otlp-writer.ts";

/** What it stands on. */
export interface MetricsExporterParts {
  readonly plan: MetricsSinkPlan;
  readonly source: NoticeSource;
  /** METRICS_EXPORT block. */
  readonly stats: Float64Array;
  wallMs(): number;
  /** When the node's threads began to count. */
  readonly sinceWallMs: number;
  /** The thread died and lives again: what deltas were told of is not known, so the first ones are of nothing. */
  readonly isAnew: boolean;
  /** stats_config of the newest plan. */
  names(): StatsPlan;
  origin(): OtlpOrigin;
  /** Sends one request; `done` comes exactly once. */
  send(body: Uint8Array, done: OnExported): void;
  /** A line for the node's log, once for a row of failures. */
  warn(text: string): void;
}

/** One sink. */
export class MetricsExporter {
  private readonly parts: MetricsExporterParts;
  private readonly reader: StatsReader;
  private rules: ShownNames;
  /** By the full names of statistics, as long as there are such. */
  private readonly known = new Map<string, Known>();
  private readings = 0;
  private readonly startNs: bigint;
  /** When deltas were last taken. */
  private toldNs: bigint;
  private hasWarned = false;
  private isExporting = false;
  /** A request of this interval was not taken. */
  private hasFailed = false;
  private isAnew: boolean;
  private onOver: (() => void) | null = null;

  constructor(parts: MetricsExporterParts) {
    this.parts = parts;
    this.reader = new StatsReader(parts.source);
    this.rules = new ShownNames(parts.names());
    this.isAnew = parts.isAnew;
    this.startNs = nanoseconds(parts.sinceWallMs);
    this.toldNs = this.isAnew ? nanoseconds(parts.wallMs()) : this.startNs;
  }

  /** Reads and sends what there is now; `done` when that is over, however it went. */
  export(done: () => void): void {
    const nowNs = nanoseconds(this.parts.wallMs());
    this.isExporting = true;
    this.hasFailed = false;
    this.sendNext(this.requests(this.read()), nowNs, () => {
      this.isExporting = false;
      if (!this.hasFailed) this.toldNs = nowNs;
      this.onOver?.();
      done();
    });
  }

  /** Sends once more, unless nobody takes what it is sending; `done` when that is over. */
  close(done: () => void): void {
    if (!this.isExporting) this.export(done);
    // What is on its way was read before the end: a request since then would never be told of.
    else
      this.onOver = () => {
        this.onOver = null;
        if (this.hasFailed) done();
        else this.export(done);
      };
  }

  private sendNext(requests: Told[][], nowNs: bigint, done: () => void): void {
    const told = requests.shift();
    if (told === undefined) {
      done();
      return;
    }
    const { plan } = this.parts;
    const times = {
      counterStartNs: plan.countersAsDeltas ? this.toldNs : this.startNs,
      histogramStartNs: plan.histogramsAsDeltas ? this.toldNs : this.startNs,
      nowNs,
    };
    const body = metricsRequest(this.parts.origin(), grouped(told), times, plan);
    this.parts.send(body, (result, text, rejected) => {
      if (result === "taken") this.taken(told, rejected, text);
      else this.failed(told, text);
      this.sendNext(requests, nowNs, done);
    });
  }

  private taken(told: readonly Told[], rejected: number, why: string): void {
    const lost = Math.min(rejected, told.length);
    this.count("exports_sent", 1);
    this.count("points_sent", told.length - lost);
    this.count("points_dropped", lost);
    for (const { commit } of told) commit?.();
    if (lost === 0) this.hasWarned = false;
    else this.warn(why);
  }

  private failed(told: readonly Told[], why: string): void {
    this.hasFailed = true;
    this.count("exports_failed", 1);
    this.count("points_dropped", told.length);
    this.warn(why);
  }

  /** Every data point of this interval: of what was ever other than nothing, as in Envoy. */
  private read(): Told[] {
    this.followRules();
    this.readings++;
    const told: Told[] = [];
    const { histogramsAsDeltas } = this.parts.plan;
    for (const { name, gauge, value } of this.reader.values()) {
      const known = this.knownOf(name, gauge ? "gauge" : "counter");
      if (value !== 0) known.isUsed = true;
      if (known.isUsed && known.isShown) told.push(this.number(known, value));
    }
    this.reader.flush();
    for (const { name, cumulative } of this.reader.histograms()) {
      const known = this.knownOf(name, "histogram");
      if (!known.isUsed && countOf(cumulative) > 0) known.isUsed = true;
      if (known.isUsed && known.isShown) told.push(this.histogram(known, cumulative, histogramsAsDeltas));
    }
    // Under the name of what is gone others begin anew.
    for (const [name, { reading }] of this.known) if (reading !== this.readings) this.known.delete(name);
    this.isAnew = false;
    return told;
  }

  private number(known: Known, value: number): Told {
    const { metric, kind, attributes } = known;
    if (kind === "gauge" || !this.parts.plan.countersAsDeltas) {
      return { metric, kind: kind === "gauge" ? kind : "counter", point: { attributes, value } };
    }
    if (this.isAnew) known.toldValue = value;
    // After /reset_counters it is less than was told.
    const delta = value < known.toldValue ? value : value - known.toldValue;
    const commit = (): void => {
      known.toldValue = value;
    };
    return { metric, kind: "counter", point: { attributes, value: delta }, commit };
  }

  private histogram(known: Known, cumulative: Uint32Array, asDelta: boolean): Told {
    if (this.isAnew) known.toldBuckets = cumulative;
    const { metric, attributes, bounds, toldBuckets } = known;
    const buckets = asDelta && toldBuckets !== null ? countsSince(cumulative, toldBuckets) : cumulative;
    const upTo = cumulativeCounts(buckets, bounds);
    const count = countOf(buckets);
    const counts = [...upTo.map((one, at) => one - (upTo[at - 1] ?? 0)), count - (upTo.at(-1) ?? 0)];
    const point = { attributes, bounds, counts, count, sum: sumOf(buckets) };
    if (!asDelta) return { metric, kind: "histogram", point };
    const commit = (): void => {
      known.toldBuckets = cumulative;
    };
    return { metric, kind: "histogram", point, commit };
  }

  private requests(told: Told[]): Told[][] {
    const { pointsMax } = this.parts.plan;
    if (told.length <= pointsMax) return told.length === 0 ? [] : [told];
    return Array.from({ length: Math.ceil(told.length / pointsMax) }, (_, at) =>
      told.slice(at * pointsMax, (at + 1) * pointsMax),
    );
  }

  /** Another plan may name and show them otherwise; what was told of them stays told. */
  private followRules(): void {
    const plan = this.parts.names();
    if (plan === this.rules.plan) return;
    this.rules = new ShownNames(plan);
    for (const [name, known] of this.known) this.known.set(name, { ...known, ...this.describe(name, known.kind) });
  }

  private knownOf(name: string, kind: MetricKind): Known {
    let known = this.known.get(name);
    if (known === undefined) {
      known = { kind, isUsed: false, toldValue: 0, toldBuckets: null, reading: 0, ...this.describe(name, kind) };
      this.known.set(name, known);
    }
    known.reading = this.readings;
    return known;
  }

  private describe(name: string, kind: MetricKind): Described {
    const { emitsTags, prefix, usesTaglessNames } = this.parts.plan;
    const { name: tagless, tags } = this.rules.tagged(name);
    return {
      metric: prefix + (usesTaglessNames ? tagless : name),
      attributes: encodeAttributes(kind, emitsTags ? tags : []),
      bounds: kind === "histogram" ? this.rules.boundsOf(name) : [],
      isShown: this.rules.isShown(name),
    };
  }

  private warn(text: string): void {
    if (!this.hasWarned) this.parts.warn(`metrics are not taken by their collector: ${text}`);
    this.hasWarned = true;
  }

  private count(name: keyof typeof METRICS_EXPORT.at, by: number): void {
    const { stats } = this.parts;
    const at = METRICS_EXPORT.at[name];
    stats[at] = (stats[at] as number) + by;
  }
}

function nanoseconds(wallMs: number): bigint {
  return BigInt(Math.round(wallMs * 1_000)) * 1_000n;
}

/** What is known of a statistic by its name. */
interface Described {
  readonly metric: string;
  readonly attributes: Uint8Array;
  readonly bounds: readonly number[];
  readonly isShown: boolean;
}

interface Known extends Described {
  readonly kind: MetricKind;
  /** It was other than nothing once. */
  isUsed: boolean;
  /** What a collector was last told, where deltas are asked for. */
  toldValue: number;
  toldBuckets: Uint32Array | null;
  /** The newest that had it. */
  reading: number;
}

/** A data point on its way; `commit`: it was taken. */
type Told = { readonly metric: string; readonly commit?: () => void } & (
  | { readonly kind: "gauge" | "counter"; readonly point: (Metric & { kind: "gauge" | "counter" })["points"][number] }
  | { readonly kind: "histogram"; readonly point: (Metric & { kind: "histogram" })["points"][number] }
);

/** Data points of one metric come together. */
function grouped(told: readonly Told[]): Metric[] {
  const groups = new Map<string, Metric & { readonly points: unknown[] }>();
  for (const { kind, metric, point } of told) {
    const key = `${kind} ${metric}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { kind, name: metric, points: [point] } as never);
    else group.points.push(point);
  }
  return [...groups.values()];
}
