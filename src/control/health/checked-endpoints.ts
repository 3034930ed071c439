// Begins and ends the checking of an endpoint: its sessions, their probes and timers, and the gauges that count them.
// Called by health-behaviour.ts.
import type { ClusterPlan } from "../../config/plan/cluster.ts";
import type { EndpointFacts } from "../../config/plan/endpoint-set.ts";
import type { HealthCheckPlan } from "../../config/plan/health-check.ts";
import { HealthFlag } from "../../telemetry/health-table.ts";
import type { HealthCounter, HealthEffect, HealthGauge } from "./health-effects.ts";
import type { CheckedCluster, CheckedEndpoint, CheckGroup, HealthState, Session, Tally } from "./health-state.ts";
import { firstDelayMs } from "./next-interval.ts";
import { FIRST_PROBES, paced } from "./pace.ts";

/** What active checks say of an endpoint; lowered when they have no more to say. */
export const CHECK_FLAGS: number =
  HealthFlag.FailedActiveHc |
  HealthFlag.DegradedActiveHc |
  HealthFlag.PendingActiveHc |
  HealthFlag.ExcludedViaImmediateHcFail |
  HealthFlag.ActiveHcTimeout;

/** A cluster with checks and nobody to check yet. */
export function newCluster(state: HealthState, plan: ClusterPlan, effects: HealthEffect[]): CheckedCluster {
  const prefix = `cluster.${plan.statName}.health_check.`;
  const checks = plan.healthChecks.map((check) => newGroup(state, prefix, check, effects));
  const total = checks.length > 1 ? tallyOf(state, "cluster", prefix, effects) : null;
  const row = state.sets.get(plan.name)?.row ?? -1;
  const endpoints = new Map<number, CheckedEndpoint>();
  return { plan, row, checks, total, endpoints, version: 0, warming: "unseen", awaited: 0 };
}

/** Takes an endpoint to check. The flags that it has are adopted: a thread that begins again changes no verdict. */
export function open(
  state: HealthState,
  cluster: CheckedCluster,
  facts: EndpointFacts,
  effects: HealthEffect[],
): CheckedEndpoint {
  const flags = state.senses.flagsOf(facts.slot);
  const isFailed = (flags & HealthFlag.FailedActiveHc) !== 0;
  const isDegraded = (flags & HealthFlag.DegradedActiveHc) !== 0;
  const sessions: Session[] = [];
  const count = cluster.checks.length;
  const endpoint: CheckedEndpoint = {
    cluster,
    facts,
    sessions,
    unheard: count,
    failing: isFailed ? count : 0,
    degraded: isDegraded ? count : 0,
    isAwaited: false,
  };
  cluster.endpoints.set(facts.slot, endpoint);
  if (cluster.total !== null) {
    if (!isFailed) shift(cluster.total, "healthy", 1, effects);
    if (isDegraded) shift(cluster.total, "degraded", 1, effects);
  }
  for (const check of cluster.checks) {
    const session = newSession(state, endpoint, check, { isFailed, isDegraded });
    sessions.push(session);
    state.byProbe.set(session.probe, session);
    state.byTimer.set(session.timer, session);
    if (!isFailed) shift(check.tally, "healthy", 1, effects);
    if (isDegraded) shift(check.tally, "degraded", 1, effects);
  }
  return endpoint;
}

/** Begins to probe an endpoint that was taken. */
export function begin(state: HealthState, endpoint: CheckedEndpoint, nowMs: number, effects: HealthEffect[]): void {
  for (const session of endpoint.sessions) {
    effects.push(openProbe(session));
    beginFirst(state, session, nowMs, effects);
  }
}

/** Makes the probe of a session. */
export function openProbe({ probe, endpoint, check }: Session): HealthEffect {
  const { cluster, facts } = endpoint;
  return { type: "open-probe", probe, target: { cluster: cluster.plan, endpoint: facts, check: check.plan } };
}

/** Ends the checking of an endpoint. Its flags stay: its slot may be somebody else's soon. */
export function close(state: HealthState, endpoint: CheckedEndpoint, effects: HealthEffect[]): void {
  const { cluster, facts, sessions } = endpoint;
  cluster.endpoints.delete(facts.slot);
  if (cluster.total !== null) {
    if (endpoint.failing === 0) shift(cluster.total, "healthy", -1, effects);
    if (endpoint.degraded > 0) shift(cluster.total, "degraded", -1, effects);
  }
  for (const session of sessions) {
    state.byProbe.delete(session.probe);
    state.byTimer.delete(session.timer);
    if (!session.isFailed) shift(session.check.tally, "healthy", -1, effects);
    if (session.isDegraded) shift(session.check.tally, "degraded", -1, effects);
    effects.push({ type: "disarm-timer", timer: session.timer }, { type: "close-probe", probe: session.probe });
  }
  settle(endpoint, effects);
}

