// Which of the things said of a target count: for the ladder (who probes it) and for the verdict (who has seen it lately).
import type { Entry, Target } from "./entities.ts";
import type { MeshState } from "./mesh-state.ts";

/** Whether the entry's node probes the target: it claims it, and is in a position to. */
export function isProbed(target: Target, entry: Entry, nowMs: number): boolean {
  if (entry.hold !== "claim" || !entry.member.isSpeaking) return false;
  return entry.standing !== null || nowMs < lapseMs(target, entry);
}

/** Whether what the node saw counts. */
export function isObserved(state: MeshState, entry: Entry): boolean {
  return entry.standing !== null && (entry.member.isSpeaking || !state.options.rules.cover);
}

/** When a claim without an observation is worth nothing any more. */
export function lapseMs({ group }: Target, { sinceMs }: Entry): number {
  return sinceMs + group.intervalMs + group.facts.timeoutMs + CLAIM_EXTRA_MS;
}

/** How long an owner's last probe is good for. */
export function freshMs(target: Target): number {
  const { facts, intervalMs } = target.group;
  return Math.max(target.nextInMs, intervalMs) + facts.timeoutMs + FRESH_EXTRA_MS;
}

/** How far probes out of turn are apart, for one target. */
export function extraSpacingMs({ group }: Target): number {
  return Math.max(1_000, group.intervalMs / 4);
}

/** A claim's time for its first probe beyond interval and timeout. */
const CLAIM_EXTRA_MS = 1_000;

/** A probe may come so much later than interval and timeout say. */
const FRESH_EXTRA_MS = 2_000;
