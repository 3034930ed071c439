// The judge of active checks: when each endpoint is probed, and what the outcomes mean, by the rules of Envoy's HealthCheckerImplBase.
// Pure: probes, timers, flags and counters are effects. Run on its thread by health-actor.ts.
import type { Behaviour } from "../../actor/behaviour.ts";
import type { Lane } from "../../actor/mailbox.ts";
import { equalData } from "../../base/equal-data.ts";
import type { ClusterPlan } from "../../config/plan/cluster.ts";
import type { EndpointFacts, EndpointSetUpdate } from "../../config/plan/endpoint-set.ts";
import { awaitFirstOutcomes, begin, CHECK_FLAGS, close, newCluster, open } from "./checked-endpoints.ts";
import type { HealthEffect, HealthMessage } from "./health-effects.ts";
import type { CheckedCluster, CheckedEndpoint, HealthSet, HealthState } from "./health-state.ts";
import { addTarget, removeGroup, removeTarget } from "./mesh/targets.ts";
import { failPassively, judge } from "./outcomes.ts";

/** The judge. */
export const healthCheck: Behaviour<HealthState, HealthMessage, HealthEffect> = {
  name: "health",
  laneOf,
  step(state, message, nowMs) {
    switch (message.type) {
      case "timer-fired":
        return beginNext(state, message.timer);
      case "probe-finished": {
        const session = state.byProbe.get(message.probe);
        return session?.isRunning === true ? judge(state, session, message.outcome, nowMs) : NOTHING;
      }
      case "plan-assigned":
        return assign(state, message, nowMs);
      case "endpoints-changed":
        return change(state, message.updates, nowMs);
      case "passive-failure-seen": {
        const endpoint = find(state, message.row, message.slot);
        return endpoint === undefined ? NOTHING : failPassively(state, endpoint, message.count, nowMs);
      }
      case "stop":
        return stop(state);
      case "outlier-suspected":
      case "runtime-changed":
      case "forget-stats":
      case "reopen-logs":
        return NOTHING; // for others on this thread
    }
  },
};

function laneOf(message: HealthMessage): Lane {
  if (message.type === "stop") return "stop";
  return message.type === "plan-assigned" || message.type === "endpoints-changed" ? "supervision" : "work";
}

function beginNext(state: HealthState, timer: string): readonly HealthEffect[] {
  const session = state.byTimer.get(timer);
  if (session === undefined || session.isRunning) return NOTHING;
  session.isRunning = true;
  return session.begin;
}

function find(state: HealthState, row: number, slot: number): CheckedEndpoint | undefined {
  return state.byRow.get(row)?.endpoints.get(slot);
}

/** A cluster that is as it was keeps its sessions; of any other they begin anew, with the flags as they are. */
function assign(
  state: HealthState,
  { version, clusters: plans, removed }: HealthMessage & { readonly type: "plan-assigned" },
  nowMs: number,
): readonly HealthEffect[] {
  const effects: HealthEffect[] = [];
  const wanted = new Map(plans.filter(({ healthChecks }) => healthChecks.length > 0).map((plan) => [plan.name, plan]));
  for (const [name, cluster] of state.clusters) {
    const plan = wanted.get(name);
    if (plan !== undefined && isProbedAlike(cluster.plan, plan)) cluster.plan = plan;
    else drop(state, cluster, { lowersFlags: plan === undefined }, effects);
  }
  for (const name of removed) state.sets.delete(name);
  for (const [name, plan] of wanted) {
    const cluster = state.clusters.get(name) ?? add(state, plan, nowMs, effects);
    cluster.version = version;
    if (state.sets.has(name)) awaitFirstOutcomes(cluster, effects);
  }
  return effects;
}

function add(state: HealthState, plan: ClusterPlan, nowMs: number, effects: HealthEffect[]): CheckedCluster {
  const cluster = newCluster(state, plan, effects);
  state.clusters.set(plan.name, cluster);
  const set = state.sets.get(plan.name);
  if (set === undefined) return cluster;
  state.byRow.set(set.row, cluster);
  for (const facts of set.endpoints.values()) {
    if (!facts.check.disabled) enter(state, cluster, facts, nowMs, effects);
  }
  return cluster;
}

function drop(
  state: HealthState,
  cluster: CheckedCluster,
  then: { readonly lowersFlags: boolean },
  effects: HealthEffect[],
): void {
  for (const endpoint of [...cluster.endpoints.values()]) {
    endpoint.isAwaited = false; // nobody waits for the warming of this plan any more
    leave(state, endpoint, effects);
    if (then.lowersFlags) lowerFlags(cluster.row, endpoint.facts.slot, effects);
  }
  if (state.mesh !== null) removeGroup(state.mesh, cluster);
  state.byRow.delete(cluster.row);
  state.clusters.delete(cluster.plan.name);
}

