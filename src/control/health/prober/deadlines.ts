// Honest time-outs: an answer that waits in a socket wins over a timer, and time that this thread did not get is not charged to an
// endpoint. Used by endpoint-probe.ts; one `Deadlines` per thread.
import type { Clock } from "../../../base/clock.ts";
import { Timer, type TimerWheel } from "../../../base/timer-wheel.ts";
import type { Turn, TurnTask } from "../../../base/turn.ts";

/** Watches how much time the thread loses, while a deadline runs. */
export class Deadlines {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly turn: Turn;
  /** Time lost so far, while deadlines ran. */
  lostMs: number = 0;
  private running = 0;
  private seenMs = 0;
  private readonly beat: Timer = new Timer(() => this.onBeat());

  constructor(parts: { readonly clock: Clock; readonly wheel: TimerWheel; readonly turn: Turn }) {
    this.clock = parts.clock;
    this.wheel = parts.wheel;
    this.turn = parts.turn;
  }

  /**
   * The time; adds to `lostMs` what passed since the last look beyond what a thread that runs leaves between two. Each look leaves
   * a beat to the deadlines: on a thread that is starved all the time they come late, but they come.
   */
  look(): number {
    const nowMs = this.clock.nowMs();
    const gapMs = nowMs - this.seenMs;
    this.seenMs = nowMs;
    if (gapMs > STALL_MS && this.running > 0) this.lostMs += gapMs - BEAT_MS;
    return nowMs;
  }

  /** One more deadline runs. */
  begin(): void {
    this.running++;
    if (this.running === 1) this.wheel.arm(this.beat, BEAT_MS);
  }

  /** One less runs. */
  end(): void {
    this.running--;
    if (this.running === 0) this.wheel.remove(this.beat);
  }

  private onBeat(): void {
    this.look();
    if (this.running > 0) this.wheel.arm(this.beat, BEAT_MS);
  }
}

/** One probe's time. */
export class Deadline implements TurnTask {
  private readonly deadlines: Deadlines;
  private readonly onOver: () => void;
  private readonly timer: Timer = new Timer(() => this.onTimer());
  private isRunning = false;
  private dueMs = 0;
  private lostBeforeMs = 0;
  /** The time is over, and the sockets have one turn to say otherwise. */
  private isLastTurn = false;
  private isInTurn = false;

  /** `onOver`: the time is over and nothing came. */
  constructor(deadlines: Deadlines, onOver: () => void) {
    this.deadlines = deadlines;
    this.onOver = onOver;
  }

  /** Starts it. */
  run(delayMs: number): void {
    const { deadlines } = this;
    const nowMs = deadlines.look();
    if (!this.isRunning) deadlines.begin();
    this.isRunning = true;
    this.isLastTurn = false;
    this.lostBeforeMs = deadlines.lostMs;
    this.dueMs = nowMs + delayMs;
    deadlines.wheel.armAt(this.timer, this.dueMs);
  }

  /** Stops it; answers how much of the time was left. */
  stop(): number {
    if (!this.isRunning) return 0;
    const { deadlines } = this;
    const leftMs = this.dueMs + deadlines.lostMs - this.lostBeforeMs - deadlines.clock.nowMs();
    this.isRunning = false;
    this.isLastTurn = false;
    deadlines.wheel.disarm(this.timer);
    deadlines.end();
    return Math.max(leftMs, 0);
  }

  /** Stops it for good. */
  remove(): void {
    this.stop();
    this.deadlines.wheel.remove(this.timer);
  }

  runTurn(): void {
    this.isInTurn = false;
    if (!this.isLastTurn) return;
    this.stop();
    this.onOver();
  }

  private onTimer(): void {
    const { deadlines } = this;
    const nowMs = deadlines.look();
    this.dueMs += deadlines.lostMs - this.lostBeforeMs;
    this.lostBeforeMs = deadlines.lostMs;
    if (this.dueMs > nowMs) {
      deadlines.wheel.armAt(this.timer, this.dueMs);
      return;
    }
    this.isLastTurn = true;
    if (this.isInTurn) return;
    this.isInTurn = true;
    // Timers run before the sockets are read: what came meanwhile is read before the end of this turn.
    deadlines.turn.add(this);
  }
}

/** How often a thread with running deadlines looks at the clock. */
const BEAT_MS = 10;

/** A wheel's timer is up to two ticks late by nature; a gap above this says that the thread did not run. */
const STALL_MS = 50;
