// Endpoints whose answers carry x-envoy-degraded: picked only when the others do not suffice, for as long as an ejection would last. As
// Envoy's detect_degraded_hosts: apart from ejections, without limits or chance, and no active check ends it.
import { HealthFlag } from "../../../telemetry/health-table.ts";
import { add, isServed, jitter, nextBackoff, writeEjection, writeUnejection } from "./ejection.ts";
import type { OutlierEffect } from "./outlier-effects.ts";
import {
  type Degradation,
  type OutlierCluster,
  type OutlierHost,
  type OutlierState,
  rulesOf,
} from "./outlier-state.ts";

/** One that was never degraded, or was by a predecessor of this thread: then its time begins now. */
export function newDegradation(isOn: boolean, nowMs: number): Degradation {
  return { isOn, backoff: isOn ? 1 : 0, jitterMs: 0, beganAtMs: isOn ? nowMs : -1, endedAtMs: -1 };
}

/** An answer of the endpoint said that it is degraded. */
export function degrade(
  state: OutlierState,
  cluster: OutlierCluster,
  host: OutlierHost,
  nowMs: number,
): OutlierEffect[] {
  const { degradation, slot } = host;
  if (degradation.isOn) return [];
  const rules = rulesOf(state, cluster);
  degradation.isOn = true;
  degradation.beganAtMs = nowMs;
  degradation.jitterMs = jitter(state, rules);
  degradation.backoff = nextBackoff(rules, degradation.backoff);
  return [
    add(cluster.statName, "ejections_detected_degradation"),
    { type: "change-flags", row: cluster.row, slot, raise: HealthFlag.DegradedOutlierDetection, lower: 0 },
    ...writeEjection(state, cluster, host, {
      event: "DEGRADED",
      details: { kind: "consecutive" },
      enforced: true,
      nowMs,
    }),
  ];
}

/** An interval ends: those whose time is over are degraded no more, and who was well is so for a shorter time if it ever is again. */
export function endDegradations(state: OutlierState, cluster: OutlierCluster, nowMs: number): OutlierEffect[] {
  const rules = rulesOf(state, cluster);
  const effects: OutlierEffect[] = [];
  for (const host of cluster.hosts.values()) {
    const { degradation } = host;
    if (!degradation.isOn) {
      const isQuiet = degradation.endedAtMs >= 0 && nowMs - degradation.endedAtMs >= rules.intervalMs;
      if (isQuiet && degradation.backoff > 0) degradation.backoff--;
    } else if (isServed(rules, { ...degradation, sinceMs: degradation.beganAtMs }, nowMs)) {
      degradation.isOn = false;
      degradation.endedAtMs = nowMs;
      effects.push(lowered(cluster, host), ...writeUnejection(state, cluster, host, nowMs));
    }
  }
  return effects;
}

/** Takes the flag of an endpoint back that is not watched any more. */
export function forgetDegradation(cluster: OutlierCluster, host: OutlierHost): OutlierEffect[] {
  return host.degradation.isOn ? [lowered(cluster, host)] : [];
}

function lowered({ row }: OutlierCluster, { slot }: OutlierHost): OutlierEffect {
  return { type: "change-flags", row, slot, raise: 0, lower: HealthFlag.DegradedOutlierDetection };
}
