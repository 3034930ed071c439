// Passive evidence: what requests say of an endpoint before its next probe does. A node sends it as doubt, seldom; those who probe the
// endpoint look at once, and stop listening to who doubts in vain.
import type { CheckReport } from "../../../messages/checking.ts";
import type { Change } from "../wire/messages.ts";
import { extraSpacingMs } from "./cover.ts";
import type { Doubter, Member, Target } from "./entities.ts";
import { say } from "./own-log.ts";
import type { Turn } from "./turn.ts";

/** This node's own requests found something. */
export function sendDoubt(turn: Turn, target: Target, evidence: Doubted["evidence"]): void {
  const { nowMs } = turn;
  if (target.standing === "unhealthy" || nowMs < target.doubtedMs + extraSpacingMs(target)) return;
  target.doubtedMs = nowMs;
  turn.count("doubts_sent");
  say(turn, { type: "doubt", group: target.group.facts.group, target: target.id, evidence });
  wonder(turn, target, turn.state.self.node);
}

/** A peer doubts a target. */
export function hearDoubt(turn: Turn, member: Member, change: Change & { readonly type: "doubt" }): void {
  const target = turn.state.targets.get(change.group + change.target);
  if (target === undefined || target.standing === "unhealthy") return;
  const { ignoredUntilMs = 0 } = target.doubters.get(member.node) ?? {};
  if (turn.nowMs < ignoredUntilMs) turn.count("doubts_ignored");
  else wonder(turn, target, member.node);
}

/** What the probe for a doubt said. */
export function settleDoubt(turn: Turn, target: Target, node: string, passed: boolean): void {
  const held = target.doubters.get(node);
  if (!passed) {
    if (held !== undefined) target.doubters.delete(node);
    return;
  }
  const doubter: Doubter = held ?? { answered: 0, ignoredUntilMs: 0 };
  if (held === undefined && target.doubters.size < DOUBTERS_MAX) target.doubters.set(node, doubter);
  if (++doubter.answered < VAIN_MAX) return;
  doubter.answered = 0;
  doubter.ignoredUntilMs = turn.nowMs + 10 * target.group.intervalMs;
}

/** Only who probes the target looks. */
function wonder(turn: Turn, target: Target, node: string): void {
  if (target.own?.hold !== "claim" || target.pending !== null) return;
  target.doubter = node;
  turn.consider(target);
}

type Doubted = CheckReport & { readonly type: "doubted" };

/** Doubts answered by success before their sender is not heard for a while. */
const VAIN_MAX = 3;

/** Nodes whose doubts about one target are counted. */
const DOUBTERS_MAX = 64;
