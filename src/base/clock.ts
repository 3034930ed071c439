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
