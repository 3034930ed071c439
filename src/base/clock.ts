// The only door to time. Everything that asks for the time or waits takes a Clock.

/** Monotonic and wall-clock time. */
export interface Clock {
  /** Monotonic milliseconds, with fractions. */
  nowMs(): number;
  /** Wall-clock milliseconds since 1970: for dates that people and headers show, never for decisions. */
  wallMs(): number;
}

/** The machine's clocks. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
};

/** Milliseconds to add to the system clock's `nowMs`, which begins with its thread: the sum is the same on every thread of the machine. */
export function machineOffsetMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1e6 - performance.now();
}
