// What the announcements behaviour hears and what it asks its host to do. Plain data.
import type { TimerEffect, TimerFired } from "../../../actor/behaviour.ts";
import type { AnnouncedCluster, AnnouncementPlan } from "../../../config/plan/announcement.ts";
import type { EndpointPlan } from "../../../config/plan/cluster.ts";
import type { LogLine } from "../../../messages/log.ts";
import type { LeaseFacts } from "../../../messages/mesh.ts";
import type { Announcement } from "../wire/announcement.ts";

/** One process among the members; two of one name differ in their instance. */
export interface MemberId {
  readonly node: string;
  readonly instance: string;
}

/** One message. */
export type AnnounceMessage =
  /** What this node balances over and what it announces, from now on. */
  | {
      readonly type: "plan-assigned";
      readonly clusters: readonly AnnouncedCluster[];
      readonly announce: readonly AnnouncementPlan[];
    }
  | { readonly type: "bus-connected" }
  | { readonly type: "bus-lost" }
  /** This node has waited for its peers' first words. */
  | { readonly type: "mesh-joined" }
  /** Somebody said hello, or came back: it may not know what this node announces. */
  | { readonly type: "peer-arrived" }
  | { readonly type: "beat-heard"; readonly member: MemberId }
  | { readonly type: "member-left"; readonly member: MemberId }
  | { readonly type: "member-lost"; readonly member: MemberId }
  | { readonly type: "announcement-heard"; readonly announcement: Announcement }
  /** Bytes that are no announcement came where one was expected. */
  | { readonly type: "announcement-garbled" }
  /** This node withdraws what it announces, and announces nothing more. */
  | { readonly type: "leave" }
  | TimerFired;

/** Announcements that came, and what became of leases. */
export type AnnounceCounter =
  | "announcements_heard"
  /** No announcement, or over a limit of the wire. */
  | "announcements_malformed"
  /** Of a service that no cluster here takes. */
  | "announcements_unused"
  /** Older than what is known, or of a process that has left. */
  | "announcements_stale"
  /** Of a loopback address from another machine: this node would dial itself. */
  | "announcements_loopback"
  /** This node holds as many as it may. */
  | "announcements_refused"
  | "leases_withdrawn"
  | "leases_lost";

/** One effect. */
export type AnnounceEffect =
  | TimerEffect
  | { readonly type: "publish-announcement"; readonly announcement: Announcement }
  /** The whole endpoint set of a cluster. */
  | { readonly type: "endpoints-found"; readonly cluster: string; readonly endpoints: readonly EndpointPlan[] }
  /** After the first word: what went, told as it was when it came, and what came. */
  | {
      readonly type: "endpoints-moved";
      readonly cluster: string;
      readonly removed: readonly EndpointPlan[];
      readonly added: readonly EndpointPlan[];
    }
  /** Once a second while there are announcers, for people. `isHeld`: the bus is lost, and no lease ends until it is back. */
  | { readonly type: "tell-leases"; readonly leases: readonly LeaseFacts[]; readonly isHeld: boolean }
  | { readonly type: "count"; readonly counter: AnnounceCounter }
  | { readonly type: "log"; readonly line: LogLine };
