// Log-linear histograms in shared memory: two significant decimal digits, as Envoy's circllhist, from 1 to 10^10.

const DECADES = 10;
const PER_DECADE = 90;
/** Bucket 0 counts zeros; the rest are 90 a decade: 1.0–1.1, …, 9.9–10, 10–11, … */
export const HISTOGRAM_BUCKETS: number = 1 + DECADES * PER_DECADE;

/** Counts one value (a whole number of milliseconds or bytes; negative values count as 0). */
export function recordValue(buckets: Uint32Array, value: number): void {
  const at = bucketOf(value);
  buckets[at] = (buckets[at] as number) + 1;
}

/** Index of the bucket of a value. */
export function bucketOf(value: number): number {
  if (value < 1) return 0;
  let decade = 0;
  let scaled = value;
  while (scaled >= 10 && decade < DECADES - 1) {
    scaled /= 10;
    decade++;
  }
  const step = Math.min(89, Math.floor((scaled + 1e-9) * 10) - 10);
  return 1 + decade * PER_DECADE + step;
}

/** Lower bound of a bucket. */
export function bucketLow(at: number): number {
  if (at === 0) return 0;
  const decade = Math.floor((at - 1) / PER_DECADE);
  return ((((at - 1) % PER_DECADE) + 10) / 10) * 10 ** decade;
}

/** Width of a bucket. */
export function bucketWidth(at: number): number {
  return at === 0 ? 0 : 0.1 * 10 ** Math.floor((at - 1) / PER_DECADE);
}
