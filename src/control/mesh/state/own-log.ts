// This node's own log: every change of what it says gets the next number, goes out at the end of the turn, is repeated in its beats for
// three seconds, and is given out whole to whoever asks. Only the observer speaks for its entries.
import type { EndpointStanding } from "../../../messages/checking.ts";
import {
  AGE_MAX_MS,
  BEAT_CHANGES_MAX,
  type Cause,
  CHANGES_MAX,
  type Change,
  type Hold,
  type SyncPage,
  type SyncRequest,
} from "../wire/messages.ts";
import type { Target } from "./entities.ts";
import { ageOf, changeOf, digestOf, hold, holdGroup, letGo, letGroupGo } from "./holdings.ts";
import type { MeshState, Snapshot } from "./mesh-state.ts";
import { rankOf } from "./rank.ts";
import type { Turn } from "./turn.ts";

/** What this node says of a target from now on. */
export interface Saying {
  readonly hold: Hold;
  readonly standing: EndpointStanding | null;
  readonly cause: Cause;
  /** The last probe known; -Infinity: none. */
  readonly probedMs: number;
}

/** Says it. A standing that is another than the one said before is a new transition. */
export function sayEntry(turn: Turn, target: Target, saying: Saying): void {
  const { state, nowMs } = turn;
  if (isOnlyHere(state, target)) {
    seeLocally(turn, target, saying);
    return;
  }
  const before = target.own;
  const isNew = saying.standing !== null && (before === null || before.standing !== saying.standing);
  const transition = saying.standing === null ? 0 : isNew ? ++state.transitions : (before?.transition ?? 0);
  const { hold: held, standing, probedMs } = saying;
  const cause = isNew || before === null ? saying.cause : before.cause;
  const place = { group: target.group.facts.group, target: target.id };
  const change = {
    type: "entry",
    ...place,
    hold: held,
    standing,
    transition,
    cause,
    ageMs: ageOf(probedMs, nowMs),
  } as const;
  target.own = hold(state.self, state.targets, change, nowMs);
  if (target.own !== null) target.own.probedMs = probedMs;
  say(turn, change);
  turn.consider(target);
}

/** Says nothing of a target any more. */
export function sayReleased(turn: Turn, target: Target): void {
  if (target.own?.isLocal === true) {
    dropLocal(target);
    turn.consider(target);
    return;
  }
  const entry = letGo(turn.state.self, turn.state.targets, target.key);
  if (entry === null) return;
  const ageMs = ageOf(entry.probedMs, turn.nowMs);
  say(turn, { type: "released", group: entry.group, target: entry.target, ageMs });
  turn.consider(target);
}

/** This node checks this group, or would. */
export function sayGroup(turn: Turn, group: string, hasTraffic: boolean): void {
  if (holdGroup(turn.state.self, group, hasTraffic)) say(turn, { type: "group", group, hasTraffic });
}

/** It does so no longer. */
export function sayGroupLeft(turn: Turn, group: string): void {
  if (letGroupGo(turn.state.self, group)) say(turn, { type: "group-left", group });
}

/** Numbers a change and has it go out with this turn. Of entries and groups the state has changed before. */
export function say(turn: Turn, change: Change): void {
  const { state, nowMs } = turn;
  state.self.applied++;
  state.recent.push({ number: state.self.applied, atMs: nowMs, change });
  if (state.recent.length > 4 * BEAT_CHANGES_MAX) state.recent = state.recent.slice(-BEAT_CHANGES_MAX);
  turn.changes.push(change);
}

/** Sends the changes of this turn. Those that the bus does not carry now are found missing by others later. */
export function sendChanges(turn: Turn): void {
  const { state, changes } = turn;
  if (changes.length === 0) return;
  const { node, instance, epoch, applied } = state.self;
  turn.count("changes_sent", changes.length);
  for (let start = 0; state.isBusUp && start < changes.length; start += CHANGES_MAX) {
    const part = changes.slice(start, start + CHANGES_MAX);
    const { group = "" } = part[0] ?? {};
    const isOneGroup = part.every((change) => change.group === group);
    const first = applied - changes.length + 1 + start;
    const subject = isOneGroup ? group : "";
    turn.perform({
      type: "publish",
      message: { type: "changes", node, instance, epoch, group: subject, first, changes: part },
    });
  }
}

