// Who is to check a target: its candidates ordered by rendezvous hashing of (target, node), those that distrust themselves last.
import { type Hash64, pairHigh, pairLow } from "./hash64.ts";

/** What of a node its rank comes from. */
export interface Candidate {
  readonly node: string;
  /** Hash of its name. */
  readonly seed: Hash64;
  readonly isResigned: boolean;
}

/** Whether `one` comes before `other` for a target; `key` is the hash of its group and itself. */
export function isBefore(one: Candidate, other: Candidate, key: Hash64): boolean {
  if (one.isResigned !== other.isResigned) return other.isResigned;
  const oneHigh = pairHigh(key, one.seed);
  const otherHigh = pairHigh(key, other.seed);
  if (oneHigh !== otherHigh) return oneHigh > otherHigh;
  const oneLow = pairLow(key, one.seed, oneHigh);
  const otherLow = pairLow(key, other.seed, otherHigh);
  return oneLow === otherLow ? one.node < other.node : oneLow > otherLow;
}

/** How many of `candidates` come before `self`, which may be one of them. */
export function rankOf(self: Candidate, candidates: readonly Candidate[], key: Hash64): number {
  let rank = 0;
  for (const candidate of candidates) if (candidate !== self && isBefore(candidate, self, key)) rank++;
  return rank;
}
