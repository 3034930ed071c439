// Keeps what comes in crowds within a rate: the first probes after a start, log lines when a whole network goes.

/** So many at once, so many a second after that. */
export interface Pace {
  readonly burst: number;
  readonly perSecond: number;
}

/** A thousand endpoints are probed at once, as in Envoy; more than that follow at the rate that a thread is built for. */
export const FIRST_PROBES: Pace = { burst: 1_000, perSecond: 4_000 };

/** The event log has every change; the log has the first of a crowd. */
export const LOG_LINES: Pace = { burst: 50, perSecond: 5 };

/** When the next one of its kind may come: at `nowMs` or before it, at once. `untilMs` is what the last one was given. */
export function paced(pace: Pace, untilMs: number, nowMs: number): number {
  const stepMs = 1_000 / pace.perSecond;
  return Math.max(untilMs, nowMs - pace.burst * stepMs) + stepMs;
}
