// The times of one attempt: until its head comes (per_try_timeout), between any two bytes of its answer (per_try_idle_timeout), and in all
// (max_stream_duration). The first two run from the moment when the whole request is there and the attempt has a stream.
import { Timer, type TimerWheel } from "../../base/timer-wheel.ts";
import { CLUSTER } from "../../telemetry/cluster-stats.ts";

/** How long one attempt may take; Infinity: for ever. */
export interface AttemptTimes {
  perTryMs: number;
  perTryIdleMs: number;
  /** From the moment when it has a stream, whatever moves. */
  durationMs: number;
}

/** Which time is over. */
export type AttemptTime = "try" | "idle" | "duration";

/** The timers of one attempt at a time. */
export class AttemptTimers {
  private readonly wheel: TimerWheel;
  private readonly whole: Timer;
  private readonly idle: Timer;
  private readonly duration: Timer;
  private idleMs = Number.POSITIVE_INFINITY;

  constructor(wheel: TimerWheel, onTimeout: (which: AttemptTime) => void) {
    const ending = (which: AttemptTime): Timer =>
      new Timer(() => {
        this.stop();
        onTimeout(which);
      });
    this.wheel = wheel;
    this.whole = ending("try");
    this.idle = ending("idle");
    this.duration = ending("duration");
  }

  /** The attempt has a stream. */
  open({ durationMs }: AttemptTimes): void {
    this.wheel.arm(this.duration, durationMs);
  }

  /** The attempt has a stream and the whole request. */
  start({ perTryMs, perTryIdleMs }: AttemptTimes): void {
    this.wheel.arm(this.whole, perTryMs);
    this.idleMs = perTryIdleMs;
    this.wheel.arm(this.idle, perTryIdleMs);
  }

  /** The head came: from now on only silence counts. */
  onHead(): void {
    this.wheel.disarm(this.whole);
    this.touch();
  }

  /** Something of the answer came. */
  touch(): void {
    if (this.idle.dueMs !== Number.POSITIVE_INFINITY) this.wheel.arm(this.idle, this.idleMs);
  }

  /** The attempt is over. */
  stop(): void {
    this.wheel.disarm(this.whole);
    this.wheel.disarm(this.idle);
    this.wheel.disarm(this.duration);
  }
}

/** Whether any of the times ends. */
export function hasEnd({ durationMs, perTryIdleMs, perTryMs }: AttemptTimes): boolean {
  return Math.min(durationMs, perTryIdleMs, perTryMs) !== Number.POSITIVE_INFINITY;
}

/** Where an attempt that took too long is counted. */
export const TIMEOUT_COUNTERS: Readonly<Record<AttemptTime, number>> = {
  try: CLUSTER.at.upstream_rq_per_try_timeout,
  idle: CLUSTER.at.upstream_rq_per_try_idle_timeout,
  duration: CLUSTER.at.upstream_rq_max_duration_reached,
};
