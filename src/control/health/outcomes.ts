// What an outcome changes: standing, flags, gauges, counters, events, and when the next probe comes. Called by health-behaviour.ts.
import { addressText } from "../../config/plan/address.ts";
import { HealthFlag } from "../../telemetry/health-table.ts";
import { settle, shift } from "./checked-endpoints.ts";
import { eventText, type FailureType, type HealthEvent } from "./event-text.ts";
import type { HealthEffect } from "./health-effects.ts";
import type { CheckedEndpoint, HealthState, Session } from "./health-state.ts";
import { nextIntervalMs } from "./next-interval.ts";
import { LOG_LINES, paced } from "./pace.ts";
import type { ProbeOutcome } from "./probe.ts";
import { fail, pass, type Transition } from "./standing.ts";

/** A probe has ended. */
export function judge(state: HealthState, session: Session, outcome: ProbeOutcome, nowMs: number): HealthEffect[] {
  const effects: HealthEffect[] = [];
  session.isRunning = false;
  if (outcome.verifiedCluster) effects.push(session.check.counts.verify_cluster);
  const passed = outcome.kind === "success" || outcome.kind === "degraded";
  const transition = passed
    ? takePass(state, session, outcome.kind === "degraded", nowMs, effects)
    : takeFailure(state, session, failureOf(outcome), nowMs, effects);
  const hasTraffic = state.senses.hasTraffic(session.endpoint.cluster.row);
  const delayMs = nextIntervalMs(session.check.plan, { passed, transition, hasTraffic }, state.senses);
  if (session.wait.delayMs !== delayMs) session.wait = { type: "arm-timer", timer: session.timer, delayMs };
  effects.push(session.wait);
  return effects;
}

/** So many responses of the endpoint carried x-envoy-immediate-health-check-fail. A probe that is due comes when it is due. */
export function failPassively(
  state: HealthState,
  endpoint: CheckedEndpoint,
  count: number,
  nowMs: number,
): HealthEffect[] {
  const effects: HealthEffect[] = [];
  // Envoy tells one checker of the cluster only.
  const session = endpoint.sessions.at(-1);
  for (let i = 0; i < count && session !== undefined; i++) takeFailure(state, session, PASSIVE, nowMs, effects);
  return effects;
}

/** A failure as Envoy classes it. */
export interface Failure {
  readonly type: FailureType;
  /** Counts up to the threshold. */
  readonly isCounted: boolean;
  readonly httpStatus: number;
  readonly reason: string;
}

function takePass(
  state: HealthState,
  session: Session,
  isDegraded: boolean,
  nowMs: number,
  effects: HealthEffect[],
): Transition {
  const { endpoint, check } = session;
  const isFirst = !session.isHeard;
  const wasWell = !session.isFailed;
  const change = new FlagChange(state, endpoint);
  let transition = pass(session, check.plan.healthyThreshold);
  if (transition === "changed") {
    endpoint.failing--;
    shift(check.tally, "healthy", 1, effects);
    const { total } = endpoint.cluster;
    if (total !== null && endpoint.failing === 0) shift(total, "healthy", 1, effects);
    change.lower |= HealthFlag.ActiveHcTimeout | HealthFlag.ExcludedViaImmediateHcFail;
    if (endpoint.failing === 0) change.lower |= HealthFlag.FailedActiveHc;
    writeEvent(state, session, { kind: "add_healthy_event", isFirst }, effects);
    if (!isFirst) log(state, session, `healthy again`, nowMs, effects);
  } else {
    if (check.plan.alwaysLogSuccess) writeEvent(state, session, { kind: "successful_health_check_event" }, effects);
    if (wasWell) dropStrayVerdict(session, change);
  }
  transition = hear(session, isFirst, change, transition);
  if (isDegraded !== session.isDegraded) takeDegraded(state, session, isDegraded, change, effects);
  effects.push(check.counts.success);
  change.give(effects);
  if (endpoint.unheard === 0) settle(endpoint, effects);
  return transition;
}

/** The gauge of one check never falls while the endpoint is there, as in Envoy; that over all checks does. */
function takeDegraded(
  state: HealthState,
  session: Session,
  isDegraded: boolean,
  change: FlagChange,
  effects: HealthEffect[],
): void {
  const { endpoint } = session;
  const { total } = endpoint.cluster;
  const before = endpoint.degraded > 0;
  session.isDegraded = isDegraded;
  endpoint.degraded += isDegraded ? 1 : -1;
  const after = endpoint.degraded > 0;
  if (isDegraded) shift(session.check.tally, "degraded", 1, effects);
  if (total !== null && before !== after) shift(total, "degraded", after ? 1 : -1, effects);
  if (after) change.raise |= HealthFlag.DegradedActiveHc;
  else change.lower |= HealthFlag.DegradedActiveHc;
  writeEvent(state, session, { kind: isDegraded ? "degraded_healthy_host" : "no_longer_degraded_host" }, effects);
}

