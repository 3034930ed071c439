// Which nodes live, from their beats: who is new, who is silent, whose judge hangs. Ages are of this node's clock only. What follows for
// targets (cover, ranks) is only marked here, and considered at the end of the turn.
import type { Beat, Speaker } from "../wire/messages.ts";
import type { Member } from "./entities.ts";
import { refreshGroup } from "./groups.ts";
import { letGo, letGroupGo } from "./holdings.ts";
import type { MeshState } from "./mesh-state.ts";
import { newMember } from "./new-entities.ts";
import { announceLost, forgetLoss } from "./node-events.ts";
import type { Turn } from "./turn.ts";

/**
 * The member that a message is from, made new when its instance is; null: the message is not to be looked at (of an instance that is
 * over, or of one too many). Only a beat makes a member of a stranger.
 */
export function memberOf(turn: Turn, speaker: Speaker, isBeat: boolean): Member | null {
  const { state, nowMs } = turn;
  noteEpoch(state, speaker.node, speaker.epoch);
  const member = state.members.get(speaker.node);
  if (member === undefined) return isBeat ? welcome(turn, speaker) : null;
  if (member.instance === speaker.instance) {
    member.epoch = Math.max(member.epoch, speaker.epoch);
    return member.hasLeft ? null : member;
  }
  // Its word against that of the instance held: the greater epoch, or the one that is not silent.
  const isOver = member.hasLeft || nowMs - member.heardMs >= SILENT_MS;
  if (speaker.epoch <= member.epoch && !isOver) {
    turn.count("stale_instances");
    return null;
  }
  if (!isBeat) return null;
  forget(turn, member);
  member.instance = speaker.instance;
  member.epoch = speaker.epoch;
  member.metMs = nowMs;
  member.sequence = 0;
  member.hasLeft = false;
  return member;
}

/** A beat of a member: it lives, and this is how it is. Whether it is news. */
export function hearBeat(turn: Turn, member: Member, beat: Beat): boolean {
  const { state, nowMs } = turn;
  for (const { node, epoch } of beat.epochs) noteEpoch(state, node, epoch);
  if (beat.sequence <= member.sequence) return false;
  turn.count("beats_heard");
  member.sequence = beat.sequence;
  member.heardMs = nowMs;
  member.judgeMs = nowMs - beat.judgeAgeMs;
  member.zone = beat.zone;
  member.adminAddress = beat.adminAddress;
  const isOther =
    member.life === "gone" ||
    member.phase !== beat.phase ||
    member.isResigned !== beat.isResigned ||
    !sameRoles(member.roles, beat.roles);
  if (member.life === "gone") forgetLoss(turn, member);
  member.life = "live";
  member.phase = beat.phase;
  member.roles = beat.roles;
  member.isResigned = beat.isResigned;
  member.reportsLoad = beat.reportsLoad;
  if (isOther) changeRanks(turn, member);
  updateSpeaking(turn, member);
  return true;
}

/** The member is gone at its own word. */
export function hearLeft(turn: Turn, member: Member): void {
  member.hasLeft = true;
  member.life = "gone";
  member.isSpeaking = false;
  forget(turn, member);
}

/** Looks whether it is still heard. When to look again. */
export function watchMember(turn: Turn, member: Member): number {
  const { state, nowMs } = turn;
  if (member.hasLeft) return Number.POSITIVE_INFINITY;
  const suspectMs = member.heardMs + SUSPECT_MS * state.strain;
  const goneMs = member.heardMs + GONE_MS * state.strain;
  if (nowMs < suspectMs) return suspectMs;
  if (member.life === "live") member.life = "suspect";
  if (nowMs >= goneMs && member.life !== "gone") {
    member.life = "gone";
    changeRanks(turn, member);
    announceLost(turn, member);
  }
  updateSpeaking(turn, member);
  if (nowMs < goneMs) return goneMs;
  if (nowMs < member.heardMs + FORGOTTEN_MS) return member.heardMs + FORGOTTEN_MS;
  if (!state.isBusUp) return nowMs + FORGOTTEN_MS; // it is this node that is away
  forgetLoss(turn, member);
  forget(turn, member);
  state.members.delete(member.node);
  return Number.POSITIVE_INFINITY;
}

