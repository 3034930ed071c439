// Counters and gauges of every listener, under `listener.<token>.`.
import { type BlockSchema, blockSchema } from "./stats-block.ts";

const COUNTERS = [
  "downstream_cx_destroy",
  "downstream_cx_overflow",
  "downstream_cx_overload_reject",
  "downstream_cx_total",
  "downstream_cx_transport_socket_connect_timeout",
  "downstream_global_cx_overflow",
  "downstream_listener_filter_error",
  "downstream_listener_filter_remote_close",
  "downstream_pre_cx_timeout",
  "extension_config_missing",
  "network_extension_config_missing",
  "no_filter_chain_match",
] as const;

const GAUGES = ["downstream_cx_active", "downstream_pre_cx_active"] as const;

/** Block of one listener. */
export const LISTENER: BlockSchema<(typeof COUNTERS)[number] | (typeof GAUGES)[number]> = blockSchema({
  id: "listener",
  counters: COUNTERS,
  gauges: GAUGES,
});
