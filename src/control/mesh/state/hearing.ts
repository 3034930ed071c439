// Whether this node has heard from its peers what they check, before it begins what they may check already. Nodes that start together, or
// get a cluster at the same time, learn of it one after another: who began at once would begin everything.
import { AGE_MAX_MS } from "../wire/messages.ts";
import type { Group, Member } from "./entities.ts";
import type { MeshState } from "./mesh-state.ts";
import type { Turn } from "./turn.ts";

/** Whether all that living peers said so far has come. */
export function hasHeardOut({ members }: MeshState): boolean {
  for (const { life, gapMs } of members.values()) if (life === "live" && gapMs !== NEVER) return false;
  return true;
}

/** From when this node may begin a group's checks that others do not make: now, or when to look again. */
export function heardOutMs({ state, nowMs }: Turn, group: Group): number {
  const sinceMs = Math.max(state.joinedMs, group.addedMs);
  const longestMs = Math.min(LONGEST_MS, group.facts.intervalMs + group.facts.timeoutMs);
  if (nowMs >= sinceMs + longestMs || state.isAlone) return nowMs;
  if (group.heardAtMs !== nowMs) {
    group.heardAtMs = nowMs;
    group.heardOutMs = Math.max(nowMs, waitsUntilMs(state, group, nowMs));
  }
  return group.heardOutMs;
}

/**
 * What was due is late: this thread stood still, or has too much to do, and what others have said meanwhile may lie in its sockets. It
 * looks there before it begins anything. Now and then only: who is late all the time has to act all the same.
 */
export function noteLate(state: MeshState, nowMs: number): void {
  if (nowMs - state.agendaMs >= LATE_MS && nowMs - state.lookMs >= LATE_AGAIN_MS) state.lookMs = nowMs + LATE_MS;
}

/** Until when somebody besides `one` may say what this node has not heard yet; -Infinity: all were heard out. */
export function unheardUntilMs({ members }: MeshState, one: Member): number {
  let untilMs = Number.NEGATIVE_INFINITY;
  for (const member of members.values()) {
    if (member === one || member.isHeardOut || member.life !== "live" || !member.roles.includes("health")) continue;
    untilMs = Math.max(untilMs, member.metMs + UNHEARD_MS);
  }
  return untilMs;
}

function waitsUntilMs(state: MeshState, { addedMs, facts }: Group, nowMs: number): number {
  let untilMs = nowMs;
  for (const { life, isHeardOut, judgeMs, roles, groups } of state.members.values()) {
    if (life !== "live" || !roles.includes("health")) continue;
    if (!isHeardOut || nowMs - judgeMs >= AGE_MAX_MS) return nowMs + LOOK_MS;
    if (!groups.has(facts.group)) untilMs = addedMs + GROUP_MS;
  }
  return untilMs;
}

const NEVER = Number.POSITIVE_INFINITY;

/** Peers are waited for so long at most, and no longer than a first check may take, once this node has joined and knows the group. */
const LONGEST_MS = 3_000;

/** A peer that does not have the group may be about to. */
const GROUP_MS = 300;

/** A living peer's log comes within this even over a bad network. */
const UNHEARD_MS = 10_000;

/** So late is late, and so long it looks. */
const LATE_MS = 50;
const LATE_AGAIN_MS = 500;

/** While a peer has more to say, or its judge has said nothing yet, this node looks so often. */
const LOOK_MS = 200;
