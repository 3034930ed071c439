// How long an endpoint waits for its next probe. The choice is made when the last one has ended: traffic that begins later does not
// shorten a wait, and slow probes drift, as Envoy's do.
import type { Random } from "../../base/random.ts";
import type { HealthCheckPlan } from "../../config/plan/health-check.ts";
import type { Transition } from "./standing.ts";

/** Milliseconds from the end of a probe to the next one. Without traffic there are no edge intervals. */
export function nextIntervalMs(
  check: HealthCheckPlan,
  last: { readonly passed: boolean; readonly transition: Transition; readonly hasTraffic: boolean },
  random: Random,
): number {
  return jittered(check, baseMs(check, last), random);
}

/** The delay of an endpoint's first probe: 0 without initial_jitter. */
export function firstDelayMs(check: HealthCheckPlan, random: Random): number {
  if (check.initialJitterMs === 0) return 0;
  return Math.max(1, random.below(check.initialJitterMs));
}

function baseMs(check: HealthCheckPlan, last: Parameters<typeof nextIntervalMs>[1]): number {
  const isEdge = last.transition === "pending";
  if (!last.hasTraffic) {
    return last.passed && !isEdge ? check.noTrafficHealthyIntervalMs : check.noTrafficIntervalMs;
  }
  if (last.passed) return isEdge ? check.healthyEdgeIntervalMs : check.intervalMs;
  return isEdge ? check.unhealthyEdgeIntervalMs : check.unhealthyIntervalMs;
}

function jittered(check: HealthCheckPlan, plainMs: number, random: Random): number {
  const share = Math.floor((check.intervalJitterPercent * plainMs) / 100);
  let ms = plainMs;
  if (share > 0) ms += random.below(share);
  if (check.intervalJitterMs > 0) ms += random.below(check.intervalJitterMs);
  return Math.max(1, ms);
}
