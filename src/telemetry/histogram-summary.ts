// Quantiles, buckets and sums of a log-linear histogram, computed and printed as Envoy's (libcircllhist) does.
import { bucketLow, bucketWidth, HISTOGRAM_BUCKETS } from "./histogram.ts";

/** Envoy's quantiles in percent. */
export const QUANTILES: readonly number[] = [0, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 100];

/** Envoy's default bucket bounds. */
export const BUCKET_BOUNDS: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
  3_600_000,
];

/** Number of values. */
export function countOf(buckets: Uint32Array): number {
  let total = 0;
  for (const count of buckets) total += count;
  return total;
}

/** What came since: after a reset in between, which makes later counts smaller, all that there is. */
export function countsSince(later: Uint32Array, earlier: Uint32Array): Uint32Array {
  return later.map((count, at) => (count >= (earlier[at] as number) ? count - (earlier[at] as number) : count));
}

/** Value at each quantile, NaN when there is none. The n values of a bucket are taken as spread evenly inside it. */
export function quantilesOf(buckets: Uint32Array): number[] {
  const total = countOf(buckets);
  return QUANTILES.map((percent) =>
    total === 0 ? Number.NaN : quantile(buckets, Math.max(1, Math.ceil((total * percent) / 100))),
  );
}

/** How many values are at most each bound, in rising order. A bucket counts whole as soon as its lower edge is not above the bound. */
export function cumulativeCounts(buckets: Uint32Array, bounds: readonly number[] = BUCKET_BOUNDS): number[] {
  let count = 0;
  let at = 0;
  return bounds.map((bound) => {
    for (; at < buckets.length && (LOWS[at] as number) <= bound; at++) count += buckets[at] as number;
    return count;
  });
}

/** Sum of all values, each taken as the harmonic middle of its bucket. */
export function sumOf(buckets: Uint32Array): number {
  let total = 0;
  for (let at = 1; at < buckets.length; at++) {
    const count = buckets[at] as number;
    if (count === 0) continue;
    const low = bucketLow(at);
    const high = low + bucketWidth(at);
    total += (count * 2 * low * high) / (low + high);
  }
  return total;
}

/** Lower edge, width and count of every bucket that holds something. */
export function detailedBuckets(buckets: Uint32Array): { low: number; width: number; count: number }[] {
  return [...buckets.entries()]
    .filter(([, count]) => count > 0)
    .map(([at, count]) => ({ low: bucketLow(at), width: bucketWidth(at), count }));
}

function quantile(buckets: Uint32Array, rank: number): number {
  let before = 0;
  for (let at = 0; at < buckets.length; at++) {
    const count = buckets[at] as number;
    if (before + count >= rank) return at === 0 ? 0 : bucketLow(at) + (bucketWidth(at) * (rank - before)) / (count + 1);
    before += count;
  }
  return Number.NaN;
}

const LOWS = Float64Array.from({ length: HISTOGRAM_BUCKETS }, (_, at) => bucketLow(at));
