// Counters of load reporting under `load_reporter.`, named as Envoy's from the server's side. One writer: the load-report thread.
import { type BlockSchema, blockSchema } from "./stats-block.ts";

const COUNTERS = [
  /** Streams that ended with an error, and streams that could not be opened. */
  "errors",
  /** What the server has sent. */
  "requests",
  /** What it was sent. */
  "responses",
  /** Streams opened after the first. */
  "retries",
  /** Responses that were no LoadStatsResponse; their stream ends. */
  "malformed",
  /** Streams that broke with a report of which nobody knows whether it was taken: it may be lost, or be there twice. */
  "uncertain",
  /** Reports that were put off because the server had not taken the one before. */
  "postponed",
  /** Reports that were sent again after a stream broke, to a server that drops what it has. */
  "resent",
  /** Letters of other nodes that were none. */
  "letters_malformed",
] as const;

const GAUGES = [
  /** Clusters whose load is counted: 0 before a server has asked for any, which is never reported. */
  "clusters_followed",
] as const;

/** The block. */
export const LOAD_REPORTER: BlockSchema<(typeof COUNTERS)[number] | (typeof GAUGES)[number]> = blockSchema({
  id: "load_reporter",
  counters: COUNTERS,
  gauges: GAUGES,
});

/** One of its counters. */
export type LoadReporterStat = (typeof COUNTERS)[number];
