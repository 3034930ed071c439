// Runs one behaviour: takes from the mailbox, steps, performs the effects. Timers it performs itself; the rest goes to `perform`.
// Never re-entrant: a message told during a step waits for its turn.
import type { Clock } from "../base/clock.ts";
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";
import type { Behaviour, TimerEffect, TimerFired } from "./behaviour.ts";
import { type LaneLimits, Mailbox } from "./mailbox.ts";

/** What a host stands on. */
export interface ActorHostParts<Effect> {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  /** Performs one effect that is not a timer. May tell the host, at once or later. */
  perform(effect: Effect): void;
}

/** One running actor. */
export class ActorHost<State, Message extends { readonly type: string }, Effect extends { readonly type: string }> {
  readonly state: State;
  private readonly behaviour: Behaviour<State, Message | TimerFired, Effect | TimerEffect>;
  private readonly parts: ActorHostParts<Effect>;
  private readonly mailbox: Mailbox<Message | TimerFired>;
  private readonly timers = new Map<string, Timer>();
  private stepping = false;

  constructor(
    behaviour: Behaviour<State, Message | TimerFired, Effect | TimerEffect>,
    state: State,
    parts: ActorHostParts<Effect>,
    limits?: LaneLimits,
  ) {
    this.behaviour = behaviour;
    this.state = state;
    this.parts = parts;
    this.mailbox = new Mailbox(limits);
  }

  /** Messages refused by a full lane so far. */
  get refused(): number {
    return this.mailbox.refused;
  }

  /** Gives the actor a message; false when its lane is full. */
  tell(message: Message | TimerFired): boolean {
    const accepted = this.mailbox.offer(this.behaviour.laneOf(message), message);
    this.run();
    return accepted;
  }

  /** Takes all timers out of the wheel: the actor hears of no more time. */
  stop(): void {
    for (const timer of this.timers.values()) this.parts.wheel.remove(timer);
    this.timers.clear();
  }

  private run(): void {
    if (this.stepping) return;
    this.stepping = true;
    try {
      for (let message = this.mailbox.take(); message !== undefined; message = this.mailbox.take()) {
        for (const effect of this.behaviour.step(this.state, message, this.parts.clock.nowMs())) this.handle(effect);
      }
    } finally {
      this.stepping = false;
    }
  }

  private handle(effect: Effect | TimerEffect): void {
    if (isArm(effect)) this.arm(effect.timer, effect.delayMs);
    else if (isDisarm(effect)) this.disarm(effect.timer);
    else this.parts.perform(effect as Effect);
  }

  private arm(name: string, delayMs: number): void {
    let timer = this.timers.get(name);
    if (timer === undefined) {
      timer = new Timer(() => this.tell({ type: "timer-fired", timer: name }));
      this.timers.set(name, timer);
    }
    this.parts.wheel.arm(timer, delayMs);
  }

  private disarm(name: string): void {
    const timer = this.timers.get(name);
    if (timer === undefined) return;
    this.parts.wheel.remove(timer);
    this.timers.delete(name);
  }
}

function isArm(effect: { readonly type: string }): effect is TimerEffect & { readonly type: "arm-timer" } {
  return effect.type === "arm-timer";
}

function isDisarm(effect: { readonly type: string }): effect is TimerEffect & { readonly type: "disarm-timer" } {
  return effect.type === "disarm-timer";
}
