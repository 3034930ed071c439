// The rules of one endpoint's probes under a mesh: sessions that stand for it, and what an outcome makes of them. Envoy's thresholds, apart
// from a confirming probe, whose word is final. No schedule, no flags. Called by duty.ts and asks.ts.
import type { EndpointStanding } from "../../../messages/checking.ts";
import { newSession } from "../checked-endpoints.ts";
import type { HealthEffect } from "../health-effects.ts";
import type { CheckGroup, HealthState } from "../health-state.ts";
import { failureOf, writeEvent } from "../outcomes.ts";
import type { ProbeOutcome } from "../probe.ts";
import { fail, pass, type Transition } from "../standing.ts";
import type { DutySession, Target } from "./mesh-checks.ts";

/** Sessions for every check of an endpoint, counters at 0. Without a standing the first outcome decides. */
export function newMachine(state: HealthState, target: Target, standing: EndpointStanding | null): DutySession[] {
  const { endpoint } = target;
  const adopted = { isFailed: standing === null || standing === "unhealthy", isDegraded: standing === "degraded" };
  return endpoint.cluster.checks.map((check) => ({
    ...newSession(state, endpoint, check, adopted),
    isHeard: standing !== null,
    target,
    dueMs: 0,
    hasPassed: true,
  }));
}

/** What the checks come to together; null while one of them has had no outcome. */
export function standingOf(machine: readonly DutySession[]): EndpointStanding | null {
  if (machine.some(({ isHeard }) => !isHeard)) return null;
  if (machine.some(({ isFailed }) => isFailed)) return "unhealthy";
  return machine.some(({ isDegraded }) => isDegraded) ? "degraded" : "healthy";
}

/** An outcome by Envoy's rules. */
export function feed(session: DutySession, outcome: ProbeOutcome): Transition {
  const { healthyThreshold, unhealthyThreshold } = session.check.plan;
  session.hasPassed = isPass(outcome);
  if (!session.hasPassed) return fail(session, unhealthyThreshold, outcome.kind === "refused" ? "refusal" : "counted");
  session.isDegraded = outcome.kind === "degraded";
  return pass(session, healthyThreshold);
}

/** The outcome of a confirming probe: it decides at once, but one that is on its way to recovery is not set back. */
export function decide(session: DutySession, outcome: ProbeOutcome): void {
  session.hasPassed = isPass(outcome);
  session.isHeard = true;
  if (session.isFailed && !session.hasPassed) return;
  session.isFailed = !session.hasPassed;
  session.isDegraded = outcome.kind === "degraded";
  session.passes = 0;
  session.failures = 0;
}

/** Takes an outcome down: counters, event log, and why it failed. `isFirst`: nothing was known of the endpoint. */
export function record(
  state: HealthState,
  target: Target,
  check: CheckGroup,
  outcome: ProbeOutcome,
  isFirst: boolean,
  effects: HealthEffect[],
): void {
  const { counts, plan } = check;
  const session = target.endpoint.sessions.find((one) => one.check === check);
  if (outcome.verifiedCluster) effects.push(counts.verify_cluster);
  if (isPass(outcome)) {
    target.lastFailure = null;
    effects.push(counts.success);
    if (plan.alwaysLogSuccess && session) {
      writeEvent(state, session, { kind: "successful_health_check_event" }, effects);
    }
    return;
  }
  const failure = failureOf(outcome);
  const { type, httpStatus } = failure;
  target.lastFailure = failure;
  effects.push(counts.failure);
  if (type !== "ACTIVE") effects.push(counts.network_failure);
  if (session && (isFirst || plan.alwaysLogFailures)) {
    writeEvent(state, session, { kind: "health_check_failure_event", failure: type, httpStatus, isFirst }, effects);
  }
}

/** Whether a probe went well. */
export function isPass({ kind }: ProbeOutcome): boolean {
  return kind === "success" || kind === "degraded";
}
