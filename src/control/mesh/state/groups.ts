// The check groups of this node: who may check them (candidates), whether anybody has traffic there, and this node's rank for a target.
import type { CheckGroupFacts } from "../../../messages/checking.ts";
import type { Group, Member, Target } from "./entities.ts";
import type { MeshState } from "./mesh-state.ts";
import { newGroup } from "./new-entities.ts";
import { sayGroup, sayGroupLeft } from "./own-log.ts";
import { isBefore, rankOf } from "./rank.ts";
import { dropTarget } from "./targets.ts";
import type { Turn } from "./turn.ts";

/** The judge has this group. */
export function addGroup(turn: Turn, facts: CheckGroupFacts): void {
  const { state } = turn;
  if (state.groups.has(facts.group)) return;
  const group = newGroup(facts, turn.nowMs);
  state.groups.set(facts.group, group);
  state.byRow.set(facts.row, group);
  state.longestMs = Math.max(state.longestMs, facts.intervalMs + facts.timeoutMs);
  sayGroup(turn, facts.group, false);
  refreshGroup(turn, facts.group);
}

/** The judge has it no longer. */
export function removeGroup(turn: Turn, id: string): void {
  const { state } = turn;
  const group = state.groups.get(id);
  if (group === undefined) return;
  for (const target of [...group.targets]) dropTarget(turn, target);
  state.groups.delete(id);
  if (state.byRow.get(group.facts.row) === group) state.byRow.delete(group.facts.row);
  sayGroupLeft(turn, id);
}

/** This node made its first upstream connection in the cluster. */
export function seeTraffic(turn: Turn, row: number): void {
  const group = turn.state.byRow.get(row);
  if (group === undefined || group.hasOwnTraffic) return;
  group.hasOwnTraffic = true;
  sayGroup(turn, group.facts.group, true);
  refreshGroup(turn, group.facts.group);
}

/** Who may check it, and who has traffic there, have changed perhaps: every target of it is considered again. */
export function refreshGroup(turn: Turn, id: string): void {
  const { state } = turn;
  const group = state.groups.get(id);
  if (group === undefined) return;
  group.candidates = candidatesOf(state, id);
  group.version++;
  updateTraffic(turn, group);
  for (const target of group.targets) turn.consider(target);
}

/** This node's rank for a target: 0 is first; Infinity: it is not to check it. */
export function rankFor(state: MeshState, target: Target): number {
  const { group } = target;
  if (target.rankVersion !== group.version) {
    target.rankVersion = group.version;
    const isCandidate = group.candidates.includes(state.self);
    target.rank = isCandidate ? rankOf(state.self, group.candidates, target.hash) : Number.POSITIVE_INFINITY;
  }
  return target.rank;
}

/** Whether a peer comes before this node for a target. */
export function precedes(state: MeshState, member: Member, target: Target): boolean {
  if (state.mode !== "serving") return true;
  if (member.phase === "leaving") return false;
  const isHealth = member.roles.includes("health");
  if (isHealth !== state.self.roles.includes("health")) return isHealth;
  return isBefore(member, state.self, target.hash);
}

/**
 * Live nodes of role health that have the group; where there are none, those without. Those that join count already: of many that start
 * together each leaves the others' share to them, and the ladder takes over what they do not begin.
 */
function candidatesOf(state: MeshState, group: string): Member[] {
  const all: Member[] = state.mode === "serving" ? [state.self] : [];
  if (!state.isAlone) {
    for (const member of state.members.values()) {
      if (member.life !== "gone" && member.phase !== "leaving" && member.groups.has(group)) all.push(member);
    }
  }
  const checkers = all.filter(({ roles }) => roles.includes("health"));
  return checkers.length > 0 ? checkers : all;
}

function updateTraffic(turn: Turn, group: Group): void {
  const { members } = turn.state;
  const { group: id, row, intervalMs, noTrafficIntervalMs } = group.facts;
  let hasTraffic = group.hasOwnTraffic;
  for (const member of members.values()) {
    if (member.life !== "gone" && member.groups.get(id) === true) hasTraffic = true;
  }
  if (hasTraffic === group.hasTraffic) return;
  group.hasTraffic = hasTraffic;
  group.intervalMs = hasTraffic ? intervalMs : noTrafficIntervalMs;
  turn.order({ type: "set-traffic", row, hasTraffic });
}
