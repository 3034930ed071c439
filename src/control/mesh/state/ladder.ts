// Whether this node probes a target. The first ranks begin at once; a later one when too few before it have for a while; it stops when
// enough before it have begun. A start is claimed before its first probe, so that the next ones on the ladder stay where they are.
import type { EndpointStanding } from "../../../messages/checking.ts";
import { type Pace, paced } from "../../health/pace.ts";
import { freshMs, isProbed, lapseMs } from "./cover.ts";
import type { Entry, Target } from "./entities.ts";
import { precedes, rankFor } from "./groups.ts";
import { heardOutMs } from "./hearing.ts";
import { sayEntry, sayReleased } from "./own-log.ts";
import type { Turn } from "./turn.ts";

/** Decides it, and does it. When to look again. */
export function decideProbing(turn: Turn, target: Target): number {
  if (target.isPrivate) return NEVER;
  const before = survey(turn, target);
  if (target.own?.hold === "claim") return holdClaim(turn, target, before);
  if (target.own !== null) letHeldGo(turn, target, before);
  const startMs = decideStart(turn, target, before);
  return Math.min(startMs, before.changesMs, heldUntilMs(target));
}

/** Its judge stops probing it. */
export function stopProbing(turn: Turn, target: Target): void {
  if (!target.isOrdered) return;
  target.isOrdered = false;
  turn.order({ type: "end-checks", slot: target.slot });
}

/** What better ranks do about a target. */
interface Survey {
  /** They probe it, or are about to. */
  readonly claimed: number;
  /** They probe it and have seen it. */
  readonly observed: number;
  /** They see it as this node does. */
  readonly agreeing: number;
  /** Worse ranks probe it, or are about to. */
  readonly behind: number;
  /** Somebody at all, of any rank, probes it. */
  readonly isCovered: boolean;
  /** The last claim among all ranks but this one, by rank: who would make room. */
  readonly last: Entry | null;
  /** How many make enough. */
  readonly enough: number;
  /** When the first claim lapses. */
  readonly changesMs: number;
}

function survey({ state, nowMs }: Turn, target: Target): Survey {
  let claimed = 0;
  let observed = 0;
  let agreeing = 0;
  let behind = 0;
  let isCovered = false;
  let last: Entry | null = null;
  let changesMs = NEVER;
  for (const entry of target.entries) {
    if (entry === target.own || !isProbed(target, entry, nowMs)) continue;
    isCovered = true;
    if (entry.standing === null) changesMs = Math.min(changesMs, lapseMs(target, entry));
    if (!precedes(state, entry.member, target)) {
      behind++;
      last = entry;
      continue;
    }
    claimed++;
    if (entry.standing === null) continue;
    observed++;
    if (entry.standing === target.own?.standing) agreeing++;
  }
  const { owners } = state.options;
  // Who only stands in, a leaving node or one without the role while others have it, makes room for as many as there are.
  const standsIn = state.mode === "leaving" || rankFor(state, target) === NEVER;
  const enough = standsIn ? Math.min(owners, target.group.candidates.length) : owners;
  return { claimed, observed, agreeing, behind, isCovered, last, enough, changesMs };
}

/** This node probes it, and says so. */
function holdClaim(turn: Turn, target: Target, before: Survey): number {
  const own = target.own as Entry;
  const { nowMs } = turn;
  if (before.claimed >= before.enough) {
    const firstMs = underWayMs(target, own);
    if (nowMs >= target.firstDueMs && nowMs < firstMs) return Math.min(firstMs, before.changesMs);
    stopProbing(turn, target);
    turn.count("handovers");
    target.takenOverMs = NEVER;
    if (own.standing === null) sayReleased(turn, target);
    else sayEntry(turn, target, { ...own, hold: "kept" });
    return nowMs;
  }
  if (own.standing === null) goOnLater(turn, target);
  // The judge does not do what it was told, or the thread was starved: what is not seen is not covered.
  const endMs = own.standing === null ? lapseMs(target, own) : target.probedMs + freshMs(target);
  if (nowMs < endMs) return Math.min(endMs, before.changesMs);
  sayReleased(turn, target);
  target.claimAfterMs = nowMs + target.group.intervalMs;
  return target.claimAfterMs;
}

/** Who made room told of a probe that this node did not know of: its own first one is a whole interval after that. */
function goOnLater(turn: Turn, target: Target): void {
  const { takenFrom, firstDueMs, group } = target;
  const dueMs = takenFrom === null ? NONE : takenFrom.probedMs + group.intervalMs;
  if (turn.nowMs >= firstDueMs || dueMs <= firstDueMs) return;
  target.firstDueMs = dueMs;
  const dueInMs = Math.max(0, Math.round(dueMs - turn.nowMs));
  turn.order({ type: "begin-checks", slot: target.slot, dueInMs, standing: target.standing });
}

/** Until when its first probe, once begun, is waited for: others have begun to rely on it, and may know nothing of the endpoint yet. */
function underWayMs(target: Target, { standing }: Entry): number {
  return standing === null ? target.firstDueMs + target.group.facts.timeoutMs + ANSWER_MS : NONE;
}

