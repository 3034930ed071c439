// The things that a node of the mesh knows: nodes, what they say (entries), groups and targets, and what is under way for a target.
// Plain records; the rules are in the files beside this one.
import type { CheckGroupFacts, EndpointStanding } from "../../../messages/checking.ts";
import type { Cause, Change, Hold, NodePhase, NodeRole } from "../wire/messages.ts";
import type { Due } from "./agenda.ts";
import type { Hash64 } from "./hash64.ts";
import type { MeshEffect } from "./mesh-effects.ts";
import type { Candidate } from "./rank.ts";

/** What a node says of one target. */
export interface Entry {
  readonly member: Member;
  readonly key: string;
  readonly group: string;
  readonly target: string;
  hold: Hold;
  standing: EndpointStanding | null;
  transition: number;
  cause: Cause;
  /** The last probe that its node told of, on this node's clock; -Infinity: none. */
  probedMs: number;
  /** Since when it is held so. */
  sinceMs: number;
  digestHigh: number;
  digestLow: number;
  /** Of this node while it is alone: nobody is told, and it is not in the log. */
  readonly isLocal: boolean;
}

/** One node, this one or a peer. */
export interface Member extends Candidate, Due {
  readonly kind: "member";
  instance: string;
  epoch: number;
  /** Of its newest beat. */
  sequence: number;
  phase: NodePhase;
  roles: readonly NodeRole[];
  zone: string;
  adminAddress: string;
  isResigned: boolean;
  /** It has the role, a server to report to, and is not about to end. */
  reportsLoad: boolean;
  /** Its first beat of this instance. */
  metMs: number;
  /** Its newest beat. */
  heardMs: number;
  /** Its judge's last step that it told of. */
  judgeMs: number;
  life: "live" | "suspect" | "gone";
  /** Its beats come and its judge makes steps: what it claims is covered. */
  isSpeaking: boolean;
  /** Said `left`: no late message of this instance brings it back. */
  hasLeft: boolean;
  /** Its groups; true: it has traffic there. */
  readonly groups: Map<string, boolean>;
  /** By key of the target. */
  readonly entries: Map<string, Entry>;
  digestHigh: number;
  digestLow: number;
  /** Up to this number its changes are in `entries` and `groups`. */
  applied: number;
  /** Changes that wait for others before them, or for the end of a sync. */
  early: { readonly first: number; readonly changes: readonly Change[] }[];
  /** All that it said was here at one time: what is missing now is news. */
  isHeardOut: boolean;
  /** Since when it is known that changes are missing, or that its digest is another; Infinity: nothing is. */
  gapMs: number;
  sync: Sync | null;
  /** No sync is asked for before this. */
  syncAfterMs: number;
  /** Syncs in a row that did not help. */
  syncsInVain: number;
}

/** A sync under way. */
export interface Sync {
  ask: number;
  number: number;
  digest: string;
  total: number;
  items: Change[];
}

/** A check group of this node. */
export interface Group {
  readonly facts: CheckGroupFacts;
  readonly targets: Set<Target>;
  readonly hash: Hash64;
  /** Who may check it, this node included when it may; as of `version`. */
  candidates: Candidate[];
  version: number;
  /** Some live node has traffic there. */
  hasTraffic: boolean;
  /** This node itself has. */
  hasOwnTraffic: boolean;
  /** When the judge told of it. */
  readonly addedMs: number;
  /** From when its checks may begin that nobody makes, as found at a time: peers may be about to say that they make them. */
  heardOutMs: number;
  heardAtMs: number;
  /** Effective interval: the no-traffic one without traffic. */
  intervalMs: number;
}

