// Finished spans of one worker on their way to the telemetry thread: written one behind the other and handed over in one piece, so that a
// span costs a request no message of its own.
import { WordWriter } from "../base/byte-writer.ts";
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";
import type { TraceExporterPlan } from "../config/plan/tracing.ts";
import type { StatsWriter } from "./stats-memory.ts";
import { SpanAccount } from "./trace-stats.ts";

/** Several spans for one exporter, as it sends them. */
export interface SpanBatch {
  readonly to: TraceExporterPlan;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each of them ends. */
  readonly ends: Uint32Array<ArrayBuffer>;
}

/** The batches of one worker. Each is handed over when it is full, or 100 ms after its first span. */
export class SpanBatches {
  private readonly wheel: TimerWheel;
  private readonly stats: StatsWriter;
  private readonly handOver: (batch: SpanBatch) => void;
  private readonly timer: Timer;
  private isArmed = false;
  private readonly open = new Map<string, OpenBatch>();

  constructor(wheel: TimerWheel, stats: StatsWriter, handOver: (batch: SpanBatch) => void) {
    this.wheel = wheel;
    this.stats = stats;
    this.handOver = handOver;
    this.timer = new Timer(() => {
      this.isArmed = false;
      this.flush();
    });
  }

  /** Where spans of this exporter are written; the same one for an equal exporter. */
  of(exporter: TraceExporterPlan): OpenBatch {
    const key = JSON.stringify(exporter);
    let batch = this.open.get(key);
    if (batch === undefined) {
      batch = new OpenBatch(exporter, new SpanAccount(this.stats, exporter.tracer), {
        begun: () => this.arm(),
        full: (one) => this.handOver(one),
      });
      this.open.set(key, batch);
    }
    return batch;
  }

  /** Hands over what waits. */
  flush(): void {
    for (const batch of this.open.values()) batch.flush();
  }

  private arm(): void {
    if (this.isArmed) return;
    this.isArmed = true;
    this.wheel.arm(this.timer, WAIT_MS);
  }
}

/** Spans of one exporter that wait. */
export class OpenBatch {
  /** A span is written here, then `added` is called. */
  readonly to: WordWriter = new WordWriter(BATCH_BYTES);
  private readonly exporter: TraceExporterPlan;
  private readonly account: SpanAccount;
  private readonly tell: { begun(): void; full(batch: SpanBatch): void };
  private readonly ends = new Uint32Array(BATCH_SPANS);
  private count = 0;

  constructor(
    exporter: TraceExporterPlan,
    account: SpanAccount,
    tell: { begun(): void; full(batch: SpanBatch): void },
  ) {
    this.exporter = exporter;
    this.account = account;
    this.tell = tell;
  }

  /** The span that was written last is whole. */
  added(): void {
    this.account.made();
    this.ends[this.count++] = this.to.end;
    if (this.count === BATCH_SPANS || this.to.end > BATCH_BYTES - SPAN_BYTES) this.flush();
    else if (this.count === 1) this.tell.begun();
  }

  /** Hands over what waits: a copy that another thread may own, or the memory itself when most of it is used. */
  flush(): void {
    const { count, ends, to } = this;
    if (count === 0) return;
    this.count = 0;
    this.account.moved(-count);
    const { bytes: written, end } = to;
    const isFull = 2 * end > written.length;
    const memory = isFull ? (written.buffer as ArrayBuffer) : new ArrayBuffer(end);
    const bytes = new Uint8Array(memory, 0, end);
    if (isFull) to.renew(BATCH_BYTES);
    else bytes.set(written.subarray(0, end));
    to.end = 0;
    this.tell.full({ to: this.exporter, bytes, ends: ends.slice(0, count) });
  }
}

/** As many as an export takes. */
const BATCH_SPANS = 2_048;
/** It grows when a span is larger than `SPAN_BYTES`. */
const BATCH_BYTES = 1_048_576;
/** A batch is full when there is not room for another one of this size. */
const SPAN_BYTES = 2_048;
const WAIT_MS = 100;
