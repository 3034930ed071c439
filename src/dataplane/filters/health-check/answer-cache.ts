// The upstream's last answer to a health check, kept until the end of a period; as Envoy, periods follow one another whatever is asked.
import type { Clock } from "../../../base/clock.ts";

/** One filter's. */
export class AnswerCache {
  status: number = 200;
  degraded: boolean = false;
  private readonly clock: Clock;
  private readonly periodMs: number;
  private readonly startMs: number;
  /** The period of the answer, -1: none came. */
  private period = -1;

  constructor(clock: Clock, periodMs: number) {
    this.clock = clock;
    this.periodMs = periodMs;
    this.startMs = clock.nowMs();
  }

  /** Whether the answer stands for the next one. */
  has(): boolean {
    return this.period === this.now();
  }

  keep(status: number, degraded: boolean): void {
    this.status = status;
    this.degraded = degraded;
    this.period = this.now();
  }

  private now(): number {
    return Math.floor((this.clock.nowMs() - this.startMs) / this.periodMs);
  }
}
