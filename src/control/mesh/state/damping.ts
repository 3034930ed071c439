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
  calm(damping, facts, nowMs);
  damping.passes = probe.passed ? damping.passes + 1 : 0;
  const isHeldOut = damping.standing === "unhealthy" && damping.passes < damping.factor * facts.healthyThreshold;
  const standing = isHeldOut ? "unhealthy" : probe.standing;
  note(damping, facts, standing, nowMs);
  return standing;
}

/**
 * A probe for another's transition decides at once, passes or not: that one has had its passes. As in the judge a failure does not set
 * back who recovers; `changed`: it did not, this was news.
 */
export function dampedAnew(
  damping: Damping,
  facts: CheckGroupFacts,
  probe: { readonly standing: EndpointStanding; readonly changed: boolean },
  nowMs: number,
): void {
  calm(damping, facts, nowMs);
  if (probe.changed) damping.passes = 0;
  note(damping, facts, probe.standing, nowMs);
}

function note(damping: Damping, facts: CheckGroupFacts, standing: EndpointStanding, nowMs: number): void {
  const isFlap = damping.standing !== null && (standing === "unhealthy") !== (damping.standing === "unhealthy");
  damping.standing = standing;
  if (!isFlap) return;
  damping.times = [...damping.times.filter((ms) => nowMs - ms <= windowMs(facts)), nowMs];
  if (damping.times.length >= FLAPS) {
    damping.factor = Math.min(FACTOR_MAX, 2 * damping.factor);
    damping.times = [];
  }
  damping.sinceMs = nowMs;
}

/** Halved after each window without a transition. */
function calm(damping: Damping, facts: CheckGroupFacts, nowMs: number): void {
  while (damping.factor > 1 && nowMs - damping.sinceMs >= windowMs(facts)) {
    damping.factor /= 2;
    damping.sinceMs += windowMs(facts);
  }
}

function windowMs({ healthyThreshold, unhealthyThreshold, intervalMs }: CheckGroupFacts): number {
  return 4 * (healthyThreshold + unhealthyThreshold) * intervalMs;
}

/** Transitions within a window that double the factor. */
const FLAPS = 4;

/** Of the recovery threshold. */
const FACTOR_MAX = 8;
