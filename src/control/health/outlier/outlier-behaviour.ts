// Outlier detection as Envoy does it: ejects endpoints whose answers or connections fail, and lets them in again in time. Pure: flags,
// counters, timers and log lines are effects; the counts are read from shared memory. Runs beside the judge of active checks.
import type { Behaviour } from "../../../actor/behaviour.ts";
import type { Lane } from "../../../actor/mailbox.ts";
import { addressText } from "../../../config/plan/address.ts";
import type { ClusterPlan } from "../../../config/plan/cluster.ts";
import type { EndpointFacts } from "../../../config/plan/endpoint-set.ts";
import type { OutlierPlan } from "../../../config/plan/health-check.ts";
import type { OutlierKind } from "../../../messages/health.ts";
import { HealthFlag } from "../../../telemetry/health-table.ts";
import { OutlierCount } from "../../../telemetry/outlier-table.ts";
import { degrade, endDegradations, forgetDegradation, newDegradation } from "./degradation.ts";
import { add, ejectOutlier, isServed, unejectHost } from "./ejection.ts";
import type { OutlierEffect, OutlierMessage } from "./outlier-effects.ts";
import {
  newOutlierCluster,
  type OutlierCluster,
  type OutlierHost,
  type OutlierState,
  rulesOf,
} from "./outlier-state.ts";
import { judgeRates } from "./success-rate.ts";

/** The outlier detector. */
export const outlierDetection: Behaviour<OutlierState, OutlierMessage, OutlierEffect> = {
  name: "outlier-detection",
  laneOf,
  step(state, message, nowMs) {
    switch (message.type) {
      case "plan-assigned":
        state.logPath = message.outlierLogPath;
        return assign(state, message.clusters, nowMs);
      case "endpoints-changed":
        return message.updates.flatMap(({ cluster }) => follow(state, cluster, nowMs));
      case "outlier-suspected":
        return suspect(state, message, nowMs);
      case "active-check-passed":
        return passed(state, message.row, message.slot, nowMs);
      case "timer-fired":
        return tick(state, message.timer, nowMs);
      case "stop":
        return [...state.clusters.keys()].map(disarm);
    }
  },
};

function laneOf(message: OutlierMessage): Lane {
  if (message.type === "stop") return "stop";
  return message.type === "plan-assigned" || message.type === "timer-fired" ? "supervision" : "work";
}

/** A cluster that is in both plans keeps its ejections, though its thresholds may be others now. */
function assign(state: OutlierState, plans: readonly ClusterPlan[], nowMs: number): OutlierEffect[] {
  const wanted = new Set(plans.filter(({ outlier }) => outlier !== null).map(({ name }) => name));
  const gone = [...state.clusters.values()].filter(({ name }) => !wanted.has(name));
  const dropped = gone.flatMap((cluster) => drop(state, cluster));
  return [
    ...dropped,
    ...plans.flatMap((plan) => (plan.outlier === null ? [] : watch(state, plan, plan.outlier, nowMs))),
  ];
}

function watch(
  state: OutlierState,
  { name, statName }: ClusterPlan,
  plan: OutlierPlan,
  nowMs: number,
): OutlierEffect[] {
  const held = state.clusters.get(name);
  if (held === undefined) {
    const cluster = newOutlierCluster(name, statName, plan);
    state.clusters.set(name, cluster);
    return [add(statName, "ejections_active", 0), arm(state, cluster), ...follow(state, name, nowMs)];
  }
  const moved = add(held.statName, "ejections_active", -held.ejected);
  const isSamePace = held.plan.intervalMs === plan.intervalMs;
  held.statName = statName;
  held.plan = plan;
  return [moved, add(statName, "ejections_active", held.ejected), ...(isSamePace ? [] : [arm(state, held)])];
}

/** Its endpoints stay, so nobody is ejected from now on. */
function drop(state: OutlierState, cluster: OutlierCluster): OutlierEffect[] {
  state.clusters.delete(cluster.name);
  state.byRow.delete(cluster.row);
  return [disarm(cluster.name), ...[...cluster.hosts.values()].flatMap((host) => forget(state, cluster, host))];
}

/** Endpoints of a cluster may have come or gone. */
function follow(state: OutlierState, name: string, nowMs: number): OutlierEffect[] {
  const cluster = state.clusters.get(name);
  const set = state.senses.setOf(name);
  if (cluster === undefined || set === undefined) return [];
  state.byRow.delete(cluster.row);
  cluster.row = set.row;
  state.byRow.set(set.row, cluster);
  const left = [...cluster.hosts.values()].filter(({ slot, address }) => {
    const facts = set.endpoints.get(slot);
    return facts === undefined || addressText(facts.address) !== address;
  });
  const forgotten = left.flatMap((host) => forget(state, cluster, host));
  const added = [...set.endpoints.values()].filter(({ slot }) => !cluster.hosts.has(slot));
  return [...forgotten, ...added.flatMap((facts) => adopt(state, cluster, facts, nowMs))];
}

