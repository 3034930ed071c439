// Counters of answers by code and class of one cluster (`upstream_rq_200`, `external.upstream_rq_2xx`, …) and its response times.
// Each is defined when it is first needed, as in Envoy; afterwards an answer costs a few additions.
import { recordValue } from "../../telemetry/histogram.ts";
import { addTo } from "../../telemetry/stats-add.ts";
import type { StatSlot, StatsWriter } from "../../telemetry/stats-memory.ts";

/** Who an answer is counted for besides the cluster itself. */
export interface AnswerKind {
  readonly isInternal: boolean;
  readonly isCanary: boolean;
}

/** Answers of one cluster in one worker. */
export class ClusterAnswers {
  private readonly all: AnswerCounters;
  private readonly internal: AnswerCounters;
  private readonly external: AnswerCounters;
  private readonly canary: AnswerCounters;
  private readonly retry: AnswerCounters;
  private readonly stats: StatsWriter;
  private readonly prefix: string;
  private reconnects: StatSlot | null = null;

  /** `prefix` is `cluster.<name>.`. */
  constructor(stats: StatsWriter, prefix: string) {
    this.all = new AnswerCounters(stats, prefix);
    this.internal = new AnswerCounters(stats, `${prefix}internal.`);
    this.external = new AnswerCounters(stats, `${prefix}external.`);
    this.canary = new AnswerCounters(stats, `${prefix}canary.`);
    this.retry = new AnswerCounters(stats, `${prefix}retry.`);
    this.stats = stats;
    this.prefix = prefix;
  }

  /** Counts the answer that a request ended with (Envoy's CodeStats::chargeResponseStat). */
  charge(status: number, kind: AnswerKind): void {
    this.all.charge(status);
    (kind.isInternal ? this.internal : this.external).charge(status);
    if (kind.isCanary) this.canary.charge(status);
  }

  /** Counts an answer that is thrown away for another attempt. */
  chargeRetried(status: number): void {
    this.retry.charge(status);
  }

  /** Counts a pooled connection that was found dead under a request and replaced: ours, Envoy answers 503 there. */
  countReconnect(): void {
    this.reconnects ??= this.stats.counter(`${this.prefix}upstream_rq_reconnect`);
    addTo(this.reconnects, 1);
  }

  /** Records the time of a complete answer. */
  time(ms: number, kind: AnswerKind): void {
    this.all.time(ms);
    (kind.isInternal ? this.internal : this.external).time(ms);
    if (kind.isCanary) this.canary.time(ms);
  }
}

/** Answers by code and class under one prefix. */
export class AnswerCounters {
  private readonly stats: StatsWriter;
  private readonly prefix: string;
  private completed: StatSlot | null = null;
  private readonly classes: (StatSlot | undefined)[] = [];
  private readonly codes: (StatSlot | undefined)[] = [];
  private times: Uint32Array | null = null;

  constructor(stats: StatsWriter, prefix: string) {
    this.stats = stats;
    this.prefix = prefix;
  }

  charge(status: number): void {
    const group = Math.floor(status / 100);
    this.completed ??= this.stats.counter(`${this.prefix}upstream_rq_completed`);
    addTo(this.completed, 1);
    let slot = this.classes[group];
    if (slot === undefined) {
      slot = this.stats.counter(`${this.prefix}upstream_rq_${group}xx`);
      this.classes[group] = slot;
    }
    addTo(slot, 1);
    slot = this.codes[status];
    if (slot === undefined) {
      slot = this.stats.counter(`${this.prefix}upstream_rq_${status}`);
      this.codes[status] = slot;
    }
    addTo(slot, 1);
  }

  time(ms: number): void {
    this.times ??= this.stats.histogram(`${this.prefix}upstream_rq_time`);
    recordValue(this.times, ms);
  }
}
