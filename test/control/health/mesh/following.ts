// A judge that follows a mesh, under a virtual clock: what the tests of this directory begin with.
import type { ClusterPlan } from "../../../../src/config/plan/cluster.ts";
import type { EndpointFacts } from "../../../../src/config/plan/endpoint-set.ts";
import { groupHash, targetHash } from "../../../../src/control/health/mesh/group-hash.ts";
import type { JudgeMessage } from "../../../../src/control/health/mesh/mesh-checks.ts";
import type { CheckReport, CheckTarget, EndpointStanding } from "../../../../src/messages/checking.ts";
import { endpoint } from "../../../support/cluster-plans.ts";
import { type Answer, checkedCluster, HealthSimulation, httpCheck, numbered } from "../health-simulation.ts";

/** Counters and gauges of cluster `c`. */
export const PREFIX = "cluster.c.health_check.";
/** Cluster `c` with the check of `httpCheck`. */
export const PLAN: ClusterPlan = checkedCluster("c", [httpCheck()]);

/** The hash of its group. */
export const GROUP: string = groupHash(PLAN);

/** One probe's report. */
export type Probed = Extract<CheckReport, { readonly type: "probed" }>;

/** A judge with cluster `c` of row 0, with traffic and endpoints of these slots, that follows a mesh; reports so far are forgotten. */
export function following(
  slots: readonly number[],
  options: { readonly plan?: ClusterPlan; readonly answers?: Readonly<Record<number, Answer>> } = {},
): HealthSimulation {
  const { plan = PLAN, answers = {} } = options;
  const sim = new HealthSimulation();
  sim.traffic.add(0);
  for (const [slot, answer] of Object.entries(answers)) sim.script(Number(slot), answer);
  sim.host.tell({ type: "follow-mesh" });
  sim.assign(1, plan);
  sim.enter(plan, 0, facts(...slots));
  sim.clock.advanceMs(150); // it tells of the traffic
  sim.reports.length = 0;
  return sim;
}

/** Gives orders. */
export function order(sim: HealthSimulation, ...orders: readonly JudgeMessage[]): void {
  for (const one of orders) sim.host.tell(one);
}

/** The probes that were reported. */
export function probed(sim: HealthSimulation): Probed[] {
  return sim.reports.filter((report) => report.type === "probed");
}

/** The report of a probe of slot 0 that passed, of an endpoint that was healthy before. */
export function passing(more: Partial<Probed> = {}): Probed {
  return {
    type: "probed",
    slot: 0,
    passed: true,
    standing: "healthy",
    changed: false,
    cause: "scheduled",
    ask: 0,
    reason: "",
    nextInMs: 1_000,
    ...more,
  };
}

/** The newest of them. */
export function lastProbed(sim: HealthSimulation): Probed | undefined {
  return probed(sim).at(-1);
}

/** Reports but signs of life. */
export function news(sim: HealthSimulation): CheckReport[] {
  return sim.reports.filter(({ type }) => type !== "judge-alive");
}

/** Endpoints of these slots; slot n has port 80 + n. */
export function facts(...slots: readonly number[]): EndpointFacts[] {
  return slots.map((slot) => numbered(endpoint(80 + slot), slot));
}

/** What is told of cluster `c` in this row. */
export function groupAdded(row: number): CheckReport {
  return {
    type: "group-added",
    facts: {
      group: GROUP,
      cluster: "c",
      row,
      intervalMs: 1_000,
      timeoutMs: 500,
      healthyThreshold: 2,
      unhealthyThreshold: 3,
      noTrafficIntervalMs: 60_000,
    },
  };
}

/** What is told of the endpoint of a slot. */
export function told(slot: number, standing: EndpointStanding | null): CheckTarget {
  const facts = numbered(endpoint(80 + slot), slot);
  return { slot, target: targetHash(facts, "here"), address: `127.0.0.1:${80 + slot}`, standing };
}
