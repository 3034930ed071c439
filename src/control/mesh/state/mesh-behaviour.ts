// One node of the mesh: who lives, who checks what, and what follows from what all have seen. Pure: messages, checks, timers and events
// are effects. Run by mesh-actor.ts, and by the simulation.
import type { Behaviour } from "../../../actor/behaviour.ts";
import type { Lane } from "../../../actor/mailbox.ts";
import type { Beat, MeshMessage } from "../wire/messages.ts";
import { announceLate, noteEvent } from "./announcements.ts";
import { answerHello, answerHellos, beat, raiseEpoch, sendBeat } from "./beats.ts";
import { changeBus, decideAlone } from "./bus-watch.ts";
import { consider } from "./consider.ts";
import type { Matter, Member, Target } from "./entities.ts";
import { noteLate } from "./hearing.ts";
import { decideJoined, hearEcho, meetPeer, meetRival, meetStranger, start } from "./joining.ts";
import { decideLeft, leave } from "./leaving.ts";
import { hearBeat, hearLeft, memberOf, noteEpoch, updateSpeaking, watchMember } from "./members.ts";
import type { MeshEffect, MeshInput } from "./mesh-effects.ts";
import type { MeshState } from "./mesh-state.ts";
import { pageFor, sendChanges } from "./own-log.ts";
import { decideReady } from "./readiness.ts";
import { hearChanges, hearLog, hearPage, repair } from "./replicas.ts";
import { takeReports } from "./reports.ts";
import { decideReturn } from "./resigning.ts";
import { Turn } from "./turn.ts";

/** The mesh, as one node lives it. */
export const meshState: Behaviour<MeshState, MeshInput, MeshEffect> = {
  name: "mesh",
  laneOf,
  step(state, message, nowMs) {
    if (state.mode === "silent" && message.type === "stop") return STOPPED;
    if (state.mode === "silent" && message.type !== "started" && message.type !== "bus-changed") return NOTHING;
    const turn = new Turn(state, nowMs);
    noteLate(state, nowMs);
    take(turn, message);
    finish(turn);
    return turn.effects;
  },
};

function laneOf(message: MeshInput): Lane {
  if (message.type === "stop") return "stop";
  return message.type === "heard" || message.type === "reported" || message.type === "event-seen"
    ? "work"
    : "supervision";
}

function take(turn: Turn, message: MeshInput): void {
  const { state } = turn;
  switch (message.type) {
    case "timer-fired":
      if (message.timer === "beat") beat(turn);
      else state.agendaMs = NEVER;
      return;
    case "started":
      start(turn);
      return;
    case "bus-changed":
      changeBus(turn, message.isUp);
      return;
    case "heard":
      hear(turn, message.message);
      return;
    case "asked": {
      const { instance, node } = message.message;
      if (node === state.self.node && instance === state.self.instance) return;
      turn.perform({ type: "answer", ask: message.ask, message: pageFor(state, message.message, turn.nowMs) });
      return;
    }
    case "answered": {
      for (const member of state.members.values()) {
        if (member.sync?.ask === message.ask) {
          hearPage(turn, member, message.message);
          return;
        }
      }
      return;
    }
    case "reported":
      takeReports(turn, message.reports);
      return;
    case "event-seen":
      noteEvent(state, message.id);
      return;
    case "step-down":
      state.self.reportsLoad = false;
      turn.wantsBeat = true;
      return;
    case "stop":
      leave(turn);
      return;
  }
}

