// What this node shows of an endpoint in a mesh: flags, gauges, event log and log follow the verdict, save that an answer with
// x-envoy-immediate-health-check-fail keeps it out here. Called by mesh-behaviour.ts.
import type { EndpointStanding } from "../../../messages/checking.ts";
import { HealthFlag } from "../../../telemetry/health-table.ts";
import { CHECK_FLAGS, shift } from "../checked-endpoints.ts";
import type { HealthEvent } from "../event-text.ts";
import type { HealthEffect } from "../health-effects.ts";
import type { CheckedEndpoint, HealthState } from "../health-state.ts";
import { type Failure, log, PASSIVE, writeEvent } from "../outcomes.ts";
import type { Target } from "./mesh-checks.ts";
import { hear } from "./targets.ts";

/** The mesh's word on an endpoint. */
export function setStanding(
  state: HealthState,
  target: Target,
  standing: EndpointStanding,
  nowMs: number,
): HealthEffect[] {
  const effects: HealthEffect[] = [];
  const isFirst = target.verdict === null;
  target.verdict = standing;
  adoptStray(state, target, effects);
  show(state, target, { isFirst, failure: target.lastFailure ?? ELSEWHERE }, nowMs, effects);
  hear(target.endpoint, effects);
  return effects;
}

/** So many answers of an endpoint on this node say that it is to be taken out at once. */
export function failImmediately(state: HealthState, target: Target, count: number, nowMs: number): HealthEffect[] {
  const effects: HealthEffect[] = [];
  const check = target.endpoint.cluster.checks.at(-1);
  for (let i = 0; i < count && check !== undefined; i++) {
    effects.push(check.counts.failure, check.counts.passive_failure);
  }
  target.isFailedImmediately = true;
  show(state, target, { isFirst: false, failure: PASSIVE }, nowMs, effects);
  effects.push({ type: "report-check", report: { type: "failed-immediately", slot: target.endpoint.facts.slot } });
  return effects;
}

/** Enough passes were seen since: it is what the mesh says again. */
export function endImmediateFailure(state: HealthState, target: Target, nowMs: number): HealthEffect[] {
  const effects: HealthEffect[] = [];
  target.isFailedImmediately = false;
  show(state, target, { isFirst: false, failure: ELSEWHERE }, nowMs, effects);
  return effects;
}

/** A worker raised the flag, and its word of it is on its way or was lost with the worker. */
function adoptStray(state: HealthState, target: Target, effects: HealthEffect[]): void {
  const { slot } = target.endpoint.facts;
  if (target.isFailedImmediately || (state.senses.flagsOf(slot) & HealthFlag.ExcludedViaImmediateHcFail) === 0) return;
  target.isFailedImmediately = true;
  effects.push({ type: "report-check", report: { type: "failed-immediately", slot } });
}

function show(
  state: HealthState,
  target: Target,
  why: { readonly isFirst: boolean; readonly failure: Failure },
  nowMs: number,
  effects: HealthEffect[],
): void {
  const { endpoint, isFailedImmediately, verdict } = target;
  const wasFailed = endpoint.failing > 0;
  const wasDegraded = endpoint.degraded > 0;
  const isFailed = isFailedImmediately || verdict === null || verdict === "unhealthy";
  const isDegraded = !isFailed && verdict === "degraded";
  moveSessions(endpoint, isFailed, isDegraded, effects);
  const isTimeout = isFailed && why.failure.type === "NETWORK_TIMEOUT";
  changeFlags(state, target, { isFailed, isDegraded, isTimeout }, effects);
  if (isFailed !== wasFailed) tellChange(state, endpoint, isFailed, why, nowMs, effects);
  if (isDegraded !== wasDegraded) {
    writeOnce(state, endpoint, { kind: isDegraded ? "degraded_healthy_host" : "no_longer_degraded_host" }, effects);
  }
}

/** The gauges, with the resting sessions that they count. */
function moveSessions(
  endpoint: CheckedEndpoint,
  isFailed: boolean,
  isDegraded: boolean,
  effects: HealthEffect[],
): void {
  const { cluster, sessions } = endpoint;
  const { total } = cluster;
  if (total !== null && endpoint.failing > 0 !== isFailed) shift(total, "healthy", isFailed ? -1 : 1, effects);
  if (total !== null && endpoint.degraded > 0 !== isDegraded) shift(total, "degraded", isDegraded ? 1 : -1, effects);
  for (const session of sessions) {
    const { tally } = session.check;
    if (session.isFailed !== isFailed) shift(tally, "healthy", isFailed ? -1 : 1, effects);
    if (session.isDegraded !== isDegraded) shift(tally, "degraded", isDegraded ? 1 : -1, effects);
    session.isFailed = isFailed;
    session.isDegraded = isDegraded;
    session.passes = 0;
    session.failures = 0;
  }
  endpoint.failing = isFailed ? sessions.length : 0;
  endpoint.degraded = isDegraded ? sessions.length : 0;
}

function changeFlags(
  state: HealthState,
  { endpoint, verdict, isFailedImmediately }: Target,
  is: { readonly isFailed: boolean; readonly isDegraded: boolean; readonly isTimeout: boolean },
  effects: HealthEffect[],
): void {
  const { cluster, facts } = endpoint;
  const before = state.senses.flagsOf(facts.slot);
  const wanted =
    (is.isFailed ? HealthFlag.FailedActiveHc : 0) |
    (is.isDegraded ? HealthFlag.DegradedActiveHc : 0) |
    (is.isTimeout ? HealthFlag.ActiveHcTimeout : 0) |
    (isFailedImmediately ? HealthFlag.ExcludedViaImmediateHcFail : 0) |
    (verdict === null ? before & HealthFlag.PendingActiveHc : 0);
  const raise = wanted & ~before;
  const lower = before & CHECK_FLAGS & ~wanted;
  if (raise !== 0 || lower !== 0)
    effects.push({ type: "change-flags", row: cluster.row, slot: facts.slot, raise, lower });
}

function tellChange(
  state: HealthState,
  endpoint: CheckedEndpoint,
  isFailed: boolean,
  { isFirst, failure }: { readonly isFirst: boolean; readonly failure: Failure },
  nowMs: number,
  effects: HealthEffect[],
): void {
  const { type, httpStatus, reason } = failure;
  const event: HealthEvent = isFailed
    ? { kind: "eject_unhealthy_event", failure: type, httpStatus }
    : { kind: "add_healthy_event", isFirst };
  writeOnce(state, endpoint, event, effects);
  const session = endpoint.sessions[0];
  if (session === undefined || isFirst) return;
  log(state, session, isFailed ? `unhealthy: ${reason}` : "healthy again", nowMs, effects);
}

/** Which of several checks it was is not known: the first that has an event log writes it. */
function writeOnce(state: HealthState, endpoint: CheckedEndpoint, event: HealthEvent, effects: HealthEffect[]): void {
  const session = endpoint.sessions.find(({ check }) => check.plan.eventLogPaths.length > 0);
  if (session !== undefined) writeEvent(state, session, event, effects);
}

/** Not this node's own probe. */
const ELSEWHERE: Failure = { type: "ACTIVE", isCounted: true, httpStatus: 0, reason: "so the mesh says" };
