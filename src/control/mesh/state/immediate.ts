// x-envoy-immediate-health-check-fail holds an endpoint out on this node alone. It ends after as many passes as recovery needs, seen from
// any owner: own passes are counted; of a peer's, which are not told one by one, the time that they take.
import type { Target } from "./entities.ts";
import type { Turn } from "./turn.ts";

/** The judge has raised the flag. */
export function failImmediately(turn: Turn, target: Target): void {
  target.immediate = { passes: 0, sinceMs: Number.POSITIVE_INFINITY };
  turn.consider(target);
}

/** A probe of this node has ended. */
export function countPass(turn: Turn, target: Target, passed: boolean): void {
  const { immediate } = target;
  if (immediate === null) return;
  immediate.passes = passed ? immediate.passes + 1 : 0;
  if (immediate.passes >= target.group.facts.healthyThreshold) end(turn, target);
}

/** Ends it when the mesh has seen the target well for long enough. When to look again. */
export function decideImmediate(turn: Turn, target: Target): number {
  const { immediate, group, own } = target;
  if (immediate === null) return Number.POSITIVE_INFINITY;
  const isWell = target.meshStanding !== null && target.meshStanding !== "unhealthy";
  const isCovered = target.entries.some(({ standing, member }) => standing !== null && member.isSpeaking);
  if (!isWell || !isCovered || own?.hold === "claim") {
    immediate.sinceMs = Number.POSITIVE_INFINITY;
    return Number.POSITIVE_INFINITY;
  }
  immediate.sinceMs = Math.min(immediate.sinceMs, turn.nowMs);
  const endMs = immediate.sinceMs + group.facts.healthyThreshold * group.intervalMs + group.facts.timeoutMs;
  if (turn.nowMs < endMs) return endMs;
  end(turn, target);
  return Number.POSITIVE_INFINITY;
}

function end(turn: Turn, target: Target): void {
  target.immediate = null;
  turn.order({ type: "end-immediate-failure", slot: target.slot });
}
