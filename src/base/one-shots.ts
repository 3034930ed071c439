// Timers that an owner wants now and then and has no name for: each fires once, and all go with their owner.
import { Timer, type TimerWheel } from "./timer-wheel.ts";

/** The one-shot timers of one owner. */
export class OneShots {
  private readonly wheel: TimerWheel;
  private readonly waiting: Set<Timer> = new Set();

  constructor(wheel: TimerWheel) {
    this.wheel = wheel;
  }

  /** Calls back once after this time. */
  after(delayMs: number, callback: () => void): void {
    const timer = new Timer(() => {
      this.waiting.delete(timer);
      callback();
    });
    this.waiting.add(timer);
    this.wheel.arm(timer, delayMs);
  }

  /** None of them fires any more. */
  stop(): void {
    for (const timer of this.waiting) this.wheel.remove(timer);
    this.waiting.clear();
  }
}
