// When a dead actor comes back. One-for-one: only the dead one restarts; its siblings do not notice. Data and arithmetic, no timers.

/** How often and how fast an actor may come back. */
export interface RestartPolicy {
  /** Wait before the first restart; doubles with each further failure in a row. */
  readonly backOffBaseMs: number;
  /** The wait never grows beyond it. */
  readonly backOffMaxMs: number;
  /** An actor that lived this long has recovered: its next failure is a first one. */
  readonly stableMs: number;
  /** Failures in `windowMs` above which the node reports not ready. Restarts go on, at `backOffMaxMs`. */
  readonly failuresMax: number;
  readonly windowMs: number;
}

/** 100 ms doubling to 10 s; more than 5 failures in 60 s make the node not ready. */
export const DEFAULT_RESTART_POLICY: RestartPolicy = {
  backOffBaseMs: 100,
  backOffMaxMs: 10_000,
  stableMs: 10_000,
  failuresMax: 5,
  windowMs: 60_000,
};

/** What is remembered of one actor. */
export interface RestartHistory {
  /** Times of the failures within the window, oldest first. */
  readonly failuresMs: readonly number[];
  /** Failures in a row without a stable life between them. */
  readonly streak: number;
}

/** Of an actor that never failed. */
export const NO_FAILURES: RestartHistory = { failuresMs: [], streak: 0 };

/** What follows from a failure. */
export interface RestartVerdict {
  readonly history: RestartHistory;
  /** Wait before the restart. */
  readonly delayMs: number;
  /** Too many failures in the window. */
  readonly tooMany: boolean;
}

/** The verdict on a failure at `nowMs` of an actor that had run for `livedMs`. */
export function afterFailure(
  policy: RestartPolicy,
  history: RestartHistory,
  nowMs: number,
  livedMs: number,
): RestartVerdict {
  const failuresMs = [...history.failuresMs, nowMs].filter((at) => at > nowMs - policy.windowMs);
  const streak = livedMs >= policy.stableMs ? 1 : history.streak + 1;
  const tooMany = failuresMs.length > policy.failuresMax;
  const doubled = policy.backOffBaseMs * 2 ** Math.min(streak - 1, 30);
  const delayMs = tooMany ? policy.backOffMaxMs : Math.min(doubled, policy.backOffMaxMs);
  return { history: { failuresMs, streak }, delayMs, tooMany };
}
