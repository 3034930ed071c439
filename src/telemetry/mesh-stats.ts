// Counters and gauges of a node's part in its mesh, under `mesh.`: there only with one.
import { type BlockSchema, blockSchema } from "./stats-block.ts";

const COUNTERS = [
  /** Beats of other nodes: each sends one a second. */
  "beats_heard",
  /** Messages with changes of what this node knows of endpoints. */
  "changes_sent",
  /** Numbers of a node's changes that did not come. */
  "gaps",
  /** Times that a node was asked for all that it knows, after a gap or when it was new. */
  "syncs",
  /** Those that had no answer in time. */
  "sync_failures",
  /** Messages of a process that was replaced by a newer one of its name. */
  "stale_instances",
  /** Beats of another living node with this node's name. */
  "name_conflicts",
  /** Nodes and endpoints that were left out because there are too many. */
  "over_limit",
  /** Endpoints that this node began to probe because another one did not. */
  "takeovers",
  /** Endpoints that this node probes no more because their owners do. */
  "handovers",
  /** Verdicts of others that its own probe agreed with. */
  "confirmations",
  /** Verdicts of others that its own probe did not agree with. */
  "contradictions",
  /** Times that requests to a healthy endpoint failed and others were told so. */
  "doubts_sent",
  /** Doubts of a node that was wrong too often. */
  "doubts_ignored",
  /** Times that this node trusted its own way to the endpoints no more, and left checking to others. */
  "resignations",
  /** Times that this process stood still for so long that others may have missed it. */
  "pauses",
  /** Endpoints that went in or out here by the mesh's word. */
  "verdicts",
  /** Events that this node published. */
  "events_sent",
  /** Announcements of endpoints that came. */
  "announcements_heard",
  /** Those with addresses of loopback, which mean nothing on another machine: dropped. */
  "announcements_loopback",
  /** Those that are none: dropped. */
  "announcements_malformed",
  /** Those beyond the limits of endpoints: dropped. */
  "announcements_refused",
  /** Those that are older than what is known: dropped. */
  "announcements_stale",
  /** Those of services that no cluster here wants. */
  "announcements_unused",
  /** Announcers whose endpoints went because nothing was heard of them. */
  "leases_lost",
  /** Announcers, or services of theirs, that said that they end. */
  "leases_withdrawn",
  /** Messages of nodes that are none: dropped. */
  "messages_malformed",
  /** Messages with a number that cannot be: dropped. */
  "messages_out_of_range",
  /** Messages beyond the limit of size: dropped. */
  "messages_too_large",
  /** Messages of a version of the mesh that this one does not know: dropped. */
  "messages_unknown_version",
  /** Changes of runtime keys that this node took in. */
  "runtime_changes",
  /** Messages of the runtime of nodes that go by none here. */
  "runtime_ignored",
  /** Messages of the runtime that are none: dropped. */
  "runtime_malformed",
  /** Keys that were left out because there are too many. */
  "runtime_over_limit",
  /** Times that another node was asked for all keys. */
  "runtime_pulls",
  /** Keys and values taken from others. */
  "runtime_records",
  /** Changes that this node refused. */
  "runtime_refused",
  /** Ramps that this node put back for a broken guard. */
  "runtime_rollbacks",
  /** Steps of ramps that this node took. */
  "runtime_steps",
  /** Connections to the broker. */
  "bus_connects",
  /** Messages from the broker that nobody saw: over 64 KiB, or with headers that are none. */
  "bus_dropped",
  /** Messages from the broker. */
  "bus_received",
  /** Messages to the broker that could not be sent. */
  "bus_refused",
  /** Messages to the broker. */
  "bus_sent",
] as const;
const GAUGES = [
  /** 1: the broker is there. */
  "connected",
  "groups",
  /** Nodes that live, this one included. */
  "nodes",
  /** Keys that the mesh's runtime holds. */
  "runtime_keys",
  /** Ramps that run. */
  "runtime_ramps",
  "runtime_version",
  /** Endpoints that the mesh checks. */
  "targets",
  /** Those that this node probes. */
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
