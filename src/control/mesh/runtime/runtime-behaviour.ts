// The runtime layer that all nodes of a mesh share: who holds which key, and how ramps go on. Part of the mesh actor; pure, so that the simulation runs
// it under any weather. Ages are of this node's own clock.
import type { Behaviour } from "../../../actor/behaviour.ts";
import type { Lane } from "../../../actor/mailbox.ts";
import { change } from "./changes.ts";
import { hearFigures, watch } from "./figures.ts";
import { drive } from "./ramps.ts";
import { DIGEST_TIMER, forgetSilent, hearDigest, page, pulled, take, tellDigest } from "./replicate.ts";
import type { RuntimeEffect, RuntimeInput } from "./runtime-effects.ts";
import type { RuntimeMessage } from "./runtime-messages.ts";
import type { RuntimeState } from "./runtime-state.ts";

/** The runtime part of the mesh. */
export const sharedRuntime: Behaviour<RuntimeState, RuntimeInput, RuntimeEffect> = {
  name: "runtime",
  laneOf: (message): Lane => (message.type === "runtime-heard" ? "work" : "supervision"),
  step(state, message, nowMs) {
    noticePause(state, nowMs);
    const wasCaughtUp = state.isCaughtUp;
    const effects = [...act(state, message, nowMs)];
    if (!wasCaughtUp && state.isCaughtUp) effects.push({ type: "caught-up" });
    return [...effects, ...watch(state), ...moveTimer(state)];
  },
};

function act(state: RuntimeState, message: RuntimeInput, nowMs: number): readonly RuntimeEffect[] {
  switch (message.type) {
    case "knowledge-assigned":
      state.knowledge = message.knowledge;
      return [];
    case "records-restored":
      return take(state, message.records, nowMs);
    case "bus-connected":
      return connected(state, nowMs);
    case "bus-lost":
      state.isConnected = false;
      state.pulling = null;
      return [];
    case "runtime-heard":
      return heard(state, message.message, nowMs);
    case "runtime-garbled":
      return [{ type: "count", counter: "runtime_malformed" }];
    case "runtime-asked":
      return asked(state, message.ask, message.message, nowMs);
    case "pulled":
      return pulled(state, message.from, message.message, nowMs);
    case "figures-told": {
      const { self } = state;
      const word = {
        type: "figures",
        cluster: message.cluster,
        sequence: ++state.sequence,
        ...message.figures,
      } as const;
      hearFigures(state, { ...word, node: self.node, instance: self.instance }, nowMs);
      return state.isConnected ? [{ type: "publish-runtime", word }] : [];
    }
    case "timer-fired":
      return message.timer === DIGEST_TIMER ? repeat(state, nowMs) : [...drive(state, nowMs), rearm()];
  }
}

function heard(state: RuntimeState, message: RuntimeMessage, nowMs: number): readonly RuntimeEffect[] {
  if (message.instance === state.self.instance) return []; // the bus gives it back
  switch (message.type) {
    case "records":
      return take(state, message.records, nowMs);
    case "digest":
      return hearDigest(state, message, nowMs);
    case "figures":
      hearFigures(state, message, nowMs);
      return [];
    case "pull":
    case "page":
    case "change":
    case "outcome":
      return [{ type: "count", counter: "runtime_malformed" }];
  }
}

function asked(state: RuntimeState, ask: number, message: RuntimeMessage, nowMs: number): readonly RuntimeEffect[] {
  if (message.type === "change") return change(state, ask, message, nowMs);
  if (message.type === "pull") return [{ type: "answer", ask, word: page(state, message.after) }];
  return [{ type: "count", counter: "runtime_malformed" }];
}

function connected(state: RuntimeState, nowMs: number): RuntimeEffect[] {
  state.isConnected = true;
  state.settledMs = nowMs + SETTLE_MS;
  return [tellDigest(state, true, nowMs), { type: "arm-timer", timer: DIGEST_TIMER, delayMs: DIGEST_MS }];
}

function repeat(state: RuntimeState, nowMs: number): RuntimeEffect[] {
  forgetSilent(state, nowMs);
  if (!state.isConnected) return [];
  if (nowMs >= state.settledMs) state.isCaughtUp = true; // nobody has told it anything
  return [tellDigest(state, false, nowMs), { type: "arm-timer", timer: DIGEST_TIMER, delayMs: DIGEST_MS }];
}

/** A node that stood still believes in nothing that it knew of ramps until it has heard the others again. */
function noticePause(state: RuntimeState, nowMs: number): void {
  const gapMs = nowMs - state.steppedMs;
  state.steppedMs = nowMs;
  if (!state.isConnected || gapMs <= PAUSE_MS || gapMs === Number.POSITIVE_INFINITY) return;
  state.settledMs = Math.max(state.settledMs, nowMs + SETTLE_MS);
  state.lines.clear();
}

/** While something moves there are steps to look for. */
function moveTimer(state: RuntimeState): RuntimeEffect[] {
  const isMoving = [...state.records.values()].some(({ record }) => record.phase === "running");
  if (isMoving === state.isMoving) return [];
  state.isMoving = isMoving;
  return [isMoving ? rearm() : { type: "disarm-timer", timer: MOVE_TIMER }];
}

function rearm(): RuntimeEffect {
  return { type: "arm-timer", timer: MOVE_TIMER, delayMs: MOVE_MS };
}

const DIGEST_MS = 1_000;
const MOVE_TIMER = "move";
const MOVE_MS = 50;
/** Every peer has said its digest, and answered what it was asked. */
const SETTLE_MS = 1_200;
/** Two digests of its own are overdue. */
const PAUSE_MS = 2_500;
