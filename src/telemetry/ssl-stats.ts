// Counters of TLS, under `listener.<token>.ssl.` and `cluster.<name>.ssl.`.
import { type BlockSchema, blockSchema } from "./stats-block.ts";

const COUNTERS = [
  "connection_error",
  "fail_verify_cert_hash",
  "fail_verify_error",
  "fail_verify_no_cert",
  "fail_verify_san",
  "handshake",
  "no_certificate",
  "ocsp_staple_failed",
  "ocsp_staple_omitted",
  "ocsp_staple_requests",
  "ocsp_staple_responses",
  "session_reused",
] as const;

const GAUGES = [] as const;

/** Block of one TLS side. */
export const SSL: BlockSchema<(typeof COUNTERS)[number] | (typeof GAUGES)[number]> = blockSchema({
  id: "ssl",
  counters: COUNTERS,
  gauges: GAUGES,
});
