// A token bucket in one 64-bit word that all workers change by compare-and-exchange: the time at which it was, or will have been, empty.
// Tokens come in steadily; nobody needs a timer, and no token is lost or given twice.
import type { TokenBucketPlan } from "../../../config/plan/filters/local-ratelimit.ts";

/** One bucket. An untouched word is a full one. Times are milliseconds that all users of the memory have in common. */
export class TokenBucket {
  readonly plan: TokenBucketPlan;
  /** What it refuses passes, and is counted. */
  readonly watches: boolean;
  private readonly words: BigInt64Array;
  private readonly at: number;
  private readonly tokenMs: number;
  private readonly fullMs: number;

  constructor(plan: TokenBucketPlan, words: BigInt64Array, at: number, watches: boolean = false) {
    this.watches = watches;
    this.plan = plan;
    this.words = words;
    this.at = at;
    this.tokenMs = plan.fillMs / plan.tokensPerFill;
    this.fullMs = plan.tokensMax * this.tokenMs;
  }

  /** Tokens that come in a second: of several buckets, the slowest is asked first. */
  get rate(): number {
    return this.plan.tokensPerFill / this.plan.fillMs;
  }

  /** Takes so many tokens, all or none of them. */
  take(nowMs: number, tokens: number): boolean {
    if (tokens === 0 || tokens > this.plan.tokensMax) return false; // as Envoy: who asks for none gets none
    for (;;) {
      const seen = Atomics.load(this.words, this.at);
      const emptyMs = this.emptyMs(seen, nowMs) + tokens * this.tokenMs;
      if (emptyMs > nowMs + ROUNDING_MS) return false;
      if (this.change(seen, emptyMs)) return true;
    }
  }

  /** Gives tokens back, up to the brim. */
  giveBack(nowMs: number, tokens: number): void {
    for (;;) {
      const seen = Atomics.load(this.words, this.at);
      const emptyMs = this.emptyMs(seen, nowMs) - tokens * this.tokenMs;
      if (this.change(seen, Math.max(emptyMs, nowMs - this.fullMs))) return;
    }
  }

  /** Whole tokens in it. */
  remaining(nowMs: number): number {
    if (this.plan.tokensMax === 0) return 0;
    const sinceMs = nowMs + ROUNDING_MS - this.emptyMs(Atomics.load(this.words, this.at), nowMs);
    return Math.max(0, Math.min(this.plan.tokensMax, Math.floor(sinceMs / this.tokenMs)));
  }

  /** Until it has a token; 0: it has one. */
  untilTokenMs(nowMs: number): number {
    if (this.plan.tokensMax === 0) return 0;
    const untilMs = this.emptyMs(Atomics.load(this.words, this.at), nowMs) + this.tokenMs - nowMs;
    return untilMs <= ROUNDING_MS ? 0 : untilMs;
  }

  private emptyMs(seen: bigint, nowMs: number): number {
    const fullMs = nowMs - this.fullMs;
    return seen === 0n ? fullMs : Math.max(numberOf(seen), fullMs);
  }

  private change(seen: bigint, emptyMs: number): boolean {
    return Atomics.compareExchange(this.words, this.at, seen, wordOf(emptyMs)) === seen;
  }
}

const scratch = new Float64Array(1);
const scratchBits = new BigInt64Array(scratch.buffer);

/** A time as a word, never the word of untouched memory. */
export function wordOf(ms: number): bigint {
  scratch[0] = ms === 0 ? Number.MIN_VALUE : ms;
  return scratchBits[0] as bigint;
}

/** The time that a word holds. */
export function numberOf(word: bigint): number {
  scratchBits[0] = word;
  return scratch[0] as number;
}

/** Sums of times are not exact: a millionth of a millisecond is not waited for. */
const ROUNDING_MS = 1e-6;
