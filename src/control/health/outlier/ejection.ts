// Ejecting an endpoint and letting it in again: limits, chance, times, counters and the event log, as Envoy's DetectorImpl does them.
import type { OutlierPlan } from "../../../config/plan/health-check.ts";
import { HealthFlag } from "../../../telemetry/health-table.ts";
import type { OutlierStat } from "../../../telemetry/outlier-stats.ts";
import { OutlierCount } from "../../../telemetry/outlier-table.ts";
import type { OutlierEffect } from "./outlier-effects.ts";
import { type OutlierDetails, type OutlierEvent, outlierEventText } from "./outlier-event.ts";
import { type OutlierCluster, type OutlierHost, type OutlierState, rulesOf } from "./outlier-state.ts";

/** Why an endpoint is an outlier, as in the names of the counters. */
export type EjectionKind = keyof typeof KINDS;

/** An endpoint was found to be an outlier: counts it, and ejects when the limits and the enforcing share let it. */
export function ejectOutlier(
  state: OutlierState,
  cluster: OutlierCluster,
  host: OutlierHost,
  found: { readonly kind: EjectionKind; readonly details: OutlierDetails },
  nowMs: number,
): OutlierEffect[] {
  const { kind } = found;
  const { statName } = cluster;
  const rules = rulesOf(state, cluster);
  const effects: OutlierEffect[] = [add(statName, `ejections_detected_${kind}`)];
  if (!mayEject(rules, cluster)) return [...effects, add(statName, "ejections_overflow")];
  // Deprecated by Envoy, and counted whether enforced or not.
  if (kind === "consecutive_5xx" || kind === "success_rate") effects.push(add(statName, "ejections_total"));
  const enforced = state.senses.random.below(100) < rules[KINDS[kind].enforcing];
  // One that failed by its success rate may fail by its percentage in the same interval: it is ejected once.
  if (enforced && host.isEjected) return effects;
  if (enforced) effects.push(...takeOut(state, cluster, host, { kind, rules, nowMs }));
  const { event } = KINDS[kind];
  effects.push(...writeEjection(state, cluster, host, { event, details: found.details, enforced, nowMs }));
  return effects;
}

/** Lets an ejected endpoint in again. */
export function unejectHost(
  state: OutlierState,
  cluster: OutlierCluster,
  host: OutlierHost,
  nowMs: number,
): OutlierEffect[] {
  const { slot } = host;
  const { table } = state.senses;
  host.isEjected = false;
  cluster.ejected--;
  // One that is nearly at another threshold would else be ejected again by very few errors.
  table.reset(slot, OutlierCount.Consecutive5xx);
  table.reset(slot, OutlierCount.ConsecutiveGatewayFailure);
  table.reset(slot, OutlierCount.ConsecutiveLocalOriginFailure);
  host.unejectedAtMs = nowMs;
  return [
    add(cluster.statName, "ejections_active", -1),
    { type: "change-flags", row: cluster.row, slot, raise: 0, lower: HealthFlag.FailedOutlierCheck },
    tellEjection(cluster, host, ""),
    ...writeUnejection(state, cluster, host, nowMs),
  ];
}

/** Whether the time of an ejection is over. */
export function isServed(
  rules: OutlierPlan,
  { backoff, jitterMs, sinceMs }: { readonly backoff: number; readonly jitterMs: number; readonly sinceMs: number },
  nowMs: number,
): boolean {
  return Math.min(rules.baseEjectionTimeMs * backoff, rules.maxEjectionTimeMs) + jitterMs <= nowMs - sinceMs;
}

/** What the base time is multiplied by from now on. */
export function nextBackoff({ baseEjectionTimeMs, maxEjectionTimeMs }: OutlierPlan, backoff: number): number {
  return backoff * baseEjectionTimeMs < maxEjectionTimeMs + baseEjectionTimeMs ? backoff + 1 : backoff;
}

/** A random addition to the time, so that not all come back at once. */
export function jitter({ senses }: OutlierState, { maxEjectionTimeJitterMs }: OutlierPlan): number {
  return senses.random.below(maxEjectionTimeJitterMs + 1);
}

/** An effect that adds to a counter. */
export function add(statName: string, stat: OutlierStat, amount: number = 1): OutlierEffect {
  return { type: "add", statName, stat, amount };
}

