// How long an endpoint waits for its next probe. The choice is made when the last one has ended: traffic that begins later does not
// shorten a wait, and slow probes drift, as Envoy's do.
import type { Random } from "../../base/random.ts";
import type { HealthCheckPlan } from "../../config/plan/health-check.ts";
import { type RuntimeView, runtimeInteger } from "../../config/plan/runtime.ts";
import type { Transition } from "./standing.ts";

/** What bears on every interval. */
export interface IntervalSenses {
  readonly random: Random;
  readonly runtime: RuntimeView;
}

/** Milliseconds from the end of a probe to the next one. Without traffic there are no edge intervals. */
export function nextIntervalMs(
  check: HealthCheckPlan,
  last: { readonly passed: boolean; readonly transition: Transition; readonly hasTraffic: boolean },
  senses: IntervalSenses,
): number {
  return bounded(jittered(check, baseMs(check, last), senses.random), senses.runtime);
}

/** The delay of an endpoint's first probe: 0 without initial_jitter. */
export function firstDelayMs(check: HealthCheckPlan, { random, runtime }: IntervalSenses): number {
  if (check.initialJitterMs === 0) return 0;
  return bounded(random.below(check.initialJitterMs), runtime);
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
  return ms;
}

/** The runtime may hold all intervals of a node between two bounds; the lower one wins, and none is nothing. */
function bounded(ms: number, runtime: RuntimeView): number {
  const longest = runtimeInteger(runtime, "health_check.max_interval", Number.POSITIVE_INFINITY);
  return Math.max(1, Math.min(ms, longest), runtimeInteger(runtime, "health_check.min_interval", 0));
}
