// Counters of the codecs, under `http1.` and `http2.` (downstream) and `cluster.<name>.http2.`. What these codecs cannot count is left
// out (test/differential/lacking-stats.ts says why), so that no number stands there that never moves.
import { type BlockSchema, blockSchema } from "./stats-block.ts";

const COUNTERS = [
  "dropped_headers_with_underscores",
  "goaway_sent",
  "header_overflow",
  "inbound_empty_frames_flood",
  "inbound_priority_frames_flood",
  "inbound_window_update_frames_flood",
  "keepalive_timeout",
  "nghttp2_downstream_connections",
  "nghttp2_upstream_connections",
  "outbound_control_flood",
  "requests_rejected_with_underscores_in_headers",
  "rx_messaging_error",
  "rx_reset",
  "stream_refused_errors",
  "trailers",
  "tx_flush_timeout",
  "tx_reset",
] as const;

const GAUGES = ["streams_active"] as const;

/** Block of one side of the HTTP/2 codec. */
export const HTTP2_CODEC: BlockSchema<(typeof COUNTERS)[number] | (typeof GAUGES)[number]> = blockSchema({
  id: "http2",
  counters: COUNTERS,
  gauges: GAUGES,
});

/** Block of the HTTP/1 codec downstream: what clients send is judged, so a cluster has none. */
export const HTTP1_CODEC: BlockSchema<
  "dropped_headers_with_underscores" | "requests_rejected_with_underscores_in_headers"
> = blockSchema({
  id: "http1",
  counters: ["dropped_headers_with_underscores", "requests_rejected_with_underscores_in_headers"],
  gauges: [],
});
