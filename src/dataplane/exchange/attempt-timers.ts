// The times of one attempt: until its head comes (per_try_timeout), and between any two bytes of its answer (per_try_idle_timeout).
// They run from the moment when the whole request is there and the attempt has a stream. Made by a router that needs them.
import { Timer, type TimerWheel } from "../../base/timer-wheel.ts";

/** How long one attempt may take; Infinity: for ever. */
export interface AttemptTimes {
  perTryMs: number;
  perTryIdleMs: number;
}

/** The timers of one attempt at a time. */
export class AttemptTimers {
  private readonly wheel: TimerWheel;
  private readonly whole: Timer;
  private readonly idle: Timer;
  private idleMs = Number.POSITIVE_INFINITY;

  constructor(wheel: TimerWheel, onTimeout: (isIdle: boolean) => void) {
    this.wheel = wheel;
    this.whole = new Timer(() => {
      this.stop();
      onTimeout(false);
    });
    this.idle = new Timer(() => {
      this.stop();
      onTimeout(true);
    });
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
  }
}

/** Whether any of the times ends. */
export function hasEnd(times: AttemptTimes): boolean {
  return times.perTryMs !== Number.POSITIVE_INFINITY || times.perTryIdleMs !== Number.POSITIVE_INFINITY;
}
