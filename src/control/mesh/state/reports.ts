// What the judge says: groups and endpoints that come and go, outcomes of probes, evidence from requests, and that it lives.
import type { CheckReport } from "../../../messages/checking.ts";
import { type Probed, takeConfirming } from "./confirming.ts";
import { damped, noDamping } from "./damping.ts";
import { sendDoubt, settleDoubt } from "./doubts.ts";
import type { Target } from "./entities.ts";
import { addGroup, removeGroup, seeTraffic } from "./groups.ts";
import { countPass, failImmediately, noteEjection } from "./immediate.ts";
import { JUDGE_HUNG_MS, updateSpeaking } from "./members.ts";
import { sayEntry } from "./own-log.ts";
import { beginTrial, comparePrivately, tryAgain } from "./resigning.ts";
import { addTargets, dropTarget } from "./targets.ts";
import type { Turn } from "./turn.ts";

/** Takes what the judge says; whatever it is, the judge lives. */
export function takeReports(turn: Turn, reports: readonly CheckReport[]): void {
  turn.state.isJudgeKnown = true;
  noteJudge(turn);
  for (const report of reports) take(turn, report);
}

function take(turn: Turn, report: CheckReport): void {
  const { state } = turn;
  switch (report.type) {
    case "group-added":
      addGroup(turn, report.facts);
      return;
    case "group-removed":
      removeGroup(turn, report.group);
      return;
    case "targets-added": {
      const group = state.groups.get(report.group);
      if (group !== undefined) addTargets(turn, group, report.targets);
      return;
    }
    case "targets-removed":
      for (const slot of report.slots) withTarget(turn, slot, (target) => dropTarget(turn, target));
      return;
    case "probed":
      withTarget(turn, report.slot, (target) => takeProbe(turn, target, report));
      return;
    case "doubted":
      withTarget(turn, report.slot, (target) => sendDoubt(turn, target, report.evidence));
      return;
    case "failed-immediately":
      withTarget(turn, report.slot, (target) => failImmediately(turn, target));
      return;
    case "traffic-seen":
      seeTraffic(turn, report.row);
      return;
    case "judge-alive":
      return;
    case "ejection-changed":
      withTarget(turn, report.slot, (target) => noteEjection(turn, target, report.isEjected));
      return;
  }
}

function noteJudge(turn: Turn): void {
  const { state, nowMs } = turn;
  state.self.judgeMs = nowMs;
  updateSpeaking(turn, state.self);
  turn.at(state.alarms.judge, nowMs + JUDGE_HUNG_MS);
}

function withTarget(turn: Turn, slot: number, then: (target: Target) => void): void {
  const target = turn.state.bySlot.get(slot);
  if (target !== undefined) then(target);
}

function takeProbe(turn: Turn, target: Target, report: Probed): void {
  const { nowMs } = turn;
  target.probedMs = nowMs;
  if (target.own !== null) target.own.probedMs = nowMs;
  if (report.nextInMs > 0) target.nextInMs = report.nextInMs;
  target.reason = report.reason;
  countPass(turn, target, report.passed);
  turn.consider(target);
  const { pending } = target;
  if (pending !== null && report.ask === pending.ask) {
    target.pending = null;
    if (pending.question !== null) {
      takeConfirming(turn, target, pending.question, report);
      return;
    }
    if (pending.doubter !== null) settleDoubt(turn, target, pending.doubter, report.passed);
  } else if (report.ask !== 0) return;
  if (target.isPrivate) {
    comparePrivately(turn, target, report.passed);
    return;
  }
  if (report.ask === 0) {
    if (!target.isOrdered) return; // it had begun when it was told to end
    tryAgain(turn, target, report.passed);
    if (target.isPrivate) return;
  } else if (target.own?.hold !== "claim") return;
  observe(turn, target, report);
}

/** What this node sees as an owner. */
function observe(turn: Turn, target: Target, report: Probed): void {
  const { state, nowMs } = turn;
  const { own, probedMs } = target;
  let { standing } = report;
  if (state.options.flapDamping) {
    target.damping ??= noDamping(nowMs);
    standing = damped(target.damping, target.group.facts, report, nowMs);
  }
  if (own?.hold === "claim" && own.standing === standing) return;
  // A new owner's first probe that leaves the endpoint as the mesh has it is no transition.
  const isKnown = own?.standing === undefined || own.standing === null;
  const isFirst = report.cause === "first" || report.cause === "confirm";
  const cause = isFirst ? "first" : isKnown && standing === target.standing ? "started" : report.cause;
  sayEntry(turn, target, { hold: "claim", standing, cause, probedMs });
  const isFound = cause === "scheduled" || cause === "doubt";
  if (isFound && standing === "unhealthy" && target.own !== null) beginTrial(turn, target, target.own.transition);
}
