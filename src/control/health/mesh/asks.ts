// Probes out of turn: one whole probe of an endpoint, under each of its checks, with connections of its own. A confirming one is not
// mistaken by one lost packet: a second is sent beside it, and only when both time out it counts as a timeout. Called by mesh-behaviour.ts.
import type { HealthEffect } from "../health-effects.ts";
import type { HealthState } from "../health-state.ts";
import type { ProbeOutcome } from "../probe.ts";
import { nextInMs } from "./duty.ts";
import { decide, feed, isPass, newMachine, record, standingOf } from "./machine.ts";
import type { Ask, AskRun, DutySession, MeshChecks, Target } from "./mesh-checks.ts";

/** Begins one. */
export function beginAsk(
  state: HealthState,
  mesh: MeshChecks,
  target: Target,
  order: { readonly ask: number; readonly cause: Ask["cause"] },
): HealthEffect[] {
  const effects: HealthEffect[] = [];
  const runs: AskRun[] = target.endpoint.cluster.checks.map((check) => ({
    check,
    timer: `second ${++state.opened}`,
    probes: new Set(),
    begun: 0,
    outcome: null,
  }));
  const ask: Ask = { target, ask: order.ask, cause: order.cause, runs };
  target.asks.add(ask);
  for (const run of runs) {
    beginRun(state, mesh, ask, run, effects);
    if (ask.cause !== "confirm") continue;
    mesh.seconds.set(run.timer, { ask, run });
    effects.push({ type: "arm-timer", timer: run.timer, delayMs: SECOND_AFTER_MS });
  }
  return effects;
}

/** The first probe of a run has had no answer for a while: another one beside it. */
export function beginSecond(state: HealthState, mesh: MeshChecks, ask: Ask, run: AskRun): HealthEffect[] {
  const effects: HealthEffect[] = [];
  mesh.seconds.delete(run.timer);
  beginRun(state, mesh, ask, run, effects);
  return effects;
}

/** A probe of it has ended. */
export function judgeAsked(
  state: HealthState,
  mesh: MeshChecks,
  probe: number,
  outcome: ProbeOutcome,
  nowMs: number,
): HealthEffect[] {
  const entry = mesh.asked.get(probe);
  if (entry === undefined) return [];
  const { ask, run } = entry;
  const { target } = ask;
  const effects: HealthEffect[] = [{ type: "close-probe", probe }];
  mesh.asked.delete(probe);
  run.probes.delete(probe);
  record(state, target, run.check, outcome, false, effects);
  if (outcome.kind === "timeout" && ask.cause === "confirm") {
    if (mesh.seconds.has(run.timer)) beginRun(state, mesh, ask, run, effects);
    if (run.probes.size > 0) {
      forgetSecond(mesh, run, effects);
      return effects;
    }
  }
  run.outcome = outcome;
  endRun(mesh, run, effects);
  if (ask.runs.every((one) => one.outcome !== null)) finish(state, ask, nowMs, effects);
  return effects;
}

/** Ends those that run, without a report. */
export function endAsks(mesh: MeshChecks, target: Target, effects: HealthEffect[]): void {
  for (const { runs } of target.asks) for (const run of runs) endRun(mesh, run, effects);
  target.asks.clear();
}

function beginRun(state: HealthState, mesh: MeshChecks, ask: Ask, run: AskRun, effects: HealthEffect[]): void {
  const { cluster, facts } = ask.target.endpoint;
  const probe = ++state.opened;
  run.probes.add(probe);
  mesh.asked.set(probe, { ask, run });
  effects.push(
    { type: "open-probe", probe, target: { cluster: cluster.plan, endpoint: facts, check: run.check.plan } },
    run.check.counts.attempt,
    { type: "start-probe", probe },
  );
}

function endRun(mesh: MeshChecks, run: AskRun, effects: HealthEffect[]): void {
  forgetSecond(mesh, run, effects);
  for (const probe of run.probes) {
    mesh.asked.delete(probe);
    effects.push({ type: "close-probe", probe });
  }
  run.probes.clear();
}

function forgetSecond(mesh: MeshChecks, { timer }: AskRun, effects: HealthEffect[]): void {
  if (mesh.seconds.delete(timer)) effects.push({ type: "disarm-timer", timer });
}

/** Every check has had its outcome: they go into the machine, and of an endpoint without one into one that begins from the verdict. */
function finish(state: HealthState, ask: Ask, nowMs: number, effects: HealthEffect[]): void {
  const { target, cause, runs } = ask;
  const machine = target.duty.length > 0 ? target.duty : newMachine(state, target, target.verdict);
  const before = standingOf(machine);
  for (const [i, { outcome }] of runs.entries()) {
    if (outcome === null) continue;
    const session = machine[i] as DutySession;
    if (cause === "confirm") decide(session, outcome);
    else feed(session, outcome);
  }
  target.asks.delete(ask);
  const failed = runs.find(({ outcome }) => outcome !== null && !isPass(outcome));
  const standing = standingOf(machine) ?? "unhealthy";
  effects.push({
    type: "report-check",
    report: {
      type: "probed",
      slot: target.endpoint.facts.slot,
      passed: failed === undefined,
      standing,
      changed: standing !== before,
      cause,
      ask: ask.ask,
      reason: failed?.outcome?.reason ?? "",
      nextInMs: nextInMs(target, nowMs),
    },
  });
}

const SECOND_AFTER_MS = 100;
