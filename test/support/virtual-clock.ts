// A clock that stands still until it is told to go on, with a wheel that it turns: time in tests.
import type { Clock } from "../../src/base/clock.ts";
import { TimerWheel } from "../../src/base/timer-wheel.ts";

/** Starts at monotonic 0 and a wall time of 2026-11-21T07:14:00.123Z. */
export class VirtualClock implements Clock {
  readonly wheel: TimerWheel;
  private time = 0;
  private readonly tickMs: number;

  /** A finer tick makes timers more exact, and long waits slower. */
  constructor(tickMs: number = 10) {
    this.tickMs = tickMs;
    this.wheel = new TimerWheel(this, tickMs);
  }

  nowMs(): number {
    return this.time;
  }

  wallMs(): number {
    return 1_795_245_240_123 + this.time;
  }

  /** Lets time pass in steps of the wheel's tick, so that timers fire in order. */
  advanceMs(ms: number): void {
    const end = this.time + ms;
    while (this.time < end) {
      this.time = Math.min(end, this.time + this.tickMs);
      this.wheel.advance();
    }
  }

  /** Time passes in which nothing ran: this process stood still. */
  jumpMs(ms: number): void {
    this.time += ms;
    this.wheel.advance();
  }
}
