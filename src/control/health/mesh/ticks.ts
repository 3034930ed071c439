// What the judge of a mesh looks for ten times a second: what workers have seen against endpoints, and first connections of clusters. Twice
// a second it says that it is alive. Called by mesh-behaviour.ts.
import type { CheckReport } from "../../../messages/checking.ts";
import { Doubt } from "../../../telemetry/doubt-table.ts";
import type { HealthEffect } from "../health-effects.ts";
import type { CheckedCluster, HealthState } from "../health-state.ts";
import type { MeshChecks, Target } from "./mesh-checks.ts";

/** Its timer. */
export const TICK = "mesh tick";

/** One look. */
export function tick(state: HealthState, mesh: MeshChecks, nowMs: number): HealthEffect[] {
  const effects: HealthEffect[] = [armTick()];
  mesh.ticks++;
  if (mesh.ticks % TICKS_PER_SIGN === 0) effects.push(report({ type: "judge-alive" }));
  for (const cluster of mesh.groups.keys()) {
    const { row } = cluster;
    if (!mesh.toldTraffic.has(row) && state.senses.hasTraffic(row)) {
      mesh.toldTraffic.add(row);
      effects.push(report({ type: "traffic-seen", row }));
    }
    if (mesh.senses.doubts.takeRow(row)) lookForDoubts(mesh, cluster, nowMs, effects);
  }
  return effects;
}

/** The next look. */
export function armTick(): HealthEffect {
  return { type: "arm-timer", timer: TICK, delayMs: TICK_MS };
}

/** Passive evidence: of an endpoint that is in, at most once a second. */
export function doubt(
  target: Target,
  evidence: "connect" | "reset" | "ejected",
  nowMs: number,
  effects: HealthEffect[],
): void {
  if (target.endpoint.failing > 0 || nowMs - target.doubtedMs < DOUBTS_APART_MS) return;
  target.doubtedMs = nowMs;
  effects.push(report({ type: "doubted", slot: target.endpoint.facts.slot, evidence }));
}

function lookForDoubts(mesh: MeshChecks, cluster: CheckedCluster, nowMs: number, effects: HealthEffect[]): void {
  for (const slot of cluster.endpoints.keys()) {
    const seen = mesh.senses.doubts.take(slot);
    const target = mesh.targets.get(slot);
    if (seen !== 0 && target !== undefined) doubt(target, EVIDENCE[seen], nowMs, effects);
  }
}

function report(said: CheckReport): HealthEffect {
  return { type: "report-check", report: said };
}

const EVIDENCE = { [Doubt.Connect]: "connect", [Doubt.Reset]: "reset" } as const;
const TICK_MS = 100;
const TICKS_PER_SIGN = 5;
const DOUBTS_APART_MS = 1_000;
