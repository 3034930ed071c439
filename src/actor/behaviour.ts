// What an actor is: a state and a step. Effects are plain data that the host performs, so an actor runs unchanged on a thread
// and in a simulation.
import type { Lane } from "./mailbox.ts";

/** A timer of an actor, armed by name; arming again moves it. The host answers with `TimerFired`. */
export type TimerEffect =
  | { readonly type: "arm-timer"; readonly timer: string; readonly delayMs: number }
  | { readonly type: "disarm-timer"; readonly timer: string };

/** A timer's time is over. */
export interface TimerFired {
  readonly type: "timer-fired";
  readonly timer: string;
}

/** One actor. `step` changes `state` in place and reads nothing but its arguments: no clock, no socket, no random. */
export interface Behaviour<State, Message extends { readonly type: string }, Effect extends { readonly type: string }> {
  /** Shown in logs and thread names. */
  readonly name: string;
  /** Which lane a message waits in. */
  laneOf(message: Message): Lane;
  /** Handles one message at `nowMs` (monotonic); the host performs the effects in order. */
  step(state: State, message: Message, nowMs: number): readonly Effect[];
}
