// Flap damping: an endpoint that goes in and out again and again has to pass more often before it is in, up to eight times. Off unless told.
import type { CheckGroupFacts, EndpointStanding } from "../../../messages/checking.ts";
import type { Damping } from "./entities.ts";

/** No flap so far. */
export function noDamping(nowMs: number): Damping {
  return { times: [], factor: 1, sinceMs: nowMs, passes: 0, standing: null };
}

/**
 * What a probe that left the endpoint so comes to: `unhealthy` for as long as recovery needs more passes than the judge's own threshold,
 * which it has had when it says `healthy`.
 */
export function damped(
  damping: Damping,
  facts: CheckGroupFacts,
  probe: { readonly passed: boolean; readonly standing: EndpointStanding },
  nowMs: number,
): EndpointStanding {
  const windowMs = 4 * (facts.healthyThreshold + facts.unhealthyThreshold) * facts.intervalMs;
  calm(damping, windowMs, nowMs);
  damping.passes = probe.passed ? damping.passes + 1 : 0;
  const isHeldOut = damping.standing === "unhealthy" && damping.passes < damping.factor * facts.healthyThreshold;
  const standing = isHeldOut ? "unhealthy" : probe.standing;
  if (damping.standing !== null && (standing === "unhealthy") !== (damping.standing === "unhealthy")) {
    damping.times = [...damping.times.filter((ms) => nowMs - ms <= windowMs), nowMs];
    if (damping.times.length >= FLAPS) {
      damping.factor = Math.min(FACTOR_MAX, 2 * damping.factor);
      damping.times = [];
    }
    damping.sinceMs = nowMs;
  }
  damping.standing = standing;
  return standing;
}

/** Halved after each window without a transition. */
function calm(damping: Damping, windowMs: number, nowMs: number): void {
  while (damping.factor > 1 && nowMs - damping.sinceMs >= windowMs) {
    damping.factor /= 2;
    damping.sinceMs += windowMs;
  }
}

/** Transitions within a window that double the factor. */
const FLAPS = 4;

/** Of the recovery threshold. */
const FACTOR_MAX = 8;
