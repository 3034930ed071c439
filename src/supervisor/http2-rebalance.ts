// Few long HTTP/2 connections can share a worker, as the kernel spreads connections and not streams. Every 10 s this looks at what the
// workers serve and tells those with far more than the others to ask one connection to end; its client connects again, perhaps elsewhere.
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";
import type { Http2Load } from "../telemetry/http2-use.ts";

/** An order to one worker: ask the busiest connection with fewer streams than this to end. */
export interface Relief {
  readonly slot: number;
  readonly streamsBelow: number;
}

/** What it stands on. */
export interface Http2RebalanceParts {
  readonly wheel: TimerWheel;
  /** Loads of the workers that listen now. */
  loads(): readonly Http2Load[];
  order(relief: Relief): void;
}

/** Looks again and again; made only where the option is on. */
export class Http2Rebalance {
  private readonly parts: Http2RebalanceParts;
  private readonly timer: Timer = new Timer(() => this.look());
  private readonly intervalMs: number;

  /** `intervalMs`: default `REBALANCE_INTERVAL_MS`. */
  constructor(parts: Http2RebalanceParts, intervalMs: number = REBALANCE_INTERVAL_MS) {
    this.parts = parts;
    this.intervalMs = intervalMs;
    parts.wheel.arm(this.timer, intervalMs);
  }

  /** Ends the timer. */
  stop(): void {
    this.parts.wheel.remove(this.timer);
  }

  private look(): void {
    for (const relief of decideRelief(this.parts.loads())) this.parts.order(relief);
    this.parts.wheel.arm(this.timer, this.intervalMs);
  }
}

/**
 * The workers to relieve: over twice the mean of the others (over twice the mean of all is more than two workers can ever have), and at
 * least two connections. A connection that has more streams than the difference stays: it would only carry the trouble elsewhere.
 */
export function decideRelief(loads: readonly Http2Load[]): readonly Relief[] {
  const total = loads.reduce((sum, { streams }) => sum + streams, 0);
  return loads.flatMap(({ slot, streams, connections }) => {
    if (loads.length < 2 || connections < 2) return [];
    const othersMean = (total - streams) / (loads.length - 1);
    return streams > 2 * othersMean ? [{ slot, streamsBelow: streams - othersMean }] : [];
  });
}

/** One connection of a worker at most is asked to end in this time. */
export const REBALANCE_INTERVAL_MS: number = 10_000;
