// The buckets of a descriptor with an open value: one for each value that comes, so many at once, in memory that all workers share. The one
// unused longest makes room. Values are kept as keyed hashes: what clients send takes no memory of its own.
import { createHash } from "node:crypto";
import {
  OPEN_CELL_WORDS,
  OPEN_HEAD_WORDS,
  type RateDescriptorPlan,
} from "../../../config/plan/filters/local-ratelimit.ts";
import { numberOf, TokenBucket, wordOf } from "./token-bucket.ts";

/** The buckets of one descriptor. */
export class OpenBuckets {
  private readonly words: BigInt64Array;
  private readonly cells: readonly TokenBucket[];
  private readonly seed: bigint;

  /** `seed`: unknown to clients; the first worker's holds for all. */
  constructor({ bucket, watches }: RateDescriptorPlan, words: BigInt64Array, seed: bigint) {
    this.words = words;
    const count = (words.length - OPEN_HEAD_WORDS) / OPEN_CELL_WORDS;
    this.cells = Array.from(
      { length: count },
      (_, cell) => new TokenBucket(bucket, words, wordAt(cell, STATE), watches),
    );
    Atomics.compareExchange(words, SEED, 0n, seed);
    this.seed = Atomics.load(words, SEED);
  }

  /** The bucket of a value, a full one when it has none. */
  of(value: string, nowMs: number): TokenBucket {
    const name = this.nameOf(value);
    const first = Number(BigInt.asUintN(31, name)) % this.cells.length;
    let cell = this.find(name, first);
    if (cell < 0) cell = this.claim(name, first, nowMs);
    Atomics.store(this.words, wordAt(cell, USED), wordOf(nowMs));
    return this.cells[cell] as TokenBucket;
  }

  /** Where the value's bucket is, -1: nowhere. Few are looked through whole, many from a place that the value gives. */
  private find(name: bigint, first: number): number {
    for (let step = 0; step < this.window(); step++) {
      const cell = (first + step) % this.cells.length;
      if (Atomics.load(this.words, wordAt(cell, NAME)) === name) return cell;
    }
    return -1;
  }

  /** Takes a cell for a value, one worker at a time: two that see a new value at once shall not give it two buckets. */
  private claim(name: bigint, first: number, nowMs: number): number {
    this.lock(name);
    let cell = this.find(name, first);
    if (cell < 0) {
      cell = this.oldest(first);
      Atomics.store(this.words, wordAt(cell, NAME), 0n);
      Atomics.store(this.words, wordAt(cell, STATE), 0n);
      Atomics.store(this.words, wordAt(cell, USED), wordOf(nowMs));
      Atomics.store(this.words, wordAt(cell, NAME), name);
    }
    Atomics.compareExchange(this.words, LOCK, name, 0n);
    return cell;
  }

  /** A worker that died with the lock keeps nobody waiting for longer than a moment. */
  private lock(name: bigint): void {
    for (let turn = 0; ; turn++) {
      const holder = Atomics.compareExchange(this.words, LOCK, 0n, name);
      if (holder === 0n) return;
      if (turn < TURNS_MAX) continue;
      if (Atomics.compareExchange(this.words, LOCK, holder, name) === holder) return;
      turn = 0;
    }
  }

  private oldest(first: number): number {
    let oldest = first;
    let oldestMs = Number.POSITIVE_INFINITY;
    for (let step = 0; step < this.window(); step++) {
      const cell = (first + step) % this.cells.length;
      const isFree = Atomics.load(this.words, wordAt(cell, NAME)) === 0n;
      const usedMs = isFree ? Number.NEGATIVE_INFINITY : numberOf(Atomics.load(this.words, wordAt(cell, USED)));
      if (usedMs < oldestMs) [oldest, oldestMs] = [cell, usedMs];
    }
    return oldest;
  }

  private window(): number {
    return Math.min(this.cells.length, WINDOW_CELLS);
  }

  /** 64 bits that nobody can choose: a client may not make its value another's. */
  private nameOf(value: string): bigint {
    const digest = createHash("sha1").update(`${this.seed}\n${value}`).digest();
    return digest.readBigInt64LE(0) || 1n;
  }
}

function wordAt(cell: number, word: number): number {
  return OPEN_HEAD_WORDS + cell * OPEN_CELL_WORDS + word;
}

const LOCK = 0;
const SEED = 1;
const NAME = 0;
const USED = 1;
const STATE = 2;
/** Buckets among which a value has its own: of so many, the one unused longest makes room. */
const WINDOW_CELLS = 64;
const TURNS_MAX = 100_000;
