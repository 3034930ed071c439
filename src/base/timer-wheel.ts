// One coarse timer wheel per thread: arming costs a few stores, so every request may have several. Driven by `advance`, which the
// thread's only interval calls (or a test, with its own clock).
import type { Clock } from "./clock.ts";

const SLOTS = 1024;

/** A reusable timer: make it once per owner, arm it as often as needed. */
export class Timer {
  /** Called on the wheel's thread when the time is over; the timer is disarmed by then. */
  readonly callback: () => void;
  /** Monotonic due time; Infinity while disarmed. The wheel's. */
  dueMs: number = Number.POSITIVE_INFINITY;
  /** The wheel's links; a timer stays linked while lazily disarmed or re-armed later. */
  next: Timer | null = null;
  previous: Timer | null = null;
  slot: number = -1;
  /** Due time when it was linked: never later than `dueMs`. */
  linkedMs: number = 0;

  constructor(callback: () => void) {
    this.callback = callback;
  }
}

/** A hashed wheel with a resolution of `tickMs` (default 10). A timer fires at its time or up to two ticks later, never earlier. */
export class TimerWheel {
  private readonly clock: Clock;
  private readonly tickMs: number;
  private readonly slots: (Timer | null)[] = new Array<Timer | null>(SLOTS).fill(null);
  private tick: number;
  private linked = 0;
  private chain: Timer[] = [];

  constructor(clock: Clock, tickMs: number = 10) {
    this.clock = clock;
    this.tickMs = tickMs;
    this.tick = Math.floor(clock.nowMs() / tickMs);
  }

  /** Number of timers that the wheel holds, lazily disarmed ones included: 0 means that the thread needs no interval. */
  get size(): number {
    return this.linked;
  }

  /** Sets the timer to fire after `delayMs`; Infinity disarms. Re-arming to a later time does not touch the wheel. */
  arm(timer: Timer, delayMs: number): void {
    this.armAt(timer, this.clock.nowMs() + Math.max(delayMs, 0));
  }

  /** `arm` with the monotonic time when it fires, for callers that know the time; Infinity disarms. */
  armAt(timer: Timer, due: number): void {
    timer.dueMs = due;
    if (due === Number.POSITIVE_INFINITY) return;
    if (timer.slot >= 0 && timer.linkedMs <= due) return;
    if (timer.slot >= 0) this.unlink(timer);
    this.link(timer);
  }

  /** Keeps the timer from firing. It may stay in the wheel until its slot comes round. */
  disarm(timer: Timer): void {
    timer.dueMs = Number.POSITIVE_INFINITY;
  }

  /** Takes the timer out of the wheel at once: for owners that go away and must not be held. */
  remove(timer: Timer): void {
    timer.dueMs = Number.POSITIVE_INFINITY;
    if (timer.slot >= 0) this.unlink(timer);
  }

  /** Fires what is due. Called every tick or so; a late call catches up. */
  advance(): void {
    const now = this.clock.nowMs();
    const target = Math.floor(now / this.tickMs);
    const steps = Math.min(target - this.tick, SLOTS);
    for (let i = 1; i <= steps; i++) this.visit((target - steps + i) & (SLOTS - 1), now);
    this.tick = target;
  }

  private visit(slot: number, now: number): void {
    // Unlink the whole chain first: a callback may arm, disarm or remove any timer, those of this chain included.
    const chain = this.chain;
    for (let timer = this.slots[slot] as Timer | null; timer !== null; timer = timer.next) chain.push(timer);
    this.slots[slot] = null;
    this.linked -= chain.length;
    for (const timer of chain) {
      timer.slot = -1;
      timer.next = null;
      timer.previous = null;
    }
    this.chain = [];
    for (const timer of chain) if (timer.slot < 0) this.settle(timer, now);
    chain.length = 0;
    this.chain = chain;
  }

  private settle(timer: Timer, now: number): void {
    if (timer.dueMs === Number.POSITIVE_INFINITY) return;
    if (timer.dueMs > now) {
      this.link(timer);
      return;
    }
    timer.dueMs = Number.POSITIVE_INFINITY;
    timer.callback();
  }

  private link(timer: Timer): void {
    const slot = (Math.floor(timer.dueMs / this.tickMs) + 1) & (SLOTS - 1);
    const head = this.slots[slot] as Timer | null;
    timer.slot = slot;
    timer.linkedMs = timer.dueMs;
    timer.next = head;
    timer.previous = null;
    if (head !== null) head.previous = timer;
    this.slots[slot] = timer;
    this.linked++;
  }

  private unlink(timer: Timer): void {
    if (timer.previous === null) this.slots[timer.slot] = timer.next;
    else timer.previous.next = timer.next;
    if (timer.next !== null) timer.next.previous = timer.previous;
    timer.slot = -1;
    timer.next = null;
    timer.previous = null;
    this.linked--;
  }
}