/** Begins to watch an endpoint. One that is ejected was so by this thread's predecessor, which died: it serves its time from now on. */
function adopt(state: OutlierState, cluster: OutlierCluster, facts: EndpointFacts, nowMs: number): OutlierEffect[] {
  const { slot } = facts;
  const flags = state.senses.flagsOf(slot);
  const isEjected = (flags & HealthFlag.FailedOutlierCheck) !== 0;
  const host: OutlierHost = {
    slot,
    address: addressText(facts.address),
    isEjected,
    ejections: isEjected ? 1 : 0,
    backoff: isEjected ? 1 : 0,
    jitterMs: 0,
    ejectedAtMs: isEjected ? nowMs : -1,
    unejectedAtMs: -1,
    degradation: newDegradation((flags & HealthFlag.DegradedOutlierDetection) !== 0, nowMs),
  };
  cluster.hosts.set(slot, host);
  if (!isEjected) return OUTLIER_KINDS.flatMap((kind) => suspectUnheard(state, cluster, slot, kind, nowMs));
  cluster.ejected++;
  return [add(cluster.statName, "ejections_active")];
}

/** A threshold was reached while nobody listened: workers say it once. */
function suspectUnheard(
  state: OutlierState,
  cluster: OutlierCluster,
  slot: number,
  kind: keyof typeof CONSECUTIVE,
  nowMs: number,
): OutlierEffect[] {
  const { count, threshold } = CONSECUTIVE[kind];
  const failures = state.senses.table.read(slot, count);
  if (failures === 0) return [];
  const bound = rulesOf(state, cluster)[threshold];
  return bound > 0 && failures >= bound ? suspect(state, { row: cluster.row, slot, kind }, nowMs) : [];
}

function forget(state: OutlierState, cluster: OutlierCluster, host: OutlierHost): OutlierEffect[] {
  cluster.hosts.delete(host.slot);
  state.senses.table.clear(host.slot);
  const degradation = forgetDegradation(cluster, host);
  if (!host.isEjected) return degradation;
  cluster.ejected--;
  const { row, statName } = cluster;
  const lower = HealthFlag.FailedOutlierCheck;
  return [
    ...degradation,
    add(statName, "ejections_active", -1),
    { type: "change-flags", row, slot: host.slot, raise: 0, lower },
  ];
}

function suspect(
  state: OutlierState,
  { row, slot, kind }: { readonly row: number; readonly slot: number; readonly kind: OutlierKind },
  nowMs: number,
): OutlierEffect[] {
  const cluster = state.byRow.get(row);
  const host = cluster?.hosts.get(slot);
  if (cluster === undefined || host === undefined) return [];
  if (kind === "degradation") return degrade(state, cluster, host, nowMs);
  // Of an endpoint that is ejected the count goes on, and is reset when it is let in again.
  if (host.isEjected) return [];
  const effects = ejectOutlier(state, cluster, host, { kind, details: { kind: "consecutive" } }, nowMs);
  if (kind === "consecutive_5xx") effects.push(add(cluster.statName, "ejections_consecutive_5xx"));
  // Whether ejected or not, so that the next row of failures is seen.
  state.senses.table.reset(slot, CONSECUTIVE[kind].count);
  return effects;
}

function passed(state: OutlierState, row: number, slot: number, nowMs: number): OutlierEffect[] {
  const cluster = state.byRow.get(row);
  const host = cluster?.hosts.get(slot);
  if (cluster === undefined || host === undefined || !host.isEjected) return [];
  if (!cluster.plan.successfulActiveCheckUnejects) return [];
  const isFailed = (state.senses.flagsOf(slot) & HealthFlag.FailedActiveHc) !== 0;
  return isFailed ? [] : unejectHost(state, cluster, host, nowMs);
}

/** An interval ends: who has served is let in, rates are judged, and who was quiet is ejected for a shorter time if it ever is again. */
function tick(state: OutlierState, name: string, nowMs: number): OutlierEffect[] {
  const cluster = state.clusters.get(name);
  if (cluster === undefined) return [];
  const { hosts } = cluster;
  const rules = rulesOf(state, cluster);
  const served = [...hosts.values()].filter(
    (host) => host.isEjected && isServed(rules, { ...host, sinceMs: host.ejectedAtMs }, nowMs),
  );
  const effects = [
    arm(state, cluster),
    ...served.flatMap((host) => unejectHost(state, cluster, host, nowMs)),
    ...endDegradations(state, cluster, nowMs),
    ...judgeRates(state, cluster, "external", nowMs),
    ...judgeRates(state, cluster, "local", nowMs),
  ];
  for (const host of hosts.values()) {
    if (host.isEjected || host.backoff === 0 || host.unejectedAtMs < 0) continue;
    if (nowMs - host.unejectedAtMs >= rules.intervalMs) host.backoff--;
  }
  return effects;
}

function arm(state: OutlierState, cluster: OutlierCluster): OutlierEffect {
  return { type: "arm-timer", timer: cluster.name, delayMs: rulesOf(state, cluster).intervalMs };
}

function disarm(name: string): OutlierEffect {
  return { type: "disarm-timer", timer: name };
}

const OUTLIER_KINDS = [
  "consecutive_gateway_failure",
  "consecutive_5xx",
  "consecutive_local_origin_failure",
] as const satisfies readonly (keyof typeof CONSECUTIVE)[];

const CONSECUTIVE = {
  consecutive_5xx: { count: OutlierCount.Consecutive5xx, threshold: "consecutive5xx" },
  consecutive_gateway_failure: {
    count: OutlierCount.ConsecutiveGatewayFailure,
    threshold: "consecutiveGatewayFailure",
  },
  consecutive_local_origin_failure: {
    count: OutlierCount.ConsecutiveLocalOriginFailure,
    threshold: "consecutiveLocalOriginFailure",
  },
} as const;
