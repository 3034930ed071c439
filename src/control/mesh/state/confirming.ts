// Another node looks before a transition counts: the other owner makes one probe out of turn, or the next ranks do when no owner answers.
// Only what comes from scheduled or doubt probes is confirmed: never a first result, nor a confirming one.
import type { CheckReport } from "../../../messages/checking.ts";
import type { Change } from "../wire/messages.ts";
import { extraSpacingMs } from "./cover.ts";
import { dampedAnew } from "./damping.ts";
import type { Entry, Member, Question, Target } from "./entities.ts";
import { rankFor } from "./groups.ts";
import { announceAlone } from "./health-events.ts";
import { say, sayEntry } from "./own-log.ts";
import { denyTrial } from "./resigning.ts";
import type { Turn } from "./turn.ts";

/** An outcome of a probe. */
export type Probed = CheckReport & { readonly type: "probed" };

/** A peer sees a target otherwise than before. */
export function hearTransition(turn: Turn, target: Target, entry: Entry): void {
  const { state, nowMs } = turn;
  const { standing, transition, cause, member } = entry;
  if (standing === null || (cause !== "scheduled" && cause !== "doubt") || state.mode !== "serving") return;
  const { answered, own } = target;
  if (answered !== null && answered.observer === member.node && answered.transition === transition) return;
  if (own?.hold === "claim" && own.standing !== null) {
    const question: Question = { observer: member.node, transition, standing, dueMs: nowMs };
    if (own.standing === standing) answer(turn, target, question, true);
    else target.question = question;
  } else {
    const place = Math.max(0, rankFor(state, target) - state.options.owners) + 1;
    if (place > CONFIRMERS_MAX || target.isPrivate) return;
    const dueMs = nowMs + place * (target.group.facts.timeoutMs + 200);
    target.question = { observer: member.node, transition, standing, dueMs };
  }
  turn.consider(target);
}

/** Somebody has looked. */
export function hearAnswer(turn: Turn, member: Member, change: Change & { readonly type: "answer" }): void {
  const target = turn.state.targets.get(change.group + change.target);
  if (target === undefined) return;
  const { observer, transition } = change;
  target.answered = { observer, transition };
  const { question } = target;
  const isOwner = target.own?.hold === "claim" && target.own.standing !== null;
  if (!isOwner && question?.observer === observer && question.transition === transition) target.question = null;
  if (observer !== turn.state.self.node || member === turn.state.self) return;
  if (change.isConfirmed || target.own?.transition !== transition) return;
  denyTrial(target, transition);
  announceAlone(turn, target);
}

/** Probes for another's transition or a doubt when it is time to. When to look again. */
export function decideExtra(turn: Turn, target: Target): number {
  const { nowMs } = turn;
  const { question, pending } = target;
  if (pending !== null) {
    const endMs = pending.sinceMs + 2 * target.group.facts.timeoutMs + LOST_MS;
    if (nowMs < endMs) return endMs;
    target.pending = null; // the judge was restarted, or the endpoint has another slot
  }
  if (question === null && target.doubter === null) return Number.POSITIVE_INFINITY;
  const dueMs = Math.max(target.extraMs + extraSpacingMs(target), question?.dueMs ?? nowMs);
  if (nowMs < dueMs) return dueMs;
  if (question !== null && (isStale(target, question) || isKnown(turn, target, question))) {
    target.question = null;
    return decideExtra(turn, target);
  }
  const ask = ++turn.state.asks;
  target.pending = { ask, sinceMs: nowMs, question, doubter: question === null ? target.doubter : null };
  if (question === null) target.doubter = null;
  target.question = null;
  target.extraMs = nowMs;
  turn.order({ type: "check-once", slot: target.slot, ask, cause: question === null ? "doubt" : "confirm" });
  return nowMs + 2 * target.group.facts.timeoutMs + LOST_MS;
}

/** A probe for another's transition has ended. */
export function takeConfirming(turn: Turn, target: Target, question: Question, report: Probed): void {
  const { own, probedMs } = target;
  const { standing } = report;
  const isConfirmed = standing === question.standing;
  turn.count(isConfirmed ? "confirmations" : "contradictions");
  const hold = own?.hold === "claim" ? "claim" : "confirm";
  if (hold === "claim" && target.damping !== null) {
    dampedAnew(target.damping, target.group.facts, report, turn.nowMs);
  }
  sayEntry(turn, target, { hold, standing, cause: "confirm", probedMs });
  answer(turn, target, question, isConfirmed);
}

function answer(turn: Turn, target: Target, question: Question, isConfirmed: boolean): void {
  const { observer, transition } = question;
  target.answered = { observer, transition };
  const place = { group: target.group.facts.group, target: target.id };
  say(turn, { type: "answer", ...place, observer, transition, isConfirmed });
}

/** Its observer says otherwise by now, or nothing. */
function isStale(target: Target, { observer, transition }: Question): boolean {
  return !target.entries.some((entry) => entry.member.node === observer && entry.transition === transition);
}

/** This node probes it, and has seen the same by now: it just answers. */
function isKnown(turn: Turn, target: Target, question: Question): boolean {
  const { own } = target;
  if (own?.hold !== "claim" || own.standing !== question.standing) return false;
  answer(turn, target, question, true);
  return true;
}

/** Ranks that confirm when no owner answers. */
const CONFIRMERS_MAX = 2;

/** A probe out of turn that has no end after two timeouts and this was never made. */
const LOST_MS = 2_000;
