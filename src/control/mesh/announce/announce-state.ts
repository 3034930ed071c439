// What is remembered of announcements: this node's own, and those of others with the time of their last beat. Changed by
// announce-behaviour.ts only.
import type { AnnouncedEndpoint } from "../../../config/plan/announcement.ts";
import type { MemberId } from "./announce-effects.ts";
import { ServiceEndpoints } from "./service-endpoints.ts";

/** What one process announces for one service. */
export interface HeldAnnouncement {
  readonly sequence: number;
  readonly endpoints: readonly AnnouncedEndpoint[];
}

/** Another process that announces something. */
export interface Announcer extends MemberId {
  readonly key: string;
  /** Of its last beat, or of its first announcement. */
  heardMs: number;
  readonly services: Map<string, HeldAnnouncement>;
}

/** A service that clusters of this node take their endpoints from. */
export interface TakenService {
  readonly clusters: readonly string[];
  readonly endpoints: ServiceEndpoints;
}

/** What is given to it once. */
export interface AnnounceOptions {
  readonly self: MemberId;
  /** Wall-clock milliseconds, for people. */
  readonly wallMs: () => number;
  /** Whether everybody is on this machine: else an announced loopback address would make a node dial itself. */
  readonly takesLoopback: boolean;
  /** Clusters have endpoints from this state's predecessor: before they are told, everybody was heard once more. */
  readonly isSuccessor: boolean;
}

/** All of it. */
export interface AnnounceState extends AnnounceOptions {
  /** What this node announces; what it has withdrawn stays with no endpoints, so that its sequence goes on. */
  readonly own: Map<string, HeldAnnouncement>;
  services: ReadonlyMap<string, TakenService>;
  /** By `memberKey`. */
  readonly announcers: Map<string, Announcer>;
  /** Processes whose lease has ended, oldest first: what was under way from them comes too late. */
  readonly ended: Map<string, "left" | "lost">;
  /** Endpoints of all announcers. */
  held: number;
  isConnected: boolean;
  hasJoined: boolean;
  /** The bus was connected and this node has joined: from then on what is held is what there is, and clusters are told. */
  isSettled: boolean;
  hasLeft: boolean;
  /** Of the last step: a gap means that this node itself stood still. */
  steppedMs: number;
  /** Of the last time that everything was published, and of the next. */
  publishedMs: number;
  nextPublishMs: number;
  toldMs: number;
}

/** Nothing announced by anybody. */
export function emptyAnnounceState(options: AnnounceOptions): AnnounceState {
  return {
    ...options,
    own: new Map(),
    services: new Map(),
    announcers: new Map(),
    ended: new Map(),
    held: 0,
    isConnected: false,
    hasJoined: false,
    isSettled: false,
    hasLeft: false,
    steppedMs: 0,
    publishedMs: Number.NEGATIVE_INFINITY,
    nextPublishMs: Number.POSITIVE_INFINITY,
    toldMs: Number.NEGATIVE_INFINITY,
  };
}

/** A process's name in the maps. */
export function memberKey({ node, instance }: MemberId): string {
  return `${node} ${instance}`;
}

/** A service without announcements. */
export function newService(): TakenService {
  return { clusters: [], endpoints: new ServiceEndpoints() };
}
