// The queue of spans of one exporter: bounded, sent in batches one after the other, with second tries. Whoever makes it brings the way to the
// collector; nothing here knows sockets.
import { Timer, type TimerWheel } from "../../base/timer-wheel.ts";
import { TRACES } from "../../telemetry/trace-stats.ts";

/** How an export ended. `again`: the collector may take it later. */
export type ExportResult = "taken" | "again" | "refused";

/** What it stands on. */
export interface SpanExporterParts {
  readonly wheel: TimerWheel;
  /** TRACES block. */
  readonly stats: Float64Array;
  readonly queueSpansMax: number;
  readonly batchSpansMax: number;
  readonly delayMs: number;
  /** Sends these lines; `done` comes exactly once, with what to tell the node's log when it is no success. */
  send(lines: readonly string[], done: (result: ExportResult, text: string) => void): void;
  /** A line for the node's log, once for a row of failures. */
  warn(text: string): void;
}

/** One exporter's queue. */
export class SpanExporter {
  private readonly parts: SpanExporterParts;
  private readonly timer: Timer;
  private waiting: string[] = [];
  private isArmed = false;
  private isSending = false;
  private isClosing = false;
  private hasWarned = false;
  /** What failed and is sent again when the timer fires. */
  private failed: { readonly lines: readonly string[]; readonly tries: number } | null = null;
  /** What of the gauge is this queue's. */
  private toldWaiting = 0;
  private onEmpty: (() => void) | null = null;

  constructor(parts: SpanExporterParts) {
    this.parts = parts;
    this.timer = new Timer(() => {
      this.isArmed = false;
      this.goOn();
    });
  }

  /** Takes lines in; what the queue cannot hold is dropped, the newest first. */
  add(lines: readonly string[]): void {
    const room = this.parts.queueSpansMax - this.waiting.length;
    for (const line of lines.slice(0, Math.max(0, room))) this.waiting.push(line);
    if (lines.length > room) this.drop(lines.length - Math.max(0, room));
    this.tellQueue();
    if (this.waiting.length >= this.parts.batchSpansMax) this.next();
    else this.arm(this.parts.delayMs);
  }

  /** Sends what waits, without second tries; `done` when all of it was sent or dropped. */
  close(done: () => void): void {
    this.isClosing = true;
    this.onEmpty = done;
    this.goOn();
  }

  /** Gives up what waits, and its timer. */
  abandon(): void {
    this.parts.wheel.remove(this.timer);
    this.drop(this.waiting.length + (this.failed?.lines.length ?? 0));
    this.waiting = [];
    this.failed = null;
    this.onEmpty = null;
    this.tellQueue();
  }

  private arm(delayMs: number): void {
    if (this.isArmed || this.isSending || this.waiting.length === 0) return;
    this.isArmed = true;
    this.parts.wheel.arm(this.timer, delayMs);
  }

  private goOn(): void {
    const { failed } = this;
    this.failed = null;
    if (failed === null) this.next();
    else this.send(failed.lines, failed.tries + 1);
  }

  private next(): void {
    if (this.isSending) return;
    if (this.waiting.length === 0) {
      this.onEmpty?.();
      this.onEmpty = null;
      return;
    }
    this.isSending = true;
    this.send(this.waiting.splice(0, this.parts.batchSpansMax), 0);
  }

  private send(lines: readonly string[], tries: number): void {
    const { stats } = this.parts;
    this.tellQueue();
    this.parts.send(lines, (result, text) => {
      if (result === "taken") {
        bump(stats, TRACES.at.exports_sent, 1);
        bump(stats, TRACES.at.spans_sent, lines.length);
        this.hasWarned = false;
        this.sent();
        return;
      }
      bump(stats, TRACES.at.exports_failed, 1);
      if (!this.hasWarned) this.parts.warn(`spans are not taken by their collector: ${text}`);
      this.hasWarned = true;
      const pauseMs = result === "again" && !this.isClosing ? PAUSES_MS[tries] : undefined;
      if (pauseMs === undefined) {
        this.drop(lines.length);
        this.sent();
        return;
      }
      this.failed = { lines, tries };
      this.isArmed = true;
      this.parts.wheel.arm(this.timer, pauseMs);
    });
  }

  private sent(): void {
    this.isSending = false;
    if (this.isClosing || this.waiting.length >= this.parts.batchSpansMax) this.next();
    else this.arm(this.parts.delayMs);
  }

  private drop(count: number): void {
    if (count > 0) bump(this.parts.stats, TRACES.at.spans_dropped, count);
  }

  private tellQueue(): void {
    bump(this.parts.stats, TRACES.at.spans_queued, this.waiting.length - this.toldWaiting);
    this.toldWaiting = this.waiting.length;
  }
}

function bump(stats: Float64Array, at: number, by: number): void {
  stats[at] = (stats[at] as number) + by;
}

/** Before the second try, the third, the fourth. */
const PAUSES_MS: readonly (number | undefined)[] = [1_000, 2_000, 4_000];
