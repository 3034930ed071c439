// Statistics of a connection manager's fault filters, named and described as Envoy's.
import { type BlockSchema, blockSchema } from "./stats-block.ts";

const COUNTERS = [
  /** Requests that were delayed. */
  "delays_injected",
  /** Requests that were aborted. */
  "aborts_injected",
  /** Answers whose rate was limited. */
  "response_rl_injected",
  /** Faults that were not injected: max_active_faults was reached. */
  "faults_overflow",
] as const;

const GAUGES = [
  /** Requests with a fault that are not over. */
  "active_faults",
] as const;

/** Block under `http.<stat_prefix>.fault.`. */
export const FAULT: BlockSchema<(typeof COUNTERS)[number] | (typeof GAUGES)[number]> = blockSchema({
  id: "fault",
  counters: COUNTERS,
  gauges: GAUGES,
});
