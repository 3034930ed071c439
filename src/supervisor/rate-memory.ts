// The memory of the token buckets that workers share: made here, so that it outlives workers, and kept from plan to plan by the buckets'
// names, so that a reload gives nobody new tokens. Asked by the supervisor for every plan that it hands out.
import type { Plan } from "../config/plan/plan.ts";

/** The token buckets of a node. */
export class RateMemory {
  private buckets: ReadonlyMap<string, SharedArrayBuffer> = new Map();

  /** The memory of a plan's buckets; what other plans had and this one has not is forgotten. */
  of({ rateBuckets }: Pick<Plan, "rateBuckets">): ReadonlyMap<string, SharedArrayBuffer> {
    const before = this.buckets;
    this.buckets = new Map(
      rateBuckets.map(({ key, words }) => [key, before.get(key) ?? new SharedArrayBuffer(words * WORD_BYTES)]),
    );
    return this.buckets;
  }
}

const WORD_BYTES = 8;
