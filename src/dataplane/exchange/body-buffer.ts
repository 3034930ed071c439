// Body bytes that wait: for the upstream to open, for a filter to go on. Bounded by its user, who pauses the source at the mark.
import type { MemoryBudget } from "./memory-budget.ts";

/** One direction of one message. Its bytes count in the worker's budget until `clear`. */
export class BodyBuffer {
  /** Bytes held. */
  length: number = 0;
  private bytes: Buffer = EMPTY;
  private readonly budget: MemoryBudget;

  constructor(budget: MemoryBudget) {
    this.budget = budget;
  }

  /** Copies bytes in. */
  append(from: Uint8Array, start: number, end: number): void {
    const need = this.length + end - start;
    if (need > this.bytes.length) {
      let size = Math.max(this.bytes.length * 2, FIRST_BYTES);
      while (size < need) size *= 2;
      const grown = Buffer.allocUnsafeSlow(size);
      this.bytes.copy(grown, 0, 0, this.length);
      this.bytes = grown;
    }
    this.bytes.set(from.subarray(start, end), this.length);
    this.length = need;
    this.budget.heldBytes += end - start;
  }

  /** The held bytes; `[0, length)` is valid until the next `append` or `clear`. */
  view(): Uint8Array {
    return this.bytes;
  }

  /** Forgets the bytes. A large arena goes with them. */
  clear(): void {
    this.budget.heldBytes -= this.length;
    this.length = 0;
    if (this.bytes.length > KEPT_BYTES_MAX) this.bytes = EMPTY;
  }
}

/** At this many waiting bytes the source is paused; what was on its way still comes (one window or one read). */
export const BODY_BUFFER_HIGH_BYTES: number = 32 * 1024;

const EMPTY: Buffer = Buffer.alloc(0);
const FIRST_BYTES = 2048;
const KEPT_BYTES_MAX = 4096;
