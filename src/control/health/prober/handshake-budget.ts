// How many TLS handshakes a second the probes of one thread may begin: a handshake costs more than a hundred probes on a connection that
// stands, and ten thousand endpoints may come at once. Used by endpoint-probe.ts.
import type { Clock } from "../../../base/clock.ts";
import { Timer, type TimerWheel } from "../../../base/timer-wheel.ts";

/** Who waits for a handshake. */
export interface HandshakeTaker {
  /** It is its turn: it dials now. */
  onHandshakeTurn(): void;
}

/** Turns in the order of asking. */
export class HandshakeBudget {
  private readonly clock: Clock;
  private readonly wheel: TimerWheel;
  private readonly perSecond: number;
  /** In the order of asking. */
  private readonly waiting: Set<HandshakeTaker> = new Set();
  private readonly timer: Timer = new Timer(() => this.serve());
  private turns: number;
  private filledMs: number;

  constructor(parts: { readonly clock: Clock; readonly wheel: TimerWheel }, perSecond: number) {
    this.clock = parts.clock;
    this.wheel = parts.wheel;
    this.perSecond = perSecond;
    this.turns = this.turnsMax;
    this.filledMs = this.clock.nowMs();
  }

  /** The taker gets its turn, now or later. */
  ask(taker: HandshakeTaker): void {
    this.waiting.add(taker);
    if (this.waiting.size === 1) this.serve();
  }

  /** The taker does not want it any more. */
  leave(taker: HandshakeTaker): void {
    this.waiting.delete(taker);
    if (this.waiting.size === 0) this.wheel.remove(this.timer);
  }

  private serve(): void {
    const nowMs = this.clock.nowMs();
    this.turns = Math.min(this.turnsMax, this.turns + ((nowMs - this.filledMs) / 1_000) * this.perSecond);
    this.filledMs = nowMs;
    const takers: HandshakeTaker[] = [];
    for (const taker of this.waiting) {
      if (takers.length + 1 > this.turns) break;
      takers.push(taker);
    }
    this.turns -= takers.length;
    for (const taker of takers) this.waiting.delete(taker);
    for (const taker of takers) taker.onHandshakeTurn();
    if (this.waiting.size > 0) this.wheel.arm(this.timer, 1_000 / this.perSecond);
  }

  /** What may begin together after a rest. */
  private get turnsMax(): number {
    return Math.max(1, this.perSecond / 10);
  }
}
