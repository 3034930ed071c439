// What one HTTP/2 connection counts, named as Envoy's `http2.` counters. Plain numbers that only grow: the owner adds up what is new.

/** Counts of one connection since it began. */
export interface Http2Counters {
  /** Fields dropped by `underscores: "drop"`. */
  dropped_headers_with_underscores: number;
  goaway_sent: number;
  /** Heads or trailers above their limits. */
  header_overflow: number;
  inbound_empty_frames_flood: number;
  inbound_priority_frames_flood: number;
  inbound_window_update_frames_flood: number;
  outbound_control_flood: number;
  requests_rejected_with_underscores_in_headers: number;
  /** Malformed messages. */
  rx_messaging_error: number;
  rx_reset: number;
  /** Those of them that said REFUSED_STREAM; no counter of its own. */
  rx_refused: number;
  /** Streams refused because too many were open. */
  stream_refused_errors: number;
  trailers: number;
  tx_reset: number;
}

/** All zero. */
export function newCounters(): Http2Counters {
  return {
    dropped_headers_with_underscores: 0,
    goaway_sent: 0,
    header_overflow: 0,
    inbound_empty_frames_flood: 0,
    inbound_priority_frames_flood: 0,
    inbound_window_update_frames_flood: 0,
    outbound_control_flood: 0,
    requests_rejected_with_underscores_in_headers: 0,
    rx_messaging_error: 0,
    rx_reset: 0,
    rx_refused: 0,
    stream_refused_errors: 0,
    trailers: 0,
    tx_reset: 0,
  };
}
