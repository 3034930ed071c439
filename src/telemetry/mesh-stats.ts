// Counters and gauges of a node's part in its mesh, under `mesh.`: there only with one.
import { type BlockSchema, blockSchema } from "./stats-block.ts";

const COUNTERS = [
  "beats_heard",
  "changes_sent",
  "gaps",
  "syncs",
  "sync_failures",
  "stale_instances",
  "name_conflicts",
  "over_limit",
  "takeovers",
  "handovers",
  "confirmations",
  "contradictions",
  "doubts_sent",
  "doubts_ignored",
  "resignations",
  "pauses",
  "verdicts",
  "events_sent",
  "announcements_heard",
  "announcements_loopback",
  "announcements_malformed",
  "announcements_refused",
  "announcements_stale",
  "announcements_unused",
  "leases_lost",
  "leases_withdrawn",
  "messages_malformed",
  "messages_out_of_range",
  "messages_too_large",
  "messages_unknown_version",
  "runtime_changes",
  "runtime_ignored",
  "runtime_malformed",
  "runtime_over_limit",
  "runtime_pulls",
  "runtime_records",
  "runtime_refused",
  "runtime_rollbacks",
  "runtime_steps",
  "bus_connects",
  "bus_dropped",
  "bus_received",
  "bus_refused",
  "bus_sent",
] as const;
const GAUGES = [
  "connected",
  "groups",
  "nodes",
  "runtime_keys",
  "runtime_ramps",
  "runtime_version",
  "targets",
  "targets_probed",
] as const;

/** The MESH block. */
export const MESH: BlockSchema<(typeof COUNTERS)[number] | (typeof GAUGES)[number]> = blockSchema({
  id: "mesh",
  counters: COUNTERS,
  gauges: GAUGES,
});

/** One of its counters. */
export type MeshStat = (typeof COUNTERS)[number];