/** The warming of its cluster waits for this endpoint no longer. */
export function settle(endpoint: CheckedEndpoint, effects: HealthEffect[]): void {
  if (!endpoint.isAwaited) return;
  endpoint.isAwaited = false;
  const { cluster } = endpoint;
  cluster.awaited--;
  if (cluster.awaited === 0) reportWarmed(cluster, effects);
}

/** Waits for every endpoint that the cluster has now and that has had no outcome. */
export function awaitFirstOutcomes(cluster: CheckedCluster, effects: HealthEffect[]): void {
  cluster.warming = "waiting";
  cluster.awaited = 0;
  for (const endpoint of cluster.endpoints.values()) {
    endpoint.isAwaited = endpoint.unheard > 0;
    if (endpoint.isAwaited) cluster.awaited++;
  }
  if (cluster.awaited === 0) reportWarmed(cluster, effects);
}

/** Moves one gauge by one. */
export function shift(tally: Tally, gauge: HealthGauge, by: 1 | -1, effects: HealthEffect[]): void {
  tally[gauge] += by;
  effects.push(gaugeEffect(tally, gauge));
}

function reportWarmed(cluster: CheckedCluster, effects: HealthEffect[]): void {
  cluster.warming = "warm";
  effects.push({ type: "report-warmed", cluster: cluster.plan.name, version: cluster.version });
}

function newGroup(state: HealthState, prefix: string, plan: HealthCheckPlan, effects: HealthEffect[]): CheckGroup {
  const own = plan.name === "" ? prefix : `${prefix}name.${plan.name}.`;
  const count = (counter: HealthCounter): HealthEffect => Object.freeze({ type: "count", prefix: own, counter });
  const counts = {
    attempt: count("attempt"),
    success: count("success"),
    failure: count("failure"),
    network_failure: count("network_failure"),
    passive_failure: count("passive_failure"),
    verify_cluster: count("verify_cluster"),
  };
  return { plan, tally: tallyOf(state, "check", own, effects), counts };
}

function tallyOf(state: HealthState, of: Tally["of"], prefix: string, effects: HealthEffect[]): Tally {
  let tally = state.tallies.get(`${of} ${prefix}`);
  if (tally === undefined) {
    tally = { of, prefix, healthy: 0, degraded: 0 };
    state.tallies.set(`${of} ${prefix}`, tally);
    effects.push(gaugeEffect(tally, "healthy"), gaugeEffect(tally, "degraded"));
  }
  return tally;
}

function gaugeEffect(tally: Tally, gauge: HealthGauge): HealthEffect {
  return { type: "set-gauge", of: tally.of, prefix: tally.prefix, gauge, value: tally[gauge] };
}

/** A session that nobody has heard of yet. */
export function newSession(
  state: HealthState,
  endpoint: CheckedEndpoint,
  check: CheckGroup,
  adopted: { readonly isFailed: boolean; readonly isDegraded: boolean },
): Session {
  const probe = ++state.opened;
  const timer = `probe ${probe}`;
  return {
    endpoint,
    check,
    probe,
    timer,
    isRunning: false,
    ...adopted,
    isHeard: false,
    passes: 0,
    failures: 0,
    begin: [check.counts.attempt, Object.freeze({ type: "start-probe", probe })],
    wait: { type: "arm-timer", timer, delayMs: 0 },
  };
}

/** The first probe of a session: at once unless there is a crowd. */
export function beginFirst(state: HealthState, session: Session, nowMs: number, effects: HealthEffect[]): void {
  state.firstProbesMs = paced(FIRST_PROBES, state.firstProbesMs, nowMs);
  const delayMs = Math.max(firstDelayMs(session.check.plan, state.senses), state.firstProbesMs - nowMs);
  if (delayMs > 0) {
    effects.push({ type: "arm-timer", timer: session.timer, delayMs });
    return;
  }
  session.isRunning = true;
  effects.push(...session.begin);
}
