// Turns a thread's timer wheel with the thread's only interval. Thread entries make one; simulations advance their wheel themselves.
import type { TimerWheel } from "./timer-wheel.ts";

/** The running interval. */
export interface WheelDriver {
  /** Ends the interval; timers in the wheel fire no more. */
  stop(): void;
}

/** Advances the wheel every `tickMs`. Does not keep the thread alive: sockets and links do. */
export function driveWheel(wheel: TimerWheel, tickMs: number): WheelDriver {
  const interval = setInterval(() => wheel.advance(), tickMs);
  interval.unref();
  return { stop: () => clearInterval(interval) };
}
