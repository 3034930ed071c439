// What the mesh is told of this node's clusters and endpoints: groups and targets that come and go. Gathered in `news` during a step, so
// that a plan with thousands of endpoints is told in few messages. Called by health-behaviour.ts and mesh-behaviour.ts.
import { addressText } from "../../../config/plan/address.ts";
import type { HealthCheckPlan } from "../../../config/plan/health-check.ts";
import type { CheckGroupFacts, CheckTarget, EndpointStanding } from "../../../messages/checking.ts";
import { HealthFlag } from "../../../telemetry/health-table.ts";
import { settle } from "../checked-endpoints.ts";
import type { HealthEffect } from "../health-effects.ts";
import type { CheckedCluster, CheckedEndpoint, HealthState } from "../health-state.ts";
import { endAsks } from "./asks.ts";
import { endChecks } from "./duty.ts";
import { groupHash, targetHash } from "./group-hash.ts";
import type { MeshChecks, Target } from "./mesh-checks.ts";

/** An endpoint is there, or was when the mesh came. What is known of it stands. */
export function addTarget(
  state: HealthState,
  mesh: MeshChecks,
  endpoint: CheckedEndpoint,
  effects: HealthEffect[],
): void {
  const { slot } = endpoint.facts;
  const isFailedImmediately = (state.senses.flagsOf(slot) & HealthFlag.ExcludedViaImmediateHcFail) !== 0;
  // What the checks would say of one that an answer took out is not known; that it is out is this node's own business.
  const verdict = isFailedImmediately ? "healthy" : standingOf(endpoint);
  const doubtedMs = Number.NEGATIVE_INFINITY;
  const asks: Target["asks"] = new Set();
  mesh.targets.set(slot, { endpoint, verdict, isFailedImmediately, duty: [], asks, lastFailure: null, doubtedMs });
  mesh.senses.doubts.take(slot); // against whoever had the slot before
  if (verdict !== null) hear(endpoint, effects);
  tellAdded(mesh, endpoint, verdict);
  if (isFailedImmediately) mesh.news.push({ type: "failed-immediately", slot });
}

/** An endpoint is gone, and so is all that was ordered for it. */
export function removeTarget(mesh: MeshChecks, endpoint: CheckedEndpoint, effects: HealthEffect[]): void {
  const { slot } = endpoint.facts;
  const target = mesh.targets.get(slot);
  if (target === undefined) return;
  endChecks(mesh, target, effects);
  endAsks(mesh, target, effects);
  mesh.targets.delete(slot);
  const group = groupOf(mesh, endpoint.cluster);
  const last = mesh.news.at(-1);
  if (last?.type === "targets-removed" && last.group === group) last.slots.push(slot);
  else mesh.news.push({ type: "targets-removed", group, slots: [slot] });
}

/** A cluster is gone, or is somewhere else in the tables. */
export function removeGroup(mesh: MeshChecks, cluster: CheckedCluster): void {
  const group = mesh.groups.get(cluster);
  if (group === undefined) return;
  mesh.groups.delete(cluster);
  mesh.traffic.delete(cluster.row);
  mesh.toldTraffic.delete(cluster.row);
  mesh.news.push({ type: "group-removed", group });
}

/** Its sessions have a standing, though no probe of theirs said so; nobody waits for it. */
export function hear(endpoint: CheckedEndpoint, effects: HealthEffect[]): void {
  for (const session of endpoint.sessions) session.isHeard = true;
  endpoint.unheard = 0;
  settle(endpoint, effects);
}

/** How an endpoint stands on this node; null: failed only because nothing is known of it. */
function standingOf({ unheard, failing, degraded }: CheckedEndpoint): EndpointStanding | null {
  if (failing > 0) return unheard > 0 ? null : "unhealthy";
  return degraded > 0 ? "degraded" : "healthy";
}

function tellAdded(mesh: MeshChecks, { cluster, facts }: CheckedEndpoint, standing: EndpointStanding | null): void {
  const group = groupOf(mesh, cluster);
  const { slot, address } = facts;
  const target = targetHash(facts, mesh.senses.network);
  const told: CheckTarget = { slot, target, address: addressText(address), standing };
  const last = mesh.news.at(-1);
  if (last?.type === "targets-added" && last.group === group) last.targets.push(told);
  else mesh.news.push({ type: "targets-added", group, targets: [told] });
}

/** The hash of a cluster's group, which is told with its first endpoint. */
function groupOf(mesh: MeshChecks, cluster: CheckedCluster): string {
  const known = mesh.groups.get(cluster);
  if (known !== undefined) return known;
  const group = groupHash(cluster.plan);
  mesh.groups.set(cluster, group);
  mesh.news.push({ type: "group-added", facts: factsOf(cluster, group) });
  return group;
}

function factsOf({ plan, row }: CheckedCluster, group: string): CheckGroupFacts {
  const longest = (value: (check: HealthCheckPlan) => number): number => Math.max(...plan.healthChecks.map(value));
  return {
    group,
    cluster: plan.name,
    row,
    intervalMs: longest(({ intervalMs }) => intervalMs),
    timeoutMs: longest(({ timeoutMs }) => timeoutMs),
    healthyThreshold: longest(({ healthyThreshold }) => healthyThreshold),
    unhealthyThreshold: longest(({ unhealthyThreshold }) => unhealthyThreshold),
    noTrafficIntervalMs: longest((check) => Math.max(check.noTrafficIntervalMs, check.noTrafficHealthyIntervalMs)),
  };
}
