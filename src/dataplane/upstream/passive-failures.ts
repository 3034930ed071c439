// Endpoints that asked, in an answer to a request, to be taken out at once (x-envoy-immediate-health-check-fail). The flags are raised here,
// so that the next pick of every worker knows; the health side hears of it in a message, bounded however many answers say so.
import { Timer, type TimerWheel } from "../../base/timer-wheel.ts";
import { HealthFlag, type HealthTable } from "../../telemetry/health-table.ts";

/** Tells the health side of `count` such answers of one endpoint. */
export type TellPassiveFailure = (row: number, slot: number, count: number) => void;

/** The door of one worker. */
export class PassiveFailures {
  private readonly health: HealthTable;
  private readonly wheel: TimerWheel;
  private readonly tell: TellPassiveFailure;
  /** What came since the last word, by slot. */
  private waiting = new Map<number, { readonly row: number; count: number }>();
  private isQuiet = true;
  private readonly timer: Timer = new Timer(() => this.tellWaiting());

  constructor(parts: { health: HealthTable; wheel: TimerWheel; tell: TellPassiveFailure }) {
    this.health = parts.health;
    this.wheel = parts.wheel;
    this.tell = parts.tell;
  }

  /** An endpoint of the cluster of this row fails. The first one is told at once, those of the next tenth of a second together. */
  raise(row: number, slot: number): void {
    const isNews = (Atomics.load(this.health.flags, slot) & IMMEDIATE) !== IMMEDIATE;
    if (isNews) {
      this.health.set(slot, IMMEDIATE);
      this.health.bump(row);
    }
    const held = this.waiting.get(slot);
    if (held !== undefined) held.count++;
    else this.waiting.set(slot, { row, count: 1 });
    if (this.isQuiet) this.tellWaiting();
  }

  private tellWaiting(): void {
    const { waiting } = this;
    this.isQuiet = waiting.size === 0;
    if (this.isQuiet) return;
    this.waiting = new Map();
    for (const [slot, { row, count }] of waiting) this.tell(row, slot, count);
    this.wheel.arm(this.timer, GATHER_MS);
  }
}

const IMMEDIATE = HealthFlag.FailedActiveHc | HealthFlag.ExcludedViaImmediateHcFail;
const GATHER_MS = 100;
