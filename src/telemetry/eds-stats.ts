// Counters and gauges of the endpoint discovery that a node serves, under `eds.`: there only with the role. One writer: the EDS thread.
import { type BlockSchema, blockSchema } from "./stats-block.ts";

const COUNTERS = [
  /** Streams that were opened, those refused included. */
  "streams_total",
  /** Streams ended by us: too many of them, too many names, or a type that their service does not have. */
  "streams_refused",
  /** Responses that went out. */
  "pushes",
  /** Assignments in them. */
  "resources_pushed",
  "acks",
  "nacks",
  /** Requests that are no protobuf of their type; their stream ends. */
  "requests_malformed",
  /** Requests of an aggregated stream for other types than endpoints: they are not answered. */
  "requests_other_type",
  /** Requests for all clusters, which endpoint discovery does not have: they are logged, and those of delta streams told that there is none. */
  "requests_wildcard",
] as const;
const GAUGES = ["streams_active", "clusters_subscribed"] as const;

/** The EDS block. */
export const EDS: BlockSchema<(typeof COUNTERS)[number] | (typeof GAUGES)[number]> = blockSchema({
  id: "eds",
  counters: COUNTERS,
  gauges: GAUGES,
});

/** One of its counters. */
export type EdsStat = (typeof COUNTERS)[number];

/**
 * A counter of its own: the probes that attached clients' own checks would have made. Each second every stream that is subscribed to a
 * cluster adds, for each of the cluster's checks, its endpoints (without those whose checks are disabled) over the check's interval.
 */
export const PROBES_SAVED = "mesh.probes_saved";