function hear(turn: Turn, message: MeshMessage): void {
  const { state } = turn;
  if (message.instance === state.self.instance) {
    if (message.type === "hello") hearEcho(turn);
    return;
  }
  if (message.node === state.self.node) {
    noteEpoch(state, message.node, message.epoch);
    if (message.type === "beat") meetRival(turn, message);
    else if (message.type === "hello") answerHello(turn, message.node);
    raiseEpoch(state);
    return;
  }
  switch (message.type) {
    case "hello":
      noteEpoch(state, message.node, message.epoch);
      answerHello(turn, message.node);
      return;
    case "beat":
      hearBeatOf(turn, message);
      return;
    case "left": {
      const member = memberOf(turn, message, false);
      if (member !== null) hearLeft(turn, member);
      return;
    }
    case "changes": {
      const member = memberOf(turn, message, false);
      if (member !== null) hearChanges(turn, member, message.first, message.changes);
      else if (!state.members.has(message.node)) meetStranger(turn, message.node);
      return;
    }
    case "sync-request":
    case "sync-page":
      return; // they come as `asked` and `answered`
  }
}

function hearBeatOf(turn: Turn, message: Beat): void {
  const { state } = turn;
  const isKnown = state.members.get(message.node)?.instance === message.instance;
  const member = memberOf(turn, message, true);
  if (member === null || !hearBeat(turn, member, message)) return;
  if (!isKnown) meetPeer(turn, member.node);
  hearLog(turn, member, message);
  raiseEpoch(state);
  watch(turn, member);
}

function watch(turn: Turn, member: Member): void {
  turn.at(member, Math.min(watchMember(turn, member), repair(turn, member)));
}

/** Does what is due, considers what has changed, and says it. */
function finish(turn: Turn): void {
  const { state, nowMs } = turn;
  for (let i = 0; i < MATTERS_MAX; i++) {
    const matter = state.agenda.take(nowMs);
    if (matter === null) break;
    look(turn, matter);
  }
  considerDirty(turn);
  decideReady(turn);
  if (turn.orders.length > 0) turn.perform({ type: "order-checks", orders: turn.orders });
  sendChanges(turn);
  if (turn.wantsBeat) sendBeat(turn);
  decideLeft(turn);
  arm(turn);
}

/** Also what comes up meanwhile: what a target brings about may need another look at it. The rest has to wait for the next turn. */
function considerDirty(turn: Turn): void {
  const { dirty } = turn.state;
  let at = turn.state.dirtyDone;
  for (const endAt = at + TARGETS_MAX; at < dirty.length && at < endAt; at++) {
    const target = dirty[at] as Target;
    target.isDirty = false;
    consider(turn, target);
  }
  if (at === dirty.length) {
    dirty.length = 0;
    at = 0;
  }
  turn.state.dirtyDone = at;
}

function look(turn: Turn, matter: Matter): void {
  const { state } = turn;
  switch (matter.kind) {
    case "target":
      turn.consider(matter);
      return;
    case "member":
      if (state.members.get(matter.node) === matter) watch(turn, matter);
      return;
    case "announcement":
      announceLate(turn, matter);
      return;
    case "joining":
      decideJoined(turn);
      return;
    case "hello":
      answerHellos(turn);
      return;
    case "bus":
      decideAlone(turn);
      return;
    case "resigned":
      decideReturn(turn);
      return;
    case "judge":
      updateSpeaking(turn, state.self);
      return;
    case "ready":
    case "leaving":
      return; // decided at the end of every turn
  }
}

function arm(turn: Turn): void {
  const { state, nowMs } = turn;
  const nextMs = state.dirty.length > 0 ? nowMs : state.agenda.nextMs;
  if (nextMs >= state.agendaMs || state.mode === "silent") return;
  state.agendaMs = nextMs;
  turn.perform({ type: "arm-timer", timer: "agenda", delayMs: Math.max(0, nextMs - nowMs) });
}

const NOTHING: readonly MeshEffect[] = [];
const STOPPED: readonly MeshEffect[] = [{ type: "stopped" }];
const NEVER = Number.POSITIVE_INFINITY;

/** Of the agenda in one turn; the rest follow in the next. */
const MATTERS_MAX = 10_000;

/** Targets considered in one turn. */
const TARGETS_MAX = 10_000;
