// What holds an endpoint out on this node alone and ends with passes of active checks, whoever makes them: x-envoy-immediate-health-check-fail
// after as many as recovery needs, an ejection by outlier detection after one. Own passes are counted; of a peer's, which are not told one
// by one, the time that they take.
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

/** Outlier detection took the endpoint out on this node, or let it in again. */
export function noteEjection(turn: Turn, target: Target, isEjected: boolean): void {
  target.ejection = isEjected ? { sinceMs: Number.POSITIVE_INFINITY } : null;
  turn.consider(target);
}

/** Ends them when the mesh has seen the target well for long enough. When to look again. */
export function decideImmediate(turn: Turn, target: Target): number {
  const { immediate, ejection, group } = target;
  if (immediate === null && ejection === null) return Number.POSITIVE_INFINITY;
  const isWell = isSeenWell(target);
  let nextMs = Number.POSITIVE_INFINITY;
  if (immediate !== null) {
    const forMs = group.facts.healthyThreshold * group.intervalMs;
    const endMs = passedMs(immediate, isWell, turn.nowMs, forMs) + group.facts.timeoutMs;
    if (turn.nowMs >= endMs) end(turn, target);
    else nextMs = endMs;
  }
  if (ejection !== null) {
    const endMs = passedMs(ejection, isWell, turn.nowMs, group.intervalMs) + group.facts.timeoutMs;
    if (turn.nowMs < endMs) return Math.min(nextMs, endMs);
    target.ejection = null;
    turn.order({ type: "end-ejection", slot: target.slot });
  }
  return nextMs;
}

/** Whether others who cover it see it well, and this node does not probe it itself. */
function isSeenWell({ meshStanding, entries, own }: Target): boolean {
  if (meshStanding === null || meshStanding === "unhealthy" || own?.hold === "claim") return false;
  return entries.some(({ standing, member }) => standing !== null && member.isSpeaking);
}

/** When the passes that take so long have been made, if it is seen well until then. */
function passedMs(since: { sinceMs: number }, isWell: boolean, nowMs: number, forMs: number): number {
  since.sinceMs = isWell ? Math.min(since.sinceMs, nowMs) : Number.POSITIVE_INFINITY;
  return since.sinceMs + forMs;
}

function end(turn: Turn, target: Target): void {
  target.immediate = null;
  turn.order({ type: "end-immediate-failure", slot: target.slot });
}
