// This node's own beat: once a second, and at once when somebody new asks or its rank has changed. Between two of them it notices when it
// was stopped itself.
import { AGE_MAX_MS, BEAT_EPOCHS_MAX, COUNT_MAX, type HeardEpoch } from "../wire/messages.ts";
import { digestOf } from "./holdings.ts";
import { forgiveSilence } from "./members.ts";
import type { MeshState } from "./mesh-state.ts";
import { changesOfBeat } from "./own-log.ts";
import type { Turn } from "./turn.ts";

/** The timer of beats has fired. */
export function beat(turn: Turn): void {
  const { state, nowMs } = turn;
  const lateMs = nowMs - state.beatMs;
  if (lateMs > PAUSE_MS) notePause(turn, lateMs);
  else if (state.strain > 1 && nowMs - state.calmMs >= CALM_MS) {
    state.strain--;
    state.calmMs = nowMs;
  }
  sendBeat(turn);
  // From when it was due, so that a second of it is a second.
  state.beatMs = lateMs > PAUSE_MS ? nowMs + BEAT_MS : state.beatMs + BEAT_MS;
  turn.perform({ type: "arm-timer", timer: "beat", delayMs: Math.max(1, state.beatMs - nowMs) });
}

/** Begins to beat. */
export function startBeating(turn: Turn): void {
  turn.state.beatMs = turn.nowMs;
  turn.state.calmMs = turn.nowMs;
  beat(turn);
}

/** Somebody said hello: this node's beat answers, once for many who ask at a time. */
export function answerHello(turn: Turn, node: string): void {
  const { state, nowMs } = turn;
  state.asker = node;
  if (nowMs - state.helloMs >= HELLOS_MS) answerHellos(turn);
  else turn.at(state.alarms.hello, state.helloMs + HELLOS_MS);
}

/** The beat that answers. */
export function answerHellos(turn: Turn): void {
  turn.state.helloMs = turn.nowMs;
  turn.wantsBeat = true;
}

/** One beat, out of turn or in it. */
export function sendBeat(turn: Turn): void {
  const { state, nowMs } = turn;
  const { self } = state;
  if (!state.isBusUp) return;
  self.sequence++;
  turn.perform({
    type: "publish",
    message: {
      type: "beat",
      node: self.node,
      instance: self.instance,
      epoch: self.epoch,
      sequence: self.sequence,
      phase: self.phase,
      roles: self.roles,
      zone: self.zone,
      adminAddress: self.adminAddress,
      judgeAgeMs: Math.min(AGE_MAX_MS, Math.max(0, Math.round(nowMs - self.judgeMs))),
      isResigned: self.isResigned,
      reportsLoad: self.reportsLoad,
      number: self.applied,
      digest: digestOf(self),
      changes: changesOfBeat(state, nowMs),
      epochs: epochsOf(state),
    },
  });
}

/** Above the greatest epoch that was heard for this node's name: when it has said hello. */
export function chooseEpoch({ self, epochs }: MeshState): void {
  self.epoch = above(epochs.get(self.node) ?? 0);
}

/** A greater epoch of this node's own name was heard: from its next beat on it has one above it. Peers that echo its own are no reason. */
export function raiseEpoch({ self, epochs }: MeshState): void {
  const heard = epochs.get(self.node) ?? 0;
  if (heard > self.epoch) self.epoch = above(heard);
}

/** Liars may have told the greatest one there is. */
function above(epoch: number): number {
  return Math.min(COUNT_MAX, epoch + 1);
}

/** The process, or the thread, stood still: others are not to blame, and are given more time for a while. */
function notePause(turn: Turn, lateMs: number): void {
  const { state, nowMs } = turn;
  turn.count("pauses");
  forgiveSilence(state, lateMs);
  state.strain = Math.min(STRAIN_MAX, state.strain + 1);
  state.calmMs = nowMs;
}

/** Names in turns, whoever asked last first. */
function epochsOf(state: MeshState): HeardEpoch[] {
  const names = [...state.epochs.keys()];
  const chosen = new Set(state.asker === "" ? [] : [state.asker]);
  for (let i = 0; i < names.length && chosen.size < BEAT_EPOCHS_MAX; i++) {
    chosen.add(names[(state.epochCursor + i) % names.length] as string);
  }
  state.epochCursor = names.length === 0 ? 0 : (state.epochCursor + BEAT_EPOCHS_MAX) % names.length;
  state.asker = "";
  return [...chosen].flatMap((node) => {
    const epoch = state.epochs.get(node);
    return epoch === undefined ? [] : [{ node, epoch }];
  });
}

/** From beat to beat. */
const BEAT_MS = 1_000;

/** A beat so late means that this node stood still. */
const PAUSE_MS = 500;

/** One beat answers all hellos of so long. */
const HELLOS_MS = 100;

/** Times are this many times as long at most. */
const STRAIN_MAX = 3;

/** The multiplier falls by one after so long without a pause. */
const CALM_MS = 10_000;
