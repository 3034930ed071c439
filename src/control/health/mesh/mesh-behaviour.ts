// The judge of active checks with a door for a mesh. Until it is told to follow one, and after it has left, it is health-behaviour.ts and
// nothing else; in between only what is ordered is probed, and endpoints stand as the mesh says. Pure; run by health-actor.ts.
import type { Behaviour } from "../../../actor/behaviour.ts";
import { beginFirst, openProbe } from "../checked-endpoints.ts";
import { healthCheck } from "../health-behaviour.ts";
import type { HealthEffect, HealthMessage } from "../health-effects.ts";
import type { HealthState, Session } from "../health-state.ts";
import { beginAsk, beginSecond, endAsks, judgeAsked } from "./asks.ts";
import { beginChecks, beginProbe, endChecks, judgeScheduled, shortenWaits } from "./duty.ts";
import {
  type JudgeMessage,
  type MeshChecks,
  type MeshMessage,
  type MeshSenses,
  newMeshChecks,
  type Target,
} from "./mesh-checks.ts";
import { endImmediateFailure, failImmediately, setStanding } from "./shown.ts";
import { addTarget } from "./targets.ts";
import { armTick, doubt, TICK, tick } from "./ticks.ts";

/** The judge. */
export function meshHealthCheck(senses: MeshSenses): Behaviour<HealthState, JudgeMessage, HealthEffect> {
  return {
    name: healthCheck.name,
    laneOf: (message) => (isForMesh(message) ? "work" : healthCheck.laneOf(message)),
    step(state, message, nowMs) {
      if (isForMesh(message)) {
        if (message.type === "follow-mesh") return follow(state, senses);
        if (message.type === "mesh-alive") return hearSign(state, senses);
        return state.mesh === null ? NOTHING : obey(state, state.mesh, message, nowMs);
      }
      if (state.mesh === null) return healthCheck.step(state, message, nowMs);
      return stepFollowing(state, state.mesh, message, nowMs);
    },
  };
}

/** What does not come from the mesh. */
function stepFollowing(
  state: HealthState,
  mesh: MeshChecks,
  message: HealthMessage,
  nowMs: number,
): readonly HealthEffect[] {
  switch (message.type) {
    case "timer-fired":
      return wake(state, mesh, message.timer, nowMs);
    case "probe-finished": {
      const { probe, outcome } = message;
      const session = mesh.scheduled.get(probe);
      if (session === undefined) return judgeAsked(state, mesh, probe, outcome, nowMs);
      return session.isRunning ? judgeScheduled(state, mesh, session, outcome, nowMs) : NOTHING;
    }
    case "passive-failure-seen": {
      const target = mesh.targets.get(message.slot);
      if (target?.endpoint.cluster.row !== message.row) return NOTHING;
      return failImmediately(state, target, message.count, nowMs);
    }
    case "plan-assigned":
    case "endpoints-changed":
      return [...healthCheck.step(state, message, nowMs), ...takeNews(mesh)];
    case "stop":
      return [...endAll(state, mesh), ...healthCheck.step(state, message, nowMs)];
    case "outlier-suspected":
    case "runtime-changed":
    case "forget-stats":
    case "reopen-logs":
      return NOTHING; // for others on this thread
  }
}

type Order = Exclude<MeshMessage, { readonly type: "follow-mesh" | "mesh-alive" }>;

/** An order for an endpoint that has just left is nobody's. */
function obey(state: HealthState, mesh: MeshChecks, order: Order, nowMs: number): readonly HealthEffect[] {
  switch (order.type) {
    case "leave-mesh":
      return leave(state, mesh, nowMs);
    case "set-traffic":
      return setTraffic(state, mesh, order, nowMs);
    case "begin-checks":
      return forTarget(mesh, order, (target) => beginChecks(state, mesh, target, order, nowMs));
    case "end-checks":
      return forTarget(mesh, order, (target) => {
        const effects: HealthEffect[] = [];
        endChecks(mesh, target, effects);
        return effects;
      });
    case "check-once":
      return forTarget(mesh, order, (target) => beginAsk(state, mesh, target, order));
    case "set-standing":
      return forTarget(mesh, order, (target) => setStanding(state, target, order.standing, nowMs));
    case "end-immediate-failure":
      return forTarget(mesh, order, (target) => endImmediateFailure(state, target, nowMs));
    case "endpoint-ejected":
      return forTarget(mesh, order, (target) => {
        const effects: HealthEffect[] = [];
        doubt(target, "ejected", nowMs, effects);
        return effects;
      });
  }
}

function forTarget(
  mesh: MeshChecks,
  { slot }: { readonly slot: number },
  act: (target: Target) => HealthEffect[],
): readonly HealthEffect[] {
  const target = mesh.targets.get(slot);
  return target === undefined ? NOTHING : act(target);
}