/** It holds an observation without probing: for those who take over, or as a confirmer. */
function letHeldGo(turn: Turn, target: Target, before: Survey): void {
  const own = target.own as Entry;
  const { nowMs } = turn;
  if (own.hold === "kept") {
    target.takenOverMs = before.observed < before.enough ? NEVER : Math.min(target.takenOverMs, nowMs);
    if (nowMs >= target.takenOverMs + KEPT_MS) sayReleased(turn, target);
  } else if (before.agreeing >= before.enough) sayReleased(turn, target);
  if (target.own !== null && nowMs >= heldUntilMs(target)) sayReleased(turn, target);
}

function heldUntilMs(target: Target): number {
  const { own, group } = target;
  if (own === null || own.hold === "claim") return NEVER;
  if (own.hold === "kept") return Math.min(target.takenOverMs + KEPT_MS, own.probedMs + freshMs(target));
  return own.sinceMs + group.intervalMs + group.facts.timeoutMs + CONFIRMED_MS;
}

/** Begins when it is this node's turn. When to look again. */
function decideStart(turn: Turn, target: Target, before: Survey): number {
  const { state, nowMs } = turn;
  const { owners } = state.options;
  const rank = rankFor(state, target);
  if (rank === NEVER || before.claimed >= owners) {
    target.scarceMs = NEVER;
    target.startMs = NEVER;
    if (target.own === null) stopProbing(turn, target);
    return NEVER;
  }
  if (target.isOrdered || !state.self.isSpeaking) return NEVER; // the next probe is said as it comes; a judge that hangs has to come back
  const heardMs = before.claimed + before.behind < owners ? heardOutMs(turn, target.group) : nowMs;
  if (nowMs < heardMs) {
    target.scarceMs = NEVER; // the ladder begins when it is known who stands on it
    return heardMs;
  }
  target.scarceMs = Math.min(target.scarceMs, nowMs);
  const stepMs = Math.max(250, Math.min(target.group.intervalMs / 4, 1_000));
  const waitMs = rank < owners ? 0 : target.group.facts.timeoutMs + LADDER_MS + (rank - owners) * stepMs;
  const wantedMs = Math.max(target.scarceMs + waitMs, target.claimAfterMs);
  if (nowMs < wantedMs) return wantedMs;
  if (nowMs < state.lookMs) return state.lookMs;
  if (target.startMs === NEVER) target.startMs = placeStart(turn, target, before);
  if (nowMs < target.startMs) return target.startMs;
  start(turn, target, before, waitMs > 0);
  return NEVER;
}

/** A crowd that would begin at once does so one after another. */
function placeStart(turn: Turn, target: Target, before: Survey): number {
  const { state, nowMs } = turn;
  if (before.isCovered || (state.isAlone && target.standing !== null)) return nowMs;
  const placeMs = paced(STARTS, state.startsMs, nowMs);
  state.startsMs = placeMs;
  return placeMs;
}

function start(turn: Turn, target: Target, before: Survey, isTakeover: boolean): void {
  const { state } = turn;
  const { own } = target;
  const standing = target.isHearsay ? null : target.standing;
  const { dueInMs, probedMs } = schedule(turn, target, before);
  // What it saw itself goes on to count only if it is recent, and what is thought today.
  const isRecent = own !== null && turn.nowMs - own.probedMs <= target.group.intervalMs;
  const seen: EndpointStanding | null = isRecent && own.standing === standing ? own.standing : null;
  target.startMs = NEVER;
  target.scarceMs = NEVER;
  target.isOrdered = true;
  target.firstDueMs = turn.nowMs + dueInMs;
  target.damping = null;
  if (isTakeover) turn.count("takeovers");
  turn.order({ type: "begin-checks", slot: target.slot, dueInMs, standing });
  if (!state.options.rules.claims) return;
  sayEntry(turn, target, { hold: "claim", standing: seen, cause: "started", probedMs });
}

/** When the first probe is due: where the one who makes room would have probed next; at once where nobody does. */
function schedule(
  { state, nowMs }: Turn,
  target: Target,
  before: Survey,
): { readonly dueInMs: number; readonly probedMs: number } {
  const { intervalMs } = target.group;
  const last = before.claimed + before.behind >= state.options.owners ? before.last : null;
  const probedMs = last === null ? (target.own?.probedMs ?? target.freedMs) : laneMs(last);
  target.takenFrom = last;
  const isUnknown = target.standing === null ? last?.standing !== null : target.isHearsay;
  if (isUnknown || !(before.isCovered || state.isAlone)) return { dueInMs: 0, probedMs };
  if (probedMs === NONE || state.isAlone) return { dueInMs: state.random.below(Math.ceil(intervalMs)), probedMs };
  const sinceMs = (nowMs - probedMs) % intervalMs;
  return { dueInMs: Math.max(0, Math.round(intervalMs - sinceMs)), probedMs };
}

/** A claim without a word of its probe is one that was just made, or will be within an interval. */
function laneMs({ probedMs, sinceMs }: Entry): number {
  return probedMs === NONE ? sinceMs : probedMs;
}

const NEVER = Number.POSITIVE_INFINITY;
const NONE = Number.NEGATIVE_INFINITY;

/** The first rank that is no owner waits so long beyond a timeout. */
const LADDER_MS = 300;

/** An outcome is heard of so long after a timeout at most. */
const ANSWER_MS = 200;

/** An observation is kept for so long after others have taken over. */
const KEPT_MS = 500;

/** A confirmer holds its observation for interval, timeout and this. */
const CONFIRMED_MS = 5_000;

/** Checks that begin at once: as many as may be in flight, then the rate that a thread is built for. */
const STARTS: Pace = { burst: 500, perSecond: 2_000 };
