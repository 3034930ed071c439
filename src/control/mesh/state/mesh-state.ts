// What one node of the mesh remembers besides its entities: options, its own log, its agenda and where it stands itself. Changed by
// mesh-behaviour.ts and the files it calls only.
import type { Random } from "../../../base/random.ts";
import type { Change, NodeRole } from "../wire/messages.ts";
import { Agenda, notDue } from "./agenda.ts";
import type { Alarm, Group, Matter, Member, Target, Trial } from "./entities.ts";
import { newMember } from "./new-entities.ts";

/** Who this node is and how it does its part. */
export interface MeshOptions {
  readonly node: string;
  /** 32 hex digits, new in every process. */
  readonly instance: string;
  readonly roles: readonly NodeRole[];
  readonly zone: string;
  readonly adminAddress: string;
  /** It can report the load of the mesh. */
  readonly reportsLoad: boolean;
  /** How many nodes check each endpoint: 2 unless told. */
  readonly owners: number;
  readonly flapDamping: boolean;
  /** All on but in a simulation that shows what they are for. */
  readonly rules: MeshRules;
}

/** Rules that a simulation switches off, to see that it finds the harm. */
export interface MeshRules {
  /** An observation counts only while its observer covers the target. */
  readonly cover: boolean;
  /** Changes are numbered, repeated and compared. */
  readonly log: boolean;
  /** A start is claimed before its first probe. */
  readonly claims: boolean;
}

/** Every rule in force. */
export const ALL_RULES: MeshRules = { cover: true, log: true, claims: true };

/** A change of this node's own log. */
export interface LoggedChange {
  readonly number: number;
  readonly atMs: number;
  readonly change: Change;
}

/** This node's entries as they stood at one change number, for those who ask. */
export interface Snapshot {
  readonly number: number;
  readonly digest: string;
  readonly atMs: number;
  readonly items: readonly Change[];
}

/** All of it. */
export interface MeshState {
  readonly options: MeshOptions;
  readonly random: Random;
  /** This node as its peers see it; `applied` is its change number. */
  readonly self: Member;
  /** Peers by name. */
  readonly members: Map<string, Member>;
  readonly groups: Map<string, Group>;
  readonly byRow: Map<number, Group>;
  readonly targets: Map<string, Target>;
  readonly bySlot: Map<number, Target>;
  readonly agenda: Agenda<Matter>;
  /** When the timer of the agenda fires; Infinity: it is not armed. */
  agendaMs: number;
  /** To be considered, in this turn or the next ones. */
  readonly dirty: Target[];
  /** So many of them have been. */
  dirtyDone: number;
  /** Greatest epoch heard, by name. */
  readonly epochs: Map<string, number>;
  /** Where in `epochs` the next beat goes on. */
  epochCursor: number;
  /** Own changes of the last 3 s. */
  recent: LoggedChange[];
  /** The oldest first. */
  snapshots: readonly Snapshot[];
  /** `silent`: not started, refused or gone. */
  mode: "silent" | "joining" | "serving" | "leaving";
  isBusUp: boolean;
  busSinceMs: number;
  /** Without the bus for too long: nobody else counts. */
  isAlone: boolean;
  /** When the next beat is due. */
  beatMs: number;
  /** Who said hello last; empty: nobody since the last beat. */
  asker: string;
  /** When it last answered a hello. */
  helloMs: number;
  startedMs: number;
  /** When nobody new was heard for long enough, if nobody is. */
  quietMs: number;
  /** Its own hello has come back over this connection. */
  isEchoed: boolean;
  /** Nothing is begun before this: what others have said may not have been looked at. */
  lookMs: number;
  /** Nodes that spoke while it joins, and have not been met. */
  readonly strangers: Set<string>;
  /** Another process with this name, as first heard; null: none. */
  rival: { readonly instance: string; readonly sequence: number; readonly beats: number } | null;
  joinedMs: number;
  readonly alarms: Readonly<Record<Alarm["kind"], Alarm>>;
  /** The judge has said something. */
  isJudgeKnown: boolean;
  /** The longest interval and timeout that a group ever had. */
  longestMs: number;
  /** Targets without a verdict: they are awaited while the node warms. */
  unknown: number;
  isReady: boolean;
  reason: string;
  /** Times of checks that begin at once are spread from here. */
  startsMs: number;
  asks: number;
  transitions: number;
  /** Own transitions to unhealthy of late. */
  trials: Trial[];
  readonly privates: Set<Target>;
  /** When it last returned; -Infinity: it never resigned. */
  returnedMs: number;
  /** Since when private probes have agreed with the mesh, and for how long they must. */
  agreeingMs: number;
  probationMs: number;
  /** 1; more after a pause of this node itself: it waits longer before it thinks ill of others. */
  strain: number;
  calmMs: number;
  /** Ids of events heard of late, the oldest first. */
  readonly seen: Set<string>;
}

/** A node that knows nobody and nothing. */
export function emptyMeshState(options: MeshOptions, random: Random): MeshState {
  const self = newMember(options.node, options.instance, 1);
  self.roles = options.roles;
  self.zone = options.zone;
  self.adminAddress = options.adminAddress;
  self.reportsLoad = options.reportsLoad;
  self.life = "live";
  return {
    options,
    random,
    self,
    members: new Map(),
    groups: new Map(),
    byRow: new Map(),
    targets: new Map(),
    bySlot: new Map(),
    agenda: new Agenda(),
    agendaMs: Number.POSITIVE_INFINITY,
    dirty: [],
    dirtyDone: 0,
    epochs: new Map(),
    epochCursor: 0,
    recent: [],
    snapshots: [],
    mode: "silent",
    isBusUp: false,
    busSinceMs: Number.NEGATIVE_INFINITY,
    isAlone: false,
    beatMs: 0,
    asker: "",
    helloMs: Number.NEGATIVE_INFINITY,
    startedMs: 0,
    quietMs: 0,
    isEchoed: false,
    lookMs: Number.NEGATIVE_INFINITY,
    strangers: new Set(),
    rival: null,
    joinedMs: 0,
    alarms: {
      joining: { kind: "joining", ...notDue() },
      hello: { kind: "hello", ...notDue() },
      leaving: { kind: "leaving", ...notDue() },
      ready: { kind: "ready", ...notDue() },
      bus: { kind: "bus", ...notDue() },
      resigned: { kind: "resigned", ...notDue() },
      judge: { kind: "judge", ...notDue() },
    },
    isJudgeKnown: false,
    longestMs: 0,
    unknown: 0,
    isReady: false,
    reason: "",
    startsMs: Number.NEGATIVE_INFINITY,
    asks: 0,
    transitions: 0,
    trials: [],
    privates: new Set(),
    returnedMs: Number.NEGATIVE_INFINITY,
    agreeingMs: Number.POSITIVE_INFINITY,
    probationMs: 0,
    strain: 1,
    calmMs: 0,
    seen: new Set(),
  };
}