function wake(state: HealthState, mesh: MeshChecks, timer: string, nowMs: number): readonly HealthEffect[] {
  if (timer === TICK)
    return ++mesh.quietTicks < QUIET_TICKS_MAX ? tick(state, mesh, nowMs) : giveUp(state, mesh, nowMs);
  const session = mesh.waits.get(timer);
  if (session !== undefined) return session.isRunning ? NOTHING : beginProbe(session);
  const second = mesh.seconds.get(timer);
  return second === undefined ? NOTHING : beginSecond(state, mesh, second.ask, second.run);
}

/** Probes of this node's own accord end, and the mesh hears what there is. Of a mesh that begins again everything ends. */
function follow(state: HealthState, senses: MeshSenses): HealthEffect[] {
  const effects: HealthEffect[] = state.mesh === null ? rest(state) : endAll(state, state.mesh);
  const mesh = newMeshChecks(senses);
  state.mesh = mesh;
  for (const cluster of state.clusters.values()) {
    if (cluster.row >= 0) senses.doubts.takeRow(cluster.row);
    for (const endpoint of cluster.endpoints.values()) addTarget(state, mesh, endpoint, effects);
  }
  return [...effects, ...takeNews(mesh), armTick()];
}

/** A mesh that was given up, because its thread hung, is followed again. */
function hearSign(state: HealthState, senses: MeshSenses): readonly HealthEffect[] {
  if (state.mesh === null) return follow(state, senses);
  state.mesh.quietTicks = 0;
  return NOTHING;
}

/** Its thread has said nothing for long, though this one runs: no verdict would ever change. */
function giveUp(state: HealthState, mesh: MeshChecks, nowMs: number): HealthEffect[] {
  const text = "the mesh's thread says nothing any more: this node checks for itself";
  const line = { level: "warning", component: "health_checker", text } as const;
  return [{ type: "log", line }, ...leave(state, mesh, nowMs)];
}

function rest(state: HealthState): HealthEffect[] {
  const effects: HealthEffect[] = [];
  for (const session of state.byProbe.values()) {
    session.isRunning = false;
    effects.push({ type: "disarm-timer", timer: session.timer }, { type: "close-probe", probe: session.probe });
  }
  return effects;
}

/** The mesh is gone: every endpoint is probed within an interval, and at once when nothing is known of it. */
function leave(state: HealthState, mesh: MeshChecks, nowMs: number): HealthEffect[] {
  const effects = endAll(state, mesh);
  for (const session of state.byProbe.values()) resume(state, session, nowMs, effects);
  return effects;
}

function resume(state: HealthState, session: Session, nowMs: number, effects: HealthEffect[]): void {
  effects.push(openProbe(session));
  if (!session.isHeard) {
    beginFirst(state, session, nowMs, effects);
    return;
  }
  const delayMs = state.senses.random.below(Math.ceil(session.check.plan.intervalMs)) + 1;
  effects.push({ type: "arm-timer", timer: session.timer, delayMs });
}

function endAll(state: HealthState, mesh: MeshChecks): HealthEffect[] {
  const effects: HealthEffect[] = [{ type: "disarm-timer", timer: TICK }];
  for (const target of mesh.targets.values()) {
    endChecks(mesh, target, effects);
    endAsks(mesh, target, effects);
  }
  state.mesh = null;
  return effects;
}

function setTraffic(
  state: HealthState,
  mesh: MeshChecks,
  { row, hasTraffic }: { readonly row: number; readonly hasTraffic: boolean },
  nowMs: number,
): HealthEffect[] {
  if (mesh.traffic.has(row) === hasTraffic) return [];
  if (!hasTraffic) {
    mesh.traffic.delete(row);
    return [];
  }
  mesh.traffic.add(row);
  return state.senses.hasTraffic(row) ? [] : shortenWaits(state, mesh, row, nowMs);
}

function takeNews(mesh: MeshChecks): HealthEffect[] {
  const { news } = mesh;
  mesh.news = [];
  return news.map((report) => ({ type: "report-check", report }));
}

function isForMesh(message: JudgeMessage): message is MeshMessage {
  return MESH_MESSAGES.has(message.type);
}

const MESH_MESSAGES: ReadonlySet<string> = new Set<MeshMessage["type"]>([
  "follow-mesh",
  "leave-mesh",
  "mesh-alive",
  "begin-checks",
  "end-checks",
  "check-once",
  "set-standing",
  "end-immediate-failure",
  "set-traffic",
  "endpoint-ejected",
]);

/** Ten seconds of this thread's own time: a process that was stopped as a whole gives nobody up. */
const QUIET_TICKS_MAX = 100;

const NOTHING: readonly HealthEffect[] = [];
