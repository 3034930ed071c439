// Counters of the HTTP/2 codec, under `http2.` (downstream) and `cluster.<name>.http2.`.
import { type BlockSchema, blockSchema } from "./stats-block.ts";

const COUNTERS = [
  "cookies_total_bytes_too_large",
  "dropped_headers_with_underscores",
  "goaway_sent",
  "header_list_size_too_large",
  "header_overflow",
  "headers_cb_no_stream",
  "inbound_empty_frames_flood",
  "inbound_priority_frames_flood",
  "inbound_window_update_frames_flood",
  "keepalive_timeout",
  "metadata_empty_frames",
  "nghttp2_downstream_connections",
  "nghttp2_upstream_connections",
  "oghttp2_downstream_connections",
  "oghttp2_upstream_connections",
  "outbound_control_flood",
  "outbound_flood",
  "requests_rejected_with_underscores_in_headers",
  "rx_messaging_error",
  "rx_reset",
  "stream_refused_errors",
  "trailers",
  "tx_flush_timeout",
  "tx_reset",
] as const;

const GAUGES = [
  "deferred_stream_close",
  "outbound_control_frames_active",
  "outbound_frames_active",
  "pending_send_bytes",
  "streams_active",
] as const;

/** Block of one side of the HTTP/2 codec. */
export const HTTP2_CODEC: BlockSchema<(typeof COUNTERS)[number] | (typeof GAUGES)[number]> = blockSchema({
  id: "http2",
  counters: COUNTERS,
  gauges: GAUGES,
});
