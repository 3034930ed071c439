// Lets the body of one answer go to the client at a given rate: a share of a second's bytes 20 times a second, as Envoy's stream rate limiter.
// Made by the response side for answers that a filter slows down; what waits is bounded by pausing the upstream.
import { Timer, type TimerWheel } from "../../base/timer-wheel.ts";
import { type HeaderList, releaseHeaderList } from "../../protocol/header-list.ts";
import type { PassOutput } from "../filters/pass.ts";
import { BODY_BUFFER_HIGH_BYTES, BodyBuffer } from "./body-buffer.ts";
import type { MemoryBudget } from "./memory-budget.ts";

/** Where it writes. */
export interface ThrottleOutput extends PassOutput {
  /** Whether the client takes no more for now. */
  isBackedUp(): boolean;
  /** Some has gone on. */
  onPassed(): void;
}

/** One answer's throttle. */
export class ResponseThrottle {
  private readonly wheel: TimerWheel;
  private readonly out: ThrottleOutput;
  private readonly bytesPerTick: number;
  private readonly waiting: BodyBuffer;
  private readonly timer: Timer = new Timer(() => this.pass());
  /** Parts of bytes that were not used yet. */
  private credit = 0;
  private isRunning = false;
  private hasEnded = false;
  private isOver = false;
  private trailers: HeaderList | null = null;

  constructor(wheel: TimerWheel, budget: MemoryBudget, bytesPerSecond: number, out: ThrottleOutput) {
    this.wheel = wheel;
    this.out = out;
    this.bytesPerTick = bytesPerSecond / (1_000 / TICK_MS);
    this.waiting = new BodyBuffer(budget);
  }

  /** Whether the source is to be paused. */
  get isFull(): boolean {
    return this.waiting.length >= BODY_BUFFER_HIGH_BYTES;
  }

  /** Body bytes. */
  data(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    this.waiting.append(bytes, start, end);
    this.hasEnded = last;
    if (!this.isRunning) this.pass();
  }

  /** Trailers; the list belongs to this. */
  end(trailers: HeaderList): void {
    this.trailers = trailers;
    if (!this.isRunning) this.pass();
  }

  /** Forgets the answer. */
  clear(): void {
    this.isOver = true;
    this.wheel.disarm(this.timer);
    this.waiting.clear();
    if (this.trailers !== null) releaseHeaderList(this.trailers);
    this.trailers = null;
  }

  private pass(): void {
    const { out, waiting } = this;
    // What a client that takes nothing did not get is not made up for later.
    if (!out.isBackedUp()) this.credit += this.bytesPerTick;
    const length = Math.min(waiting.length, Math.floor(this.credit));
    this.credit = Math.min(this.credit - length, this.bytesPerTick);
    const isLast = length === waiting.length;
    this.isRunning = !isLast || length > 0;
    if (this.isRunning) this.wheel.arm(this.timer, TICK_MS);
    if (length > 0 || (isLast && this.hasEnded)) {
      const part = Buffer.from(waiting.view().subarray(0, length));
      const rest = Buffer.from(waiting.view().subarray(length, waiting.length));
      waiting.clear();
      waiting.append(rest, 0, rest.length);
      out.data(part, 0, length, isLast && this.hasEnded);
    }
    const { trailers } = this;
    if (isLast && trailers !== null) {
      this.trailers = null;
      out.trailers(trailers);
    }
    if (!this.isOver) out.onPassed();
  }
}

/** Between two parts of an answer. */
const TICK_MS = 50;
