// The timer wheel of a running thread: advanced by one interval that exists only while the wheel holds a timer. Tests use the bare
// wheel with their own clock.
import type { Clock } from "./clock.ts";
import { type Timer, TimerWheel } from "./timer-wheel.ts";

/**
 * A wheel that turns by itself. Its interval does not keep the process alive: what waits for a timer also holds a socket. Node looks at
 * timers before it reads sockets: a thread that was held up would find time-outs over whose answers have come meanwhile. So it reads first.
 */
export class DrivenWheel extends TimerWheel {
  private readonly intervalMs: number;
  private interval: NodeJS.Timeout | null = null;

  constructor(clock: Clock, tickMs: number = 10) {
    super(clock, tickMs);
    this.intervalMs = tickMs;
  }

  override armAt(timer: Timer, due: number): void {
    super.armAt(timer, due);
    if (this.interval === null && this.size > 0) this.start();
  }

  /** Whether the interval runs. */
  get running(): boolean {
    return this.interval !== null;
  }

  /** Stops turning for good; armed timers stay and never fire. */
  stop(): void {
    if (this.interval === null) return;
    clearInterval(this.interval);
    this.interval = null;
  }

  private start(): void {
    this.interval = setInterval(() => setImmediate(this.turn), this.intervalMs);
    this.interval.unref();
  }

  private readonly turn = (): void => {
    if (this.interval === null) return;
    this.advance();
    if (this.size === 0) this.stop();
  };
}
