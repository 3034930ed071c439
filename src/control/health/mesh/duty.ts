// The schedule of an endpoint that this node probes for the mesh: begin, next probe, end, and the report of each outcome. What an outcome
// means is machine.ts, what the endpoint is shown as is shown.ts. Called by mesh-behaviour.ts.
import type { EndpointStanding } from "../../../messages/checking.ts";
import { openProbe } from "../checked-endpoints.ts";
import type { HealthEffect } from "../health-effects.ts";
import type { HealthState } from "../health-state.ts";
import { nextIntervalMs } from "../next-interval.ts";
import { FIRST_PROBES, paced } from "../pace.ts";
import type { ProbeOutcome } from "../probe.ts";
import { feed, isPass, newMachine, record, standingOf } from "./machine.ts";
import type { DutySession, MeshChecks, Target } from "./mesh-checks.ts";

/** Begins scheduled probes from this standing; of an endpoint that is probed already only the schedule moves. */
export function beginChecks(
  state: HealthState,
  mesh: MeshChecks,
  target: Target,
  order: { readonly dueInMs: number; readonly standing: EndpointStanding | null },
  nowMs: number,
): HealthEffect[] {
  const effects: HealthEffect[] = [];
  if (target.duty.length === 0) {
    target.duty = newMachine(state, target, order.standing);
    for (const session of target.duty) {
      mesh.scheduled.set(session.probe, session);
      mesh.waits.set(session.timer, session);
      effects.push(openProbe(session));
    }
  }
  for (const session of target.duty) {
    if (!session.isRunning) schedule(session, unhurriedMs(state, order.dueInMs, nowMs), nowMs, effects);
  }
  return effects;
}

/** Ends them. */
export function endChecks(mesh: MeshChecks, target: Target, effects: HealthEffect[]): void {
  for (const { probe, timer } of target.duty) {
    mesh.scheduled.delete(probe);
    mesh.waits.delete(timer);
    effects.push({ type: "disarm-timer", timer }, { type: "close-probe", probe });
  }
  target.duty = [];
  target.lastFailure = null;
}

/** A probe's time has come. */
export function beginProbe(session: DutySession): readonly HealthEffect[] {
  session.isRunning = true;
  return session.begin;
}

/** A scheduled probe has ended. */
export function judgeScheduled(
  state: HealthState,
  mesh: MeshChecks,
  session: DutySession,
  outcome: ProbeOutcome,
  nowMs: number,
): HealthEffect[] {
  const { target, check } = session;
  const { row } = target.endpoint.cluster;
  const effects: HealthEffect[] = [];
  session.isRunning = false;
  const before = standingOf(target.duty);
  record(state, target, check, outcome, !session.isHeard, effects);
  const transition = feed(session, outcome);
  const hasTraffic = mesh.traffic.has(row) || state.senses.hasTraffic(row);
  const passed = isPass(outcome);
  const last = { passed, transition, hasTraffic };
  schedule(session, nextIntervalMs(check.plan, last, state.senses), nowMs, effects);
  const standing = standingOf(target.duty);
  if (standing === null) return effects; // another of its checks has yet to speak
  effects.push({
    type: "report-check",
    report: {
      type: "probed",
      slot: target.endpoint.facts.slot,
      passed: target.duty.every(({ hasPassed }) => hasPassed),
      standing,
      changed: standing !== before,
      cause: before === null ? "first" : "scheduled",
      ask: 0,
      reason: passed ? "" : outcome.reason,
      nextInMs: nextInMs(target, nowMs),
    },
  });
  return effects;
}

/** Until the next scheduled probe of an endpoint; 0: none is scheduled. */
export function nextInMs({ duty }: Target, nowMs: number): number {
  if (duty.length === 0) return 0;
  const waits = duty.map(({ isRunning, dueMs }) => (isRunning ? 0 : dueMs - nowMs)).filter((ms) => ms > 0);
  return waits.length === 0 ? 1 : Math.ceil(Math.min(...waits));
}

/** Some node has traffic now: waits of the no-traffic interval that are longer than one with traffic end within that. */
export function shortenWaits(state: HealthState, mesh: MeshChecks, row: number, nowMs: number): HealthEffect[] {
  const effects: HealthEffect[] = [];
  for (const slot of state.byRow.get(row)?.endpoints.keys() ?? []) {
    for (const session of mesh.targets.get(slot)?.duty ?? []) {
      const { intervalMs } = session.check.plan;
      if (session.isRunning || session.dueMs - nowMs <= intervalMs) continue;
      schedule(session, state.senses.random.below(Math.ceil(intervalMs)) + 1, nowMs, effects);
    }
  }
  return effects;
}

/** A crowd that is due at once is spread, as without a mesh. */
function unhurriedMs(state: HealthState, dueInMs: number, nowMs: number): number {
  if (dueInMs > 0) return dueInMs;
  state.firstProbesMs = paced(FIRST_PROBES, state.firstProbesMs, nowMs);
  return Math.max(0, state.firstProbesMs - nowMs);
}

function schedule(session: DutySession, delayMs: number, nowMs: number, effects: HealthEffect[]): void {
  session.dueMs = nowMs + delayMs;
  if (delayMs === 0) {
    effects.push({ type: "disarm-timer", timer: session.timer }, ...beginProbe(session));
    return;
  }
  if (session.wait.delayMs !== delayMs) session.wait = { type: "arm-timer", timer: session.timer, delayMs };
  effects.push(session.wait);
}
