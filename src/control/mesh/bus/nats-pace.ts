// How patient a connection to a NATS server is. Obeyed by nats-bus.ts and nats-link.ts; tests have less time.

/** Times of a connection's life. */
export interface NatsPace {
  /** Until a server has greeted and let us in. */
  readonly dialTimeoutMs: number;
  /** How often a server is asked whether it lives. */
  readonly pingIntervalMs: number;
  /** Questions without an answer before the next one ends the connection. */
  readonly pingsOutMax: number;
  /** Before each further attempt. */
  readonly reconnectWaitMs: number;
  /** Added by chance to the wait: it keeps the nodes of a broker that restarted apart. */
  readonly reconnectJitterMs: number;
}

/** A silent server is noticed in three seconds at most. */
export const NATS_PACE: NatsPace = {
  dialTimeoutMs: 2_000,
  pingIntervalMs: 1_000,
  pingsOutMax: 2,
  reconnectWaitMs: 250,
  reconnectJitterMs: 1_000,
};
