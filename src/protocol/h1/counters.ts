// What one HTTP/1 connection counts, named as Envoy's `http1.` counters. Plain numbers that only grow: the owner adds up what is new.

/** Counts of one connection since it began; they move only where underscores are not allowed. */
export interface Http1Counters {
  /** Fields dropped by `underscores: "drop"`. */
  dropped_headers_with_underscores: number;
  /** Requests refused by `underscores: "reject"`. */
  requests_rejected_with_underscores_in_headers: number;
}

/** All zero. */
export function newHttp1Counters(): Http1Counters {
  return { dropped_headers_with_underscores: 0, requests_rejected_with_underscores_in_headers: 0 };
}
