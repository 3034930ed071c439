// Splits that keep a user on a side while the shares change: what a hash decides in place of chance. Called by route-table.ts and
// cluster-choice.ts for routes whose metadata says `starling.split: { sticky: true }`.
//
// Two promises, both independent of what the weights or denominators add up to. A fraction: whoever is inside stays inside while it grows.
// Weights: nobody moves from A to B unless B's weight grew in proportion to A's. Between two versions that is one direction. Between three
// or more nothing stronger can be had: if nobody ever left a cluster whose share does not fall, each cluster's users would depend on its own
// share alone; with two clusters of shares x and 1 - x the first has whom the second has not, so that all clusters of equal share would have
// the same users, which three cannot.
import { Bits64 } from "../../base/bits64.ts";
import { xxHash64 } from "../../base/xx-hash64.ts";
import type { HashMethodPlan } from "../../config/plan/hash-policy.ts";

/** Who knows the hash of the request that is split. */
export interface SplitSource {
  readonly hash: {
    /** The hash by these methods; null: the request has nothing that they hash. */
    ofSplit(methods: readonly HashMethodPlan[]): Bits64 | null;
  };
}

/** Where a request stands in every fraction: a number of 32 bits. It says nothing of where a ring or a table has the request. */
export function splitPoint(hash: Bits64): number {
  mixed.copy(hash);
  xxHash64("starling.split", mixed);
  return mixed.high >>> 0;
}

/** How far a cluster is from having the request: the least of all has it (weighted rendezvous). Infinity: it has no weight. */
export function splitDistance(hash: Bits64, key: string, weight: number): number {
  if (weight === 0) return Number.POSITIVE_INFINITY;
  mixed.copy(hash);
  xxHash64(key, mixed);
  const chance = ((mixed.high >>> 0) * 0x20_0000 + (mixed.low >>> 11) + 0.5) / 2 ** 53;
  return -Math.log(chance) / weight;
}

const mixed = new Bits64();