/** Whether what it claims is covered, as far as it itself goes; its targets are considered when that has changed. */
export function updateSpeaking(turn: Turn, member: Member): void {
  const { state, nowMs } = turn;
  const isSelf = member === state.self;
  const isHeard = isSelf || (member.life === "live" && !state.isAlone);
  const isSpeaking = isHeard && nowMs - member.judgeMs < JUDGE_HUNG_MS;
  if (isSpeaking === member.isSpeaking) return;
  member.isSpeaking = isSpeaking;
  for (const key of member.entries.keys()) considerKey(turn, key);
  if (!isSelf) return;
  for (const target of state.targets.values()) turn.consider(target);
  turn.wantsBeat = state.mode !== "silent";
}

/** From when a member that covers nothing now is lost for sure: its judge hangs by its own word, or five of its beats are missing. */
export function lostMs({ strain }: MeshState, { life, heardMs, judgeMs }: Member): number {
  return life === "live" ? judgeMs + JUDGE_HUNG_MS : heardMs + GONE_MS * strain;
}

/** Its place among the candidates of its groups has changed. */
export function changeRanks(turn: Turn, member: Member): void {
  for (const group of member.groups.keys()) refreshGroup(turn, group);
}

/** Time stood still for this node itself: what was not heard meanwhile is nobody's fault. */
export function forgiveSilence(state: MeshState, ms: number): void {
  for (const member of state.members.values()) {
    member.heardMs += ms;
    member.judgeMs += ms;
  }
}

/** The greatest epoch that was heard for a name is kept, for a node that comes back. */
export function noteEpoch(state: MeshState, node: string, epoch: number): void {
  const held = state.epochs.get(node);
  if (held !== undefined && held >= epoch) return;
  state.epochs.set(node, epoch);
  if (state.epochs.size > EPOCHS_MAX) dropOldestEpoch(state);
}

/** Of a name that nobody has now: names with random ends come and go. */
function dropOldestEpoch(state: MeshState): void {
  for (const node of state.epochs.keys()) {
    if (node === state.self.node || state.members.has(node)) continue;
    state.epochs.delete(node);
    return;
  }
}

function welcome(turn: Turn, speaker: Speaker): Member | null {
  const { state } = turn;
  if (state.members.size >= MEMBERS_MAX) {
    turn.count("over_limit");
    return null;
  }
  const member = newMember(speaker.node, speaker.instance, speaker.epoch);
  member.metMs = turn.nowMs;
  state.members.set(member.node, member);
  return member;
}

/** Drops all that it said. */
function forget(turn: Turn, member: Member): void {
  const { state } = turn;
  for (const key of [...member.entries.keys()]) {
    letGo(member, state.targets, key);
    considerKey(turn, key);
  }
  for (const group of [...member.groups.keys()]) {
    letGroupGo(member, group);
    refreshGroup(turn, group);
  }
  member.applied = 0;
  member.early = [];
  member.isHeardOut = false;
  member.gapMs = Number.POSITIVE_INFINITY;
  member.sync = null;
  member.syncsInVain = 0;
}

function considerKey(turn: Turn, key: string): void {
  const target = turn.state.targets.get(key);
  if (target !== undefined) turn.consider(target);
}

function sameRoles(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((role) => other.includes(role));
}

/** Three beats missed, and a little for the way: its cover ends. */
export const SUSPECT_MS = 3_200;

/** Five beats missed: it has no rank any more. */
export const GONE_MS = 5_200;

/** A judge without a step for so long covers nothing. */
export const JUDGE_HUNG_MS = 3_000;

/** A name's other instance is over after two silent beats. */
const SILENT_MS = 2_000;

/** What a gone node said is kept for so long: it may be only cut off. */
const FORGOTTEN_MS = 60_000;

/** Nodes that one node knows. */
const MEMBERS_MAX = 256;

/** Names whose epochs are kept. */
const EPOCHS_MAX = 1_024;