function change(state: HealthState, updates: readonly EndpointSetUpdate[], nowMs: number): readonly HealthEffect[] {
  const effects: HealthEffect[] = [];
  const missed: string[] = [];
  for (const update of updates) {
    const held = state.sets.get(update.cluster);
    if (update.kind === "delta" && held?.version !== update.baseVersion) {
      missed.push(update.cluster);
      continue;
    }
    const set = update.kind === "full" ? setOf(state, update.cluster, update.row) : (held as HealthSet);
    set.version = update.version;
    apply(state, set, update, nowMs, effects);
    const cluster = state.clusters.get(update.cluster);
    if (cluster?.warming === "unseen") awaitFirstOutcomes(cluster, effects);
  }
  effects.push({ type: "answer-endpoints", missed });
  return effects;
}

/** The held set of a cluster; one of another row was another cluster's of this name. */
function setOf(state: HealthState, name: string, row: number): HealthSet {
  let set = state.sets.get(name);
  if (set?.row !== row) {
    set = { row, version: 0, endpoints: new Map() };
    state.sets.set(name, set);
  }
  return set;
}

function apply(
  state: HealthState,
  set: HealthSet,
  update: EndpointSetUpdate,
  nowMs: number,
  effects: HealthEffect[],
): void {
  const cluster = state.clusters.get(update.cluster);
  if (cluster !== undefined && cluster.row !== set.row) move(state, cluster, set.row, effects);
  for (const slot of update.kind === "full" ? slotsGone(set, update.endpoints) : update.removed) {
    set.endpoints.delete(slot);
    const endpoint = cluster?.endpoints.get(slot);
    if (endpoint !== undefined) leave(state, endpoint, effects);
  }
  for (const facts of update.kind === "full" ? update.endpoints : update.changed) {
    set.endpoints.set(facts.slot, facts);
    if (cluster !== undefined) take(state, cluster, facts, nowMs, effects);
  }
}

function slotsGone(set: HealthSet, endpoints: readonly EndpointFacts[]): number[] {
  const staying = new Set(endpoints.map(({ slot }) => slot));
  return [...set.endpoints.keys()].filter((slot) => !staying.has(slot));
}

/** A cluster's row is known, or it is another: nobody of the old one is in the new. */
function move(state: HealthState, cluster: CheckedCluster, row: number, effects: HealthEffect[]): void {
  for (const endpoint of [...cluster.endpoints.values()]) leave(state, endpoint, effects);
  if (state.mesh !== null) removeGroup(state.mesh, cluster);
  state.byRow.delete(cluster.row);
  cluster.row = row;
  state.byRow.set(row, cluster);
}

/** An endpoint is new or has other facts. One that is to be probed in another way begins anew. */
function take(
  state: HealthState,
  cluster: CheckedCluster,
  facts: EndpointFacts,
  nowMs: number,
  effects: HealthEffect[],
): void {
  const held = cluster.endpoints.get(facts.slot);
  if (held !== undefined && isReachedAlike(held.facts, facts)) {
    held.facts = facts;
    return;
  }
  if (held !== undefined) leave(state, held, effects);
  if (!facts.check.disabled) enter(state, cluster, facts, nowMs, effects);
  else if (held !== undefined) lowerFlags(cluster.row, facts.slot, effects);
}

/** In a mesh an endpoint is probed when the mesh says so. */
function enter(
  state: HealthState,
  cluster: CheckedCluster,
  facts: EndpointFacts,
  nowMs: number,
  effects: HealthEffect[],
): void {
  const endpoint = open(state, cluster, facts, effects);
  if (state.mesh === null) begin(state, endpoint, nowMs, effects);
  else addTarget(state, state.mesh, endpoint, effects);
}

function leave(state: HealthState, endpoint: CheckedEndpoint, effects: HealthEffect[]): void {
  if (state.mesh !== null) removeTarget(state.mesh, endpoint, effects);
  close(state, endpoint, effects);
}

function stop(state: HealthState): readonly HealthEffect[] {
  const effects: HealthEffect[] = [];
  for (const { timer, probe } of state.byProbe.values()) {
    effects.push({ type: "disarm-timer", timer }, { type: "close-probe", probe });
  }
  state.byProbe.clear();
  state.byTimer.clear();
  state.byRow.clear();
  state.clusters.clear();
  state.sets.clear();
  return effects;
}

function lowerFlags(row: number, slot: number, effects: HealthEffect[]): void {
  effects.push({ type: "change-flags", row, slot, raise: 0, lower: CHECK_FLAGS });
}

/** Whether probes under both plans are the same, and so are the rules that judge them. */
function isProbedAlike(held: ClusterPlan, plan: ClusterPlan): boolean {
  return equalData({ ...held, ...UNPROBED }, { ...plan, ...UNPROBED });
}

/** What endpoints of a plan do not show to a probe. */
const UNPROBED: Partial<Record<keyof ClusterPlan, null>> = {
  discovery: null,
  balancer: null,
  breakers: null,
  outlier: null,
  panicThresholdPercent: null,
  overprovisioningPercent: null,
  ignoreHealthOnHostRemoval: null,
};

function isReachedAlike(held: EndpointFacts, facts: EndpointFacts): boolean {
  return (
    held.hostname === facts.hostname && equalData(held.address, facts.address) && equalData(held.check, facts.check)
  );
}

const NOTHING: readonly HealthEffect[] = [];
