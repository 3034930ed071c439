// One node's mesh for people who look at it: reads the state of mesh-behaviour.ts and changes nothing. Called by the mesh actor.
import type { EndpointStanding } from "../../../messages/checking.ts";
import type { MeshRuntimeView } from "../../../messages/mesh-runtime.ts";
import type {
  EndpointView,
  GroupView,
  HeardEvent,
  MemberView,
  MeshView,
  MeshViewAsk,
  ObservationView,
} from "../../../messages/mesh-view.ts";
import { isObserved, isProbed } from "../state/cover.ts";
import type { Entry, Group, Member, Target } from "../state/entities.ts";
import { digestOf } from "../state/holdings.ts";
import { loadReporter } from "../state/load-reporter.ts";
import type { MeshState } from "../state/mesh-state.ts";
import { isBefore } from "../state/rank.ts";

/** The view at `nowMs`, the clock that the state was stepped with. */
export function meshView(
  state: MeshState,
  nowMs: number,
  ask: MeshViewAsk,
  runtime: MeshRuntimeView | null = null,
  events: readonly HeardEvent[] = [],
): MeshView {
  const { self, members, options } = state;
  const others = [...members.values()].sort((a, b) => (a.node < b.node ? -1 : 1));
  const chosen = [...state.groups.values()].filter(({ facts }) => ask.cluster === "" || facts.cluster === ask.cluster);
  let left = ask.endpointsMax;
  let endpointsLeftOut = 0;
  const groups: GroupView[] = [];
  for (const group of chosen) {
    const shown = Math.min(left, group.targets.size);
    left -= shown;
    endpointsLeftOut += group.targets.size - shown;
    groups.push(groupView(state, group, nowMs, shown));
  }
  return {
    node: self.node,
    instance: self.instance,
    epoch: self.epoch,
    phase: state.mode,
    isReady: state.isReady,
    reason: state.reason,
    isAlone: state.isAlone,
    isBusUp: state.isBusUp,
    busAgeMs: ageOf(state.busSinceMs, nowMs) ?? 0,
    owners: options.owners,
    loadReporter: loadReporter(state, null),
    members: [memberView(self, nowMs, true), ...others.map((member) => memberView(member, nowMs, false))],
    groups,
    endpointsLeftOut,
    runtime,
    events,
  };
}

function memberView(member: Member, nowMs: number, isSelf: boolean): MemberView {
  return {
    node: member.node,
    life: isSelf ? "self" : member.hasLeft ? "left" : member.life,
    phase: member.phase,
    roles: member.roles,
    zone: member.zone,
    adminAddress: member.adminAddress,
    instance: member.instance,
    epoch: member.epoch,
    beatAgeMs: ageOf(member.heardMs, nowMs),
    judgeAgeMs: ageOf(member.judgeMs, nowMs),
    isCovering: member.isSpeaking,
    isResigned: member.isResigned,
    changeNumber: member.applied,
    digest: digestOf(member),
    isComplete: member.gapMs === Number.POSITIVE_INFINITY,
    groups: member.groups.size,
    entries: member.entries.size,
  };
}

function groupView(state: MeshState, group: Group, nowMs: number, shown: number): GroupView {
  const { facts, targets, candidates, intervalMs, hasTraffic } = group;
  const standings = { healthy: 0, degraded: 0, unhealthy: 0, unknown: 0 };
  let probedHere = 0;
  for (const target of targets) {
    standings[target.standing ?? "unknown"]++;
    if (target.isOrdered) probedHere++;
  }
  return {
    group: facts.group,
    cluster: facts.cluster,
    intervalMs,
    hasTraffic,
    candidates: candidates.map(({ node }) => node),
    standings,
    probedHere,
    endpoints: Array.from(targets.values().take(shown), (target) => endpointView(state, target, nowMs)),
  };
}

function endpointView(state: MeshState, target: Target, nowMs: number): EndpointView {
  const { group, entries, hash } = target;
  const byRank = [...group.candidates].sort((a, b) => (isBefore(a, b, hash) ? -1 : 1));
  return {
    address: target.address,
    target: target.id,
    standing: target.standing ?? "unknown",
    meshStanding: target.meshStanding ?? "unknown",
    owners: byRank.slice(0, state.options.owners).map(({ node }) => node),
    probers: entries.filter((entry) => isProbed(target, entry, nowMs)).map(({ member }) => member.node),
    reason: target.isOrdered ? target.reason : "",
    damping: target.damping?.factor ?? 1,
    observations: entries.map((entry) => observationView(state, entry, nowMs)),
  };
}

function observationView(state: MeshState, entry: Entry, nowMs: number): ObservationView {
  const standing: EndpointStanding | "none" = entry.standing ?? "none";
  const { hold, cause, member, probedMs } = entry;
  const isOwn = member === state.self;
  const counts = isObserved(state, entry);
  return { node: member.node, hold, standing, cause, isOwn, ageMs: ageOf(probedMs, nowMs), counts };
}

/** Null: never. */
function ageOf(sinceMs: number, nowMs: number): number | null {
  return Number.isFinite(sinceMs) ? Math.max(0, Math.round(nowMs - sinceMs)) : null;
}
