// Counters and gauges of every TCP proxy, under `tcp.<stat_prefix>.`.
import { type BlockSchema, blockSchema } from "./stats-block.ts";

const COUNTERS = [
  "downstream_cx_drain_close",
  "downstream_cx_no_route",
  "downstream_cx_rx_bytes_total",
  "downstream_cx_total",
  "downstream_cx_tx_bytes_total",
  "downstream_flow_control_paused_reading_total",
  "downstream_flow_control_resumed_reading_total",
  "idle_timeout",
  "max_downstream_connection_duration",
  "upstream_flush_total",
] as const;

const GAUGES = ["upstream_flush_active"] as const;

/** Block of one TCP proxy. */
export const TCP: BlockSchema<(typeof COUNTERS)[number] | (typeof GAUGES)[number]> = blockSchema({
  id: "tcp",
  counters: COUNTERS,
  gauges: GAUGES,
});
