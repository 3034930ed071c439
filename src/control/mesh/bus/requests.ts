// Requests that await their end: an answer, the end of their time, or a failure. Owned by each bus; knows nothing of what carries them.
import { Timer, type TimerWheel } from "../../../base/timer-wheel.ts";
import type { RequestOutcome } from "./bus.ts";

/** Why a request failed. */
export type RequestFailure = Extract<RequestOutcome, { readonly kind: "failed" }>["reason"];

interface Open {
  readonly subject: string;
  readonly done: (outcome: RequestOutcome) => void;
  readonly timer: Timer;
  /** How it ends when its timer fires. */
  late: RequestOutcome;
}

/** The open requests of one bus. Each ends once. */
export class Requests {
  private readonly wheel: TimerWheel;
  private readonly open = new Map<string, Open>();
  private last = 0;

  constructor(wheel: TimerWheel) {
    this.wheel = wheel;
  }

  get size(): number {
    return this.open.size;
  }

  /** Whether it is still open. */
  has(token: string): boolean {
    return this.open.has(token);
  }

  /** Opens one that ends as `timeout` unless something else comes first; answers with its token. */
  add(subject: string, timeoutMs: number, done: (outcome: RequestOutcome) => void): string {
    const token = (++this.last).toString(36);
    const timer = new Timer(() => this.settle(token, open.late));
    const open: Open = { subject, done, timer, late: { kind: "timeout" } };
    this.open.set(token, open);
    this.wheel.arm(timer, timeoutMs);
    return token;
  }

  /** Ends it; without effect when it has ended. */
  settle(token: string, outcome: RequestOutcome): void {
    const open = this.open.get(token);
    if (open === undefined) return;
    this.open.delete(token);
    this.wheel.remove(open.timer);
    open.done(outcome);
  }

  /** Ends it as failed within a tick or two, so that its owner does not hear of it while it still asks. */
  failSoon(token: string, reason: RequestFailure): void {
    const open = this.open.get(token);
    if (open === undefined) return;
    open.late = { kind: "failed", reason };
    this.wheel.arm(open.timer, 0);
  }

  /** Ends those on one subject, or all when it is null. Those whose failure is known already keep their reason. */
  fail(reason: RequestFailure, subject: string | null): void {
    for (const [token, open] of [...this.open]) {
      if (subject !== null && open.subject !== subject) continue;
      this.settle(token, open.late.kind === "failed" ? open.late : { kind: "failed", reason });
    }
  }
}
