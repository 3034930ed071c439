// Histograms as /stats prints them, text and JSON: quantiles, or buckets in the mode that histogram_buckets= asks for.
import {
  countOf,
  cumulativeCounts,
  detailedBuckets,
  QUANTILES,
  quantilesOf,
} from "../../../telemetry/histogram-summary.ts";
import type { ShownHistogram } from "../shown-stats.ts";

/** A histogram's lines without the last line end. `mode`: summary, cumulative, disjoint or detailed. */
export function histogramText(histogram: ShownHistogram, mode: string): string {
  const { name, cumulative, interval } = histogram;
  if (mode === "cumulative" || mode === "disjoint") return `${name}: ${bucketsText(histogram, mode)}`;
  if (countOf(cumulative) === 0) return `${name}: No recorded values`;
  const summary = summaryText(cumulative, interval);
  if (mode === "summary") return `${name}: ${summary}`;
  return `${name}:\n  totals=${detailText(cumulative)}\n  intervals=${detailText(interval)}\n  summary=${summary}`;
}

/** The member `histograms` of the JSON. */
export function histogramsJson(histograms: readonly ShownHistogram[], mode: string): unknown {
  if (mode === "cumulative" || mode === "disjoint") {
    return histograms.map(({ name, cumulative, interval, bounds }) => {
      const [now, all] = [shapeOf(interval, bounds, mode), shapeOf(cumulative, bounds, mode)];
      const buckets = bounds.map((bound, i) => ({ upper_bound: bound, interval: now[i], cumulative: all[i] }));
      return { name, buckets };
    });
  }
  if (mode === "detailed") {
    const details = histograms.map(({ name, cumulative, interval }) => ({
      name,
      totals: detailJson(cumulative),
      intervals: detailJson(interval),
      percentiles: quantilesJson(cumulative, interval),
    }));
    return { supported_percentiles: QUANTILES, details };
  }
  const computed = histograms.map(({ name, cumulative, interval }) => ({
    name,
    values: quantilesJson(cumulative, interval),
  }));
  return { supported_quantiles: QUANTILES, computed_quantiles: computed };
}

function quantilesJson(cumulative: Uint32Array, interval: Uint32Array): unknown {
  const [now, all] = [quantilesOf(interval), quantilesOf(cumulative)];
  const orNull = (value: number | undefined): number | null =>
    value === undefined || Number.isNaN(value) ? null : value;
  return QUANTILES.map((_, i) => ({ cumulative: orNull(all[i]), interval: orNull(now[i]) }));
}

function detailJson(buckets: Uint32Array): unknown {
  return detailedBuckets(buckets).map(({ low, width, count }) => ({ lower_bound: low, width, count }));
}

function summaryText(cumulative: Uint32Array, interval: Uint32Array): string {
  const [now, all] = [quantilesOf(interval), quantilesOf(cumulative)];
  return QUANTILES.map((percent, i) => `P${percent}(${numberText(now[i])},${numberText(all[i])})`).join(" ");
}

function bucketsText({ cumulative, interval, bounds }: ShownHistogram, mode: string): string {
  const [now, all] = [shapeOf(interval, bounds, mode), shapeOf(cumulative, bounds, mode)];
  return bounds.map((bound, i) => `B${boundText(bound)}(${now[i]},${all[i]})`).join(" ");
}

function shapeOf(buckets: Uint32Array, bounds: readonly number[], mode: string): readonly number[] {
  const counts = cumulativeCounts(buckets, bounds);
  return mode === "disjoint" ? counts.map((count, i) => count - (counts[i - 1] ?? 0)) : counts;
}

function detailText(buckets: Uint32Array): string {
  return detailedBuckets(buckets)
    .map(({ low, width, count }) => `${low},${width}:${count}`)
    .join(", ");
}

/** As Envoy prints a quantile: nan where there is none. */
export function numberText(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? "nan" : String(value);
}

/** As C's %g prints it: 1800000 is 1.8e+06. */
function boundText(bound: number): string {
  if (bound < 1e6) return String(bound);
  const exponent = Math.floor(Math.log10(bound));
  return `${bound / 10 ** exponent}e+${String(exponent).padStart(2, "0")}`;
}
