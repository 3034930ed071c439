// What this node concludes of a target from the observations that count, and what it tells its judge and others of it.
import type { EndpointStanding } from "../../../messages/checking.ts";
import { isObserved, isProbed, lapseMs } from "./cover.ts";
import type { Entry, Member, Target } from "./entities.ts";
import { announceAgreement, announceVerdict } from "./health-events.ts";
import { unheardUntilMs } from "./hearing.ts";
import { lostMs } from "./members.ts";
import type { MeshState } from "./mesh-state.ts";
import type { Turn } from "./turn.ts";

/** Decides it; when it is another, the judge raises and lowers flags, and owners say so. When to look again. */
export function decideVerdict(turn: Turn, target: Target): number {
  const { state, nowMs } = turn;
  if (state.mode === "silent" || state.mode === "joining") return Number.POSITIVE_INFINITY;
  const seen = observersOf(turn, target);
  if (seen.length >= 2) target.pairMs = nowMs;
  else if (target.isPaired) target.pairMs = nowMs;
  target.isPaired = seen.length >= 2;
  const { standing, againMs } = conclude(turn, target, seen);
  const { own } = target;
  const isOwner = own !== null && own.hold === "claim" && own.standing !== null && own.member.isSpeaking;
  const before = target.meshStanding;
  target.meshStanding = standing;
  take(turn, target, isOwner ? own.standing : standing);
  announceVerdict(turn, target, before, seen);
  announceAgreement(turn, target);
  return againMs;
}

/** What everybody would conclude who does not probe it. */
function conclude(
  turn: Turn,
  target: Target,
  seen: readonly Entry[],
): { readonly standing: EndpointStanding | null; readonly againMs: number } {
  const againMs = Number.POSITIVE_INFINITY;
  const bad = seen.filter(({ standing }) => standing === "unhealthy").length;
  if (bad >= Math.min(2, turn.state.options.owners)) {
    target.isHearsay = false;
    return { standing: "unhealthy", againMs };
  }
  if (bad === 1 && seen.length === 1) {
    const isNew = target.meshStanding === null;
    const aloneMs = isNew ? completeMs(turn, target) : countsAloneMs(turn, target, seen[0] as Entry);
    if (turn.nowMs < aloneMs) return { standing: target.meshStanding, againMs: aloneMs };
    target.isHearsay = isNew;
    return { standing: "unhealthy", againMs: isNew ? countsAloneMs(turn, target, seen[0] as Entry) : againMs };
  }
  if (seen.length > 0) target.isHearsay = false;
  if (seen.some(({ standing }) => standing === "degraded")) return { standing: "degraded", againMs };
  if (seen.some(({ standing }) => standing === "healthy")) return { standing: "healthy", againMs };
  return { standing: target.meshStanding, againMs };
}

/**
 * When a single observer is believed: at once where nobody else could look, else when nobody has covered the target for long, nor claimed
 * it meanwhile: who has begun to look is about to say what it sees. Whoever lives and was not heard out may cover it.
 */
function countsAloneMs({ state, nowMs }: Turn, target: Target, { member }: Entry): number {
  const { candidates, facts, intervalMs } = target.group;
  if (nowMs < unheardUntilMs(state, member)) return nowMs + HEARING_LOOK_MS;
  const others = candidates.some((one) => one !== member && (one === state.self || state.members.has(one.node)));
  if (!others && !isBackSooner(state, member)) return nowMs;
  // What was not heard while this node was away says nothing.
  const coveredMs = Math.max(target.pairMs, state.busSinceMs, ...betterUntilMs(state, target, member));
  const aloneMs = coveredMs + intervalMs + 2 * facts.timeoutMs;
  // Claims made later are not waited for: those that come to nothing, one after another, would put it off for ever.
  const claimed = target.entries.filter(
    (entry) => entry.standing === null && entry.sinceMs < aloneMs && isProbed(target, entry, nowMs),
  );
  return Math.max(aloneMs, ...claimed.map((entry) => lapseMs(target, entry)));
}

/** Until when each of those may still look who saw it better than `one` and are not heard now: three beats may be lost, one after another. */
function betterUntilMs(state: MeshState, { entries, own }: Target, one: Member): number[] {
  const better = entries.filter(
    (entry) => entry.member !== one && entry !== own && entry.hold === "claim" && isBetter(entry.standing),
  );
  return better.map(({ member }) => lostMs(state, member));
}

function isBetter(standing: EndpointStanding | null): boolean {
  return standing !== null && standing !== "unhealthy";
}

/** Whether this node was away, and of those who check only `one` has been heard since it is back. */
function isBackSooner({ members, busSinceMs }: MeshState, one: Member): boolean {
  return [...members.values()].some(
    (member) => member !== one && !member.hasLeft && member.roles.includes("health") && member.heardMs < busSinceMs,
  );
}

/** A newcomer takes a single word when it has heard out all peers, or has waited long enough for them. */
function completeMs({ state, nowMs }: Turn, { group }: Target): number {
  const warmMs = state.joinedMs + group.intervalMs + group.facts.timeoutMs;
  for (const { life, gapMs } of state.members.values()) {
    if (life === "live" && gapMs !== Number.POSITIVE_INFINITY && nowMs < warmMs) return Math.min(warmMs, nowMs + 100);
  }
  return nowMs;
}

/** Observations that count. One that is only kept does as long as too few of those who took over have seen the target. */
function observersOf({ state }: Turn, target: Target): Entry[] {
  const seen = target.entries.filter((entry) => isObserved(state, entry));
  if (!state.options.rules.cover) return seen;
  const probing = seen.filter(({ hold }) => hold === "claim").length;
  return probing < state.options.owners ? seen : seen.filter(({ hold }) => hold !== "kept");
}

function take(turn: Turn, target: Target, standing: EndpointStanding | null): void {
  if (standing === null || (standing === target.standing && target.isTold)) return;
  if (target.standing === null) turn.state.unknown--;
  if (target.standing !== standing) turn.count("verdicts");
  target.standing = standing;
  target.isTold = true;
  turn.order({ type: "set-standing", slot: target.slot, standing });
}

/** While somebody else is to be heard out. */
const HEARING_LOOK_MS = 200;
