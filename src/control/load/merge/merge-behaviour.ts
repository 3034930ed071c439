// Load of a whole mesh in one stream. Every node gives its counts as numbered batches to the node that reports, keeps them until they are
// in the server's hands, and gives them again to the next reporter when that one is gone; a batch is reported by one reporter once, and a
// server that looks at who counted what drops what two of them sent. Pure.
import type { Behaviour } from "../../../actor/behaviour.ts";
import type { Lane } from "../../../actor/mailbox.ts";
import { giveUp, makeReport, markHeld, receive, settleReport } from "./collecting.ts";
import { ask, hand, hearAnswer, keep, settle, take, turnTo, unaccepted } from "./handing.ts";
import type { LoadRequest, MergeEffect, MergeMessage } from "./merge-messages.ts";
import type { MergeState, Turn } from "./merge-state.ts";
import { hearRelayed, relay } from "./relaying.ts";
import { subscriptionOf } from "./subscription.ts";

/** The merged load report's part of a node. */
export const merging: Behaviour<MergeState, MergeMessage, MergeEffect> = {
  name: "merged load",
  laneOf,
  step(state, message, nowMs) {
    if (state.hasStopped) return [];
    const turn: Turn = { state, nowMs, effects: [] };
    noteTime(turn);
    act(turn, message);
    if (state.isStopping) endIfDone(turn);
    return turn.effects;
  },
};

function laneOf(message: MergeMessage): Lane {
  return message.type === "stop" || message.type === "timer-fired" ? "supervision" : "work";
}

function act(turn: Turn, message: MergeMessage): void {
  const { state, effects } = turn;
  switch (message.type) {
    case "reporter-named":
      follow(turn, message.node);
      return;
    case "asked":
      effects.push({ type: "answer", ask: message.ask, reply: receive(turn, takeable(state, message.request)) });
      return;
    case "answered":
      if (!hearRelayed(turn, message.ask, message.reply)) hearAnswer(turn, message.ask, message.reply);
      return;
    case "noted":
      if (message.note.instance === state.self.instance) settle(turn, message.note.settled);
      return;
    case "taken":
      keep(turn, message.loads);
      ask(turn);
      if (state.isReportDue) report(turn);
      return;
    case "subscribed": {
      const { clusters, intervalMs, hasEndpoints } = message;
      if (!state.leads) return;
      state.subscription = subscriptionOf({ clusters, intervalMs, hasEndpoints });
      effects.push({ type: "follow-clusters", clusters: state.subscription.clusters });
      if (state.isStopping) effects.push({ type: "hurry" });
      return;
    }
    case "report-due":
      reportDue(turn);
      return;
    case "report-settled":
      if (!state.leads) return;
      settleReport(turn);
      ask(turn);
      if (state.isStopping) effects.push({ type: "hurry" });
      return;
    case "report-returned":
      state.report = null;
      return;
    case "stop":
      stop(turn);
      return;
    case "timer-fired":
      fired(turn, message.timer);
      return;
  }
}

/** One that is about to end takes no more than it can still report. */
function takeable({ isStopping }: MergeState, request: LoadRequest): LoadRequest {
  return isStopping ? { ...request, batch: null } : request;
}

function follow(turn: Turn, reporter: string | null): void {
  const { state, effects } = turn;
  if (reporter === state.reporter) return;
  const before = state.reporter;
  if (state.leads) resign(turn);
  turnTo(state, reporter);
  if (reporter === state.self.node) {
    state.leads = true;
    effects.push({ type: "lead", before: before ?? "" });
  }
  if (reporter === null) return;
  hand(turn);
  relay(turn);
  arm(turn);
}

/** This node's own counts are taken first, unless those before are still to be reported. */
function reportDue(turn: Turn): void {
  const { state } = turn;
  if (!state.leads || state.subscription === null || state.report !== null) return;
  if (turn.nowMs < state.quietUntilMs) return;
  if (state.isTaking) state.isReportDue = true;
  else if (state.queue.length > 0 || state.isStopping) report(turn);
  else {
    state.isReportDue = true;
    take(turn);
  }
}

function report(turn: Turn): void {
  const { state, effects } = turn;
  state.isReportDue = false;
  if (!state.leads || state.subscription === null || state.report !== null) return;
  ask(turn);
  effects.push({ type: "report", report: makeReport(turn, state.subscription) });
}

function resign({ state, effects }: Turn): void {
  state.leads = false;
  state.isReportDue = false;
  giveUp(state);
  effects.push({ type: "resign" });
}

function stop(turn: Turn): void {
  const { state, effects } = turn;
  if (state.isStopping) return;
  state.isStopping = true;
  effects.push({ type: "arm-timer", timer: STOP_TIMER, delayMs: STOP_MS_MAX });
  effects.push({ type: "arm-timer", timer: STEP_DOWN_TIMER, delayMs: STEP_DOWN_MS });
  take(turn);
  if (state.leads) effects.push({ type: "hurry" });
  arm(turn);
}

function endIfDone(turn: Turn): void {
  const { isTaking, queue, relays, report, heldBytes, hasStopped } = turn.state;
  const isDone = !isTaking && queue.length === 0 && relays.length === 0 && report === null && heldBytes === 0;
  if (isDone && !hasStopped) end(turn);
}

function end(turn: Turn): void {
  const { state, effects } = turn;
  const left = unaccepted(state);
  state.hasStopped = true;
  if (state.leads) resign(turn);
  for (const timer of [HAND_TIMER, STOP_TIMER, STEP_DOWN_TIMER]) effects.push({ type: "disarm-timer", timer });
  effects.push({ type: "stopped", left });
}

function fired(turn: Turn, timer: string): void {
  if (timer === STOP_TIMER) {
    end(turn);
    return;
  }
  if (timer === STEP_DOWN_TIMER) {
    // The server does not take it: another node shall report for the mesh, and gets what is left.
    if (turn.state.leads) turn.effects.push({ type: "step-down" });
    return;
  }
  hand(turn);
  relay(turn);
  arm(turn);
}

/** When to look again: soon enough to say that this node lives, and when counts are to be taken. */
function arm({ state, nowMs, effects }: Turn): void {
  const untilTakeMs = state.queue.length === 0 ? state.takeAtMs - nowMs : Number.POSITIVE_INFINITY;
  const mostMs = state.isStopping ? HURRY_MS : LOOK_MS;
  const delayMs = Math.max(LOOK_MS_MIN, Math.min(mostMs, untilTakeMs));
  effects.push({ type: "arm-timer", timer: HAND_TIMER, delayMs });
}

/** Of a reporter that stood still the nodes may have given to another what it holds: it hears them first. */
function noteTime({ state, nowMs }: Turn): void {
  if (state.leads && nowMs - state.steppedMs > PAUSE_MS) {
    markHeld(state);
    state.quietUntilMs = nowMs + QUIET_MS;
  }
  state.steppedMs = nowMs;
}

const HAND_TIMER = "hand";
const STOP_TIMER = "stop";
const STEP_DOWN_TIMER = "step-down";
const STEP_DOWN_MS = 1_500;
const LOOK_MS = 1_000;
const LOOK_MS_MIN = 20;
const HURRY_MS = 100;
const PAUSE_MS = 3_000;
/** Every node has said once more what is reported, and a little for the way. */
const QUIET_MS = 1_500;
/** A node that ends waits no longer for its last counts to be reported. */
const STOP_MS_MAX = 5_000;
