// Whether the loop of a thread turns: it is asked for a sign of life each second, and who owns it hears when none has come for some seconds, and
// when one comes again. Counts looks, not time, so that a process that was stopped does not take its threads for stuck. Made by ActorThread.
import { Timer, type TimerWheel } from "../base/timer-wheel.ts";

/** What it stands on. */
export interface ThreadPulseParts {
  readonly wheel: TimerWheel;
  /** Asks the thread; `onSign` comes once, or never. */
  ask(onSign: () => void): void;
  readonly owner: {
    /** No sign for `SILENT_S`. */
    onSilent(): void;
    /** A sign, the first since then. `silentS`: without one, in whole seconds. */
    onAnswering(silentS: number): void;
  };
}

/** The watch over one thread. */
export class ThreadPulse {
  private readonly parts: ThreadPulseParts;
  private readonly timer: Timer = new Timer(() => this.look());
  /** Looks without a sign since the thread was asked; -1: it has answered. */
  private looks = -1;
  /** So that signs of a thread that has ended say nothing of the next. */
  private run = 0;

  constructor(parts: ThreadPulseParts) {
    this.parts = parts;
  }

  /** From now on. */
  begin(): void {
    this.end();
    this.parts.wheel.arm(this.timer, LOOK_MS);
  }

  /** Until now: the thread has ended, or is to. */
  end(): void {
    this.run++;
    this.looks = -1;
    this.parts.wheel.remove(this.timer);
  }

  private look(): void {
    const { parts, run } = this;
    if (this.looks < 0) {
      this.looks = 0;
      parts.ask(() => {
        if (run === this.run) this.signed();
      });
    } else if (++this.looks === SILENT_S) parts.owner.onSilent();
    parts.wheel.arm(this.timer, LOOK_MS);
  }

  private signed(): void {
    const silentS = this.looks;
    this.looks = -1;
    if (silentS >= SILENT_S) this.parts.owner.onAnswering(silentS);
  }
}

const LOOK_MS = 1_000;
/** Seconds without a sign after which a thread is said to stand still. */
export const SILENT_S: number = 5;