/** Of all endpoints of the cluster, whatever their priority; there is no endpoint that is always ejected unless the file says so. */
function mayEject(rules: OutlierPlan, { hosts, ejected }: OutlierCluster): boolean {
  if (rules.alwaysEjectOneHost && ejected === 0) return true;
  return (100 * (ejected + 1)) / hosts.size <= Math.min(100, rules.maxEjectionPercent);
}

function takeOut(
  state: OutlierState,
  cluster: OutlierCluster,
  host: OutlierHost,
  why: { readonly kind: EjectionKind; readonly rules: OutlierPlan; readonly nowMs: number },
): OutlierEffect[] {
  const { row, statName } = cluster;
  const { kind, rules, nowMs } = why;
  host.isEjected = true;
  cluster.ejected++;
  host.ejections++;
  host.ejectedAtMs = nowMs;
  host.jitterMs = jitter(state, rules);
  host.backoff = nextBackoff(rules, host.backoff);
  return [
    add(statName, "ejections_active"),
    add(statName, "ejections_enforced_total"),
    add(statName, `ejections_enforced_${kind}`),
    { type: "change-flags", row, slot: host.slot, raise: HealthFlag.FailedOutlierCheck, lower: 0 },
    tellEjection(cluster, host, KINDS[kind].event),
  ];
}

function tellEjection({ name }: OutlierCluster, host: OutlierHost, kind: string): OutlierEffect {
  const { slot, address, isEjected, ejections } = host;
  return { type: "tell-ejection", slot, cluster: name, address, isEjected, kind, ejections };
}

/** Writes that an endpoint was ejected or degraded. */
export function writeEjection(
  state: OutlierState,
  cluster: OutlierCluster,
  host: OutlierHost,
  why: {
    readonly event: string;
    readonly details: OutlierDetails;
    readonly enforced: boolean;
    readonly nowMs: number;
  },
): OutlierEffect[] {
  const { event: type, details, enforced, nowMs } = why;
  const { unejectedAtMs } = host;
  return writeEvent(state, cluster, host, {
    type,
    action: "EJECT",
    sinceLastActionMs: unejectedAtMs < 0 ? -1 : nowMs - unejectedAtMs,
    enforced,
    details,
  });
}

/** Writes that either is over. */
export function writeUnejection(
  state: OutlierState,
  cluster: OutlierCluster,
  host: OutlierHost,
  nowMs: number,
): OutlierEffect[] {
  return writeEvent(state, cluster, host, {
    type: KINDS.consecutive_5xx.event,
    action: "UNEJECT",
    sinceLastActionMs: host.ejectedAtMs < 0 ? -1 : nowMs - host.ejectedAtMs,
    enforced: false,
    details: null,
  });
}

function writeEvent(
  { logPath: path, senses }: OutlierState,
  cluster: OutlierCluster,
  { address, ejections }: OutlierHost,
  event: Pick<OutlierEvent, "type" | "action" | "sinceLastActionMs" | "enforced" | "details">,
): OutlierEffect[] {
  if (path === "") return [];
  const text = outlierEventText({ ...event, wallMs: senses.wallMs(), cluster: cluster.name, address, ejections });
  return [{ type: "write-event", path, text }];
}

/** Envoy's name of each kind in the event log, and the plan's share of detections that are acted on. */
const KINDS = {
  consecutive_5xx: { event: "CONSECUTIVE_5XX", enforcing: "enforcingConsecutive5xx" },
  consecutive_gateway_failure: {
    event: "CONSECUTIVE_GATEWAY_FAILURE",
    enforcing: "enforcingConsecutiveGatewayFailure",
  },
  consecutive_local_origin_failure: {
    event: "CONSECUTIVE_LOCAL_ORIGIN_FAILURE",
    enforcing: "enforcingConsecutiveLocalOriginFailure",
  },
  success_rate: { event: "SUCCESS_RATE", enforcing: "enforcingSuccessRate" },
  local_origin_success_rate: { event: "SUCCESS_RATE_LOCAL_ORIGIN", enforcing: "enforcingLocalOriginSuccessRate" },
  failure_percentage: { event: "FAILURE_PERCENTAGE", enforcing: "enforcingFailurePercentage" },
  local_origin_failure_percentage: {
    event: "FAILURE_PERCENTAGE_LOCAL_ORIGIN",
    enforcing: "enforcingFailurePercentageLocalOrigin",
  },
} as const;