/** What a beat repeats: the newest changes, as they were sent but for their ages. */
export function changesOfBeat(state: MeshState, nowMs: number): readonly Change[] {
  if (!state.options.rules.log) return groupsOf(state);
  state.recent = state.recent.filter(({ atMs }) => nowMs - atMs <= REPEAT_MS);
  return state.recent.slice(-BEAT_CHANGES_MAX).map(({ change, atMs }) => older(change, nowMs - atMs));
}

/** A page of this node's entries. */
export function pageFor(state: MeshState, request: SyncRequest, nowMs: number): SyncPage {
  const { node, instance, epoch } = state.self;
  const snapshot = snapshotFor(state, request, nowMs);
  const from = request.number === snapshot.number ? Math.min(request.from, snapshot.items.length) : 0;
  const items = snapshot.items.slice(from, from + CHANGES_MAX).map((item) => older(item, nowMs - snapshot.atMs));
  const { number, digest } = snapshot;
  return { type: "sync-page", node, instance, epoch, number, digest, from, total: snapshot.items.length, items };
}

/** The newest few are kept: whoever is half through an older one begins again. */
function snapshotFor(state: MeshState, request: SyncRequest, nowMs: number): Snapshot {
  const { self } = state;
  state.snapshots = state.snapshots.filter(({ atMs }) => nowMs - atMs <= SNAPSHOT_MS);
  const held = state.snapshots.find(({ number }) => number === (request.number === 0 ? self.applied : request.number));
  if (held !== undefined) return held;
  const items = groupsOf(state);
  for (const entry of self.entries.values()) items.push(changeOf(entry, nowMs));
  const made = { number: self.applied, digest: digestOf(self), atMs: nowMs, items };
  state.snapshots = [...state.snapshots.slice(1 - SNAPSHOTS_MAX), made];
  return made;
}

/** What this node saw while it was alone was for itself. */
export function dropLocal(target: Target): void {
  const { own, entries } = target;
  if (own?.isLocal !== true) return;
  entries.splice(entries.indexOf(own), 1);
  target.own = null;
}

/**
 * A node that is alone checks everything, and says so only of what it would check among the others: they held it so before, and fifty
 * nodes that come back have nothing to tell each other.
 */
function isOnlyHere(state: MeshState, target: Target): boolean {
  if (!state.isAlone || (target.own !== null && !target.own.isLocal)) return false;
  const { group } = target;
  const known = [...state.members.values()].filter(
    (member) => !member.hasLeft && member.roles.includes("health") && member.groups.has(group.facts.group),
  );
  const isChecker = state.self.roles.includes("health") || known.length === 0;
  return !isChecker || rankOf(state.self, known, target.hash) >= state.options.owners;
}

function seeLocally(turn: Turn, target: Target, { hold: held, standing, cause, probedMs }: Saying): void {
  dropLocal(target);
  const { self } = turn.state;
  const place = { key: target.key, group: target.group.facts.group, target: target.id, sinceMs: turn.nowMs };
  const rest = { transition: ++turn.state.transitions, digestHigh: 0, digestLow: 0, isLocal: true };
  target.own = { member: self, ...place, hold: held, standing, cause, probedMs, ...rest };
  target.entries.push(target.own);
  turn.consider(target);
}

function groupsOf({ self }: MeshState): Change[] {
  return [...self.groups].map(([group, hasTraffic]) => ({ type: "group", group, hasTraffic }));
}

function older(change: Change, byMs: number): Change {
  if (change.type !== "entry" && change.type !== "released") return change;
  return { ...change, ageMs: Math.min(AGE_MAX_MS, change.ageMs + Math.round(byMs)) };
}

/** Beats repeat changes for so long. */
const REPEAT_MS = 3_000;

/** A snapshot is kept for those who are half through it. */
const SNAPSHOT_MS = 10_000;

/** Peers ask at their own times while the log goes on. */
const SNAPSHOTS_MAX = 4;