/** One endpoint of this node's own set. */
export interface Target extends Due {
  readonly kind: "target";
  readonly key: string;
  readonly group: Group;
  /** Its hash in hex. */
  readonly id: string;
  readonly slot: number;
  readonly address: string;
  /** Of group and target: what ranks and digests come from. */
  readonly hash: Hash64;
  /** What all nodes say of it, this one included. */
  readonly entries: Entry[];
  own: Entry | null;
  isDirty: boolean;
  rank: number;
  /** Version of the group's candidates that `rank` comes from. */
  rankVersion: number;
  /** The judge probes it by schedule. */
  isOrdered: boolean;
  /** Probed only for this node itself to see whether it is right again. */
  isPrivate: boolean;
  /** Since when fewer than enough better ranks probe it; Infinity: enough do. */
  scarceMs: number;
  /** When it begins, given one after another to a crowd; Infinity: not given. */
  startMs: number;
  /** A claim came to nothing: none again before this. */
  claimAfterMs: number;
  /** Since when all who take over have observed; Infinity: not yet. */
  takenOverMs: number;
  /** The newest probe of those that were released; -Infinity: none. */
  freedMs: number;
  /** When the first probe since it began was due; -Infinity: it never began. */
  firstDueMs: number;
  /** Who made room for this node: its probes go on where that one's end. */
  takenFrom: Entry | null;
  /** Own last probe and when the next one is due after it. */
  probedMs: number;
  nextInMs: number;
  /** This node's verdict: what its data path acts on. Null: none yet. */
  standing: EndpointStanding | null;
  /** The judge was told a verdict since it told of this endpoint: an order for its slot may have met another one. */
  isTold: boolean;
  /** The verdict without the right of an owner to believe itself. */
  meshStanding: EndpointStanding | null;
  /** This node had no verdict and took the only word there was: it does not make it its own when it begins to probe. */
  isHearsay: boolean;
  /** When two observers last covered it; at first, when this node heard of it. */
  pairMs: number;
  isPaired: boolean;
  /** Last probe out of turn that was ordered. */
  extraMs: number;
  /** A probe out of turn is under way. */
  pending: Pending | null;
  /** Another's transition that this node is to look at. */
  question: Question | null;
  /** The last answer heard, which may come before its question. */
  answered: { readonly observer: string; readonly transition: number } | null;
  /** A doubt waits for the next probe that may be made: whose. */
  doubter: string | null;
  readonly doubters: Map<string, Doubter>;
  /** Last doubt that this node sent. */
  doubtedMs: number;
  /** Own transition that may turn out to be contradicted. */
  trial: Trial | null;
  damping: Damping | null;
  /** What the last probe said, for people. */
  reason: string;
  /** x-envoy-immediate-health-check-fail holds it out on this node; `sinceMs`: others see it well since then, Infinity: they do not. */
  immediate: { passes: number; sinceMs: number } | null;
  /** Outlier detection holds it out on this node; `sinceMs`: others see it well since then, Infinity: they do not. */
  ejection: { sinceMs: number } | null;
  /** This node alone sees it so, and has said so. */
  isNodeEvent: boolean;
}

/** What became of one node's doubts about a target. */
export interface Doubter {
  /** Answered by success, in a row. */
  answered: number;
  /** Not heard before this. */
  ignoredUntilMs: number;
}

/** How often an endpoint flaps under this node's probes. */
export interface Damping {
  /** Times of its transitions within the window. */
  times: number[];
  /** Of the recovery threshold: 1, 2, 4 or 8. */
  factor: number;
  /** When the factor last changed or an endpoint last flapped. */
  sinceMs: number;
  /** Passes in a row. */
  passes: number;
  /** What came of the last probe. */
  standing: EndpointStanding | null;
}

/** A probe out of turn. */
export interface Pending {
  readonly ask: number;
  readonly sinceMs: number;
  readonly question: Question | null;
  readonly doubter: string | null;
}

/** A transition to confirm. */
export interface Question {
  readonly observer: string;
  readonly transition: number;
  readonly standing: EndpointStanding;
  /** When this node probes, unless an answer comes first. */
  readonly dueMs: number;
}

/** Own transition to unhealthy, on the way to be contradicted or not. */
export interface Trial {
  readonly target: Target;
  readonly transition: number;
  readonly atMs: number;
  isDenied: boolean;
  failures: number;
  isContradicted: boolean;
}

/** An event to publish unless another does first. */
export interface Announcement extends Due {
  readonly kind: "announcement";
  readonly effect: MeshEffect;
  /** Ids under which another may have told it: as they were when it was decided, and as they are. */
  readonly early: readonly string[];
  readonly late: () => readonly string[];
}

/** A time of the node itself. */
export interface Alarm extends Due {
  readonly kind: "joining" | "hello" | "leaving" | "ready" | "bus" | "resigned" | "judge";
}

/** What stands in the agenda. */
export type Matter = Target | Member | Announcement | Alarm;