function takeFailure(
  state: HealthState,
  session: Session,
  failure: Failure,
  nowMs: number,
  effects: HealthEffect[],
): Transition {
  const { endpoint, check } = session;
  const { type, httpStatus, isCounted, reason } = failure;
  const isFirst = !session.isHeard;
  const change = new FlagChange(state, endpoint);
  let transition = fail(session, check.plan.unhealthyThreshold, isCounted ? "counted" : "refusal");
  if (transition === "changed") {
    shift(check.tally, "healthy", -1, effects);
    const { total } = endpoint.cluster;
    if (total !== null && endpoint.failing === 0) shift(total, "healthy", -1, effects);
    endpoint.failing++;
    change.raise |= HealthFlag.FailedActiveHc;
    writeEvent(state, session, { kind: "eject_unhealthy_event", failure: type, httpStatus }, effects);
    log(state, session, `unhealthy: ${reason}`, nowMs, effects);
  }
  if (type === "PASSIVE") change.raise |= HealthFlag.FailedActiveHc | HealthFlag.ExcludedViaImmediateHcFail;
  if (type === "NETWORK_TIMEOUT" && session.isFailed) change.raise |= HealthFlag.ActiveHcTimeout;
  else change.lower |= HealthFlag.ActiveHcTimeout;
  transition = hear(session, isFirst, change, transition);
  if (isFirst || check.plan.alwaysLogFailures) {
    writeEvent(state, session, { kind: "health_check_failure_event", failure: type, httpStatus, isFirst }, effects);
  }
  effects.push(check.counts.failure);
  if (type === "NETWORK" || type === "NETWORK_TIMEOUT") effects.push(check.counts.network_failure);
  if (type === "PASSIVE") effects.push(check.counts.passive_failure);
  change.give(effects);
  if (endpoint.unheard === 0) settle(endpoint, effects);
  return transition;
}

/** After the first outcome of every check an endpoint is pending no longer: a change, for it counts from now on. */
function hear(session: Session, isFirst: boolean, change: FlagChange, transition: Transition): Transition {
  const { endpoint } = session;
  if (isFirst) endpoint.unheard--;
  if (endpoint.unheard > 0 || !change.has(HealthFlag.PendingActiveHc)) return transition;
  change.lower |= HealthFlag.PendingActiveHc;
  return "changed";
}

/** A worker raised the flag, and its word of it never came (it died in between): passes lower it as they would have. */
function dropStrayVerdict(session: Session, change: FlagChange): void {
  const { endpoint, check } = session;
  if (endpoint.failing > 0 || !change.has(HealthFlag.FailedActiveHc)) return;
  if (++session.passes < check.plan.healthyThreshold) return;
  session.passes = 0;
  change.lower |= HealthFlag.FailedActiveHc | HealthFlag.ExcludedViaImmediateHcFail;
}

/** Flags to raise and lower, gathered while an outcome is judged: one change, and none when they are so already. */
class FlagChange {
  raise = 0;
  lower = 0;
  private readonly endpoint: CheckedEndpoint;
  private readonly before: number;

  constructor(state: HealthState, endpoint: CheckedEndpoint) {
    this.endpoint = endpoint;
    this.before = state.senses.flagsOf(endpoint.facts.slot);
  }

  has(flag: number): boolean {
    return (this.before & flag) !== 0;
  }

  give(effects: HealthEffect[]): void {
    const raise = this.raise & ~this.before;
    const lower = this.lower & this.before;
    if (raise === 0 && lower === 0) return;
    const { cluster, facts } = this.endpoint;
    effects.push({ type: "change-flags", row: cluster.row, slot: facts.slot, raise, lower });
  }
}

/** Writes a line into the event logs of a check. */
export function writeEvent(state: HealthState, session: Session, event: HealthEvent, effects: HealthEffect[]): void {
  const { check, endpoint } = session;
  if (check.plan.eventLogPaths.length === 0) return;
  const subject = { cluster: endpoint.cluster.plan.name, check: check.plan, endpoint: endpoint.facts };
  const text = eventText(event, subject, state.senses.wallMs());
  for (const path of check.plan.eventLogPaths) effects.push({ type: "write-event", path, text });
}

/** Says in the log what an endpoint is now; of a crowd the first only. */
export function log(state: HealthState, session: Session, what: string, nowMs: number, effects: HealthEffect[]): void {
  const due = paced(LOG_LINES, state.logLinesMs, nowMs);
  if (due > nowMs) return;
  state.logLinesMs = due;
  const { cluster, facts } = session.endpoint;
  const text = `${addressText(facts.address)} of cluster ${cluster.plan.name} is ${what}`;
  effects.push({ type: "log", line: { level: "info", component: "health_checker", text } });
}

/** How Envoy classes an outcome that is not good. */
export function failureOf({ kind, httpStatus, reason }: ProbeOutcome): Failure {
  const isNetwork = kind === "network" || kind === "timeout";
  return {
    type: kind === "timeout" ? "NETWORK_TIMEOUT" : isNetwork ? "NETWORK" : "ACTIVE",
    isCounted: kind !== "refused",
    httpStatus: isNetwork ? 0 : httpStatus,
    reason,
  };
}

/** An answer asked for it. */
export const PASSIVE: Failure = {
  type: "PASSIVE",
  isCounted: false,
  httpStatus: 0,
  reason: "an answer carried x-envoy-immediate-health-check-fail",
};
