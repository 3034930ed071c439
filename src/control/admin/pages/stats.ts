// /stats: text and JSON, filtered, with histograms as of the last flush.
import { compileRegex, type RegexMatcher } from "../../../config/plan/regex.ts";
import {
  BUCKET_BOUNDS,
  countOf,
  cumulativeCounts,
  detailedBuckets,
  QUANTILES,
  quantilesOf,
} from "../../../telemetry/histogram-summary.ts";
import type { HistogramValue, StatValue } from "../../../telemetry/stats-reader.ts";
import { type Page, type PageAnswer, type PageContext, showing, textAnswer } from "../page.ts";

/** Counters, gauges and histograms that a query selects. */
export interface SelectedStats {
  readonly values: readonly StatValue[];
  readonly histograms: readonly HistogramValue[];
}

/** /stats */
export const statsPage: Page = showing("/stats", "print server stats", answerStats, {
  usedonly: "Only include stats that have been written by system since restart",
  filter: "Regular expression (Google re2) for filtering stats",
  invert_filter: "Invert the filter regex",
  format: "Format to use; One of (text, json, prometheus)",
  type: "Stat types to include.; One of (All, Counters, Histograms, Gauges, TextReadouts)",
  histogram_buckets: "Histogram bucket display mode; One of (cumulative, disjoint, detailed, summary)",
});

/** Applies usedonly, filter, invert_filter and type; a PageAnswer when one of them is wrong. */
export function selectStats(context: PageContext, query: URLSearchParams): SelectedStats | PageAnswer {
  const filter = filterOf(query);
  if (filter !== null && "status" in filter) return filter;
  const inverted = query.has("invert_filter");
  const type = (query.get("type") ?? "All").toLowerCase();
  if (!TYPES.includes(type)) return textAnswer(`invalid &type="${query.get("type")}"`, 404);
  const used = query.has("usedonly");
  const wanted = (name: string): boolean => filter === null || filter.test(name) !== inverted;
  const ofType = (stat: StatValue): boolean => type === "all" || type === (stat.gauge ? "gauges" : "counters");
  const values = context.stats
    .values()
    .filter((stat) => wanted(stat.name) && ofType(stat) && (!used || stat.value !== 0));
  const histograms = type === "all" || type === "histograms" ? context.stats.histograms() : [];
  return { values, histograms: histograms.filter((h) => wanted(h.name) && (!used || countOf(h.cumulative) > 0)) };
}

function answerStats(context: PageContext, query: URLSearchParams): PageAnswer {
  const format = query.get("format") ?? "text";
  if (format === "prometheus") {
    const page = context.pages.find((one) => one.path === "/stats/prometheus");
    if (page !== undefined) return page.answer(context, query);
  }
  const mode = query.get("histogram_buckets") || "summary";
  if (!MODES.includes(mode)) {
    return textAnswer("usage: /stats?histogram_buckets=(summary|cumulative|disjoint|detailed)\n", 400);
  }
  const selected = selectStats(context, query);
  if ("status" in selected) return selected;
  if (format === "json") return jsonStats(selected);
  if (format !== "text") return textAnswer("usage: /stats?format=(text|json|prometheus)\n\n", 404);
  const lines = selected.values.map((stat) => `${stat.name}: ${stat.value}`);
  const histograms = selected.histograms.map((histogram) => histogramText(histogram, mode));
  return textAnswer([...lines, ...histograms, ""].join("\n"));
}

function filterOf(query: URLSearchParams): RegexMatcher | PageAnswer | null {
  const text = query.get("filter");
  if (text === null || text === "") return null;
  try {
    return compileRegex(text);
  } catch (error) {
    const reason = (error as Error).message.replace(/^error parsing regexp: /, "").replaceAll("`", "");
    return textAnswer(`Invalid re2 regex: ${reason.replace("missing closing ]", "missing ]")}`, 400);
  }
}

function histogramText(histogram: HistogramValue, mode: string): string {
  const { name, cumulative, interval } = histogram;
  if (mode === "cumulative" || mode === "disjoint") return `${name}: ${bucketsText(cumulative, interval, mode)}`;
  if (countOf(cumulative) === 0) return `${name}: No recorded values`;
  const summary = summaryText(cumulative, interval);
  if (mode === "summary") return `${name}: ${summary}`;
  return `${name}:\n  totals=${detailText(cumulative)}\n  intervals=${detailText(interval)}\n  summary=${summary}`;
}

function summaryText(cumulative: Uint32Array, interval: Uint32Array): string {
  const [now, all] = [quantilesOf(interval), quantilesOf(cumulative)];
  return QUANTILES.map((percent, i) => `P${percent}(${numberText(now[i])},${numberText(all[i])})`).join(" ");
}

function bucketsText(cumulative: Uint32Array, interval: Uint32Array, mode: string): string {
  const disjoint = (counts: number[]): number[] => counts.map((count, i) => count - (counts[i - 1] ?? 0));
  const shape = mode === "disjoint" ? disjoint : (counts: number[]): number[] => counts;
  const [now, all] = [shape(cumulativeCounts(interval)), shape(cumulativeCounts(cumulative))];
  return BUCKET_BOUNDS.map((bound, i) => `B${boundText(bound)}(${now[i]},${all[i]})`).join(" ");
}

function detailText(buckets: Uint32Array): string {
  return detailedBuckets(buckets)
    .map(({ low, width, count }) => `${low},${width}:${count}`)
    .join(", ");
}

function jsonStats(selected: SelectedStats): PageAnswer {
  const stats: unknown[] = selected.values.map(({ name, value }) => ({ name, value }));
  if (selected.histograms.length > 0) {
    const computed = selected.histograms.map(({ name, cumulative, interval }) => {
      const [now, all] = [quantilesOf(interval), quantilesOf(cumulative)];
      const orNull = (value: number | undefined): number | null =>
        value === undefined || Number.isNaN(value) ? null : value;
      return { name, values: QUANTILES.map((_, i) => ({ cumulative: orNull(all[i]), interval: orNull(now[i]) })) };
    });
    stats.push({ histograms: { supported_quantiles: QUANTILES, computed_quantiles: computed } });
  }
  return { status: 200, contentType: "application/json", body: JSON.stringify({ stats }) };
}

function numberText(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? "nan" : String(value);
}

/** As C's %g prints it: 1800000 is 1.8e+06. */
function boundText(bound: number): string {
  if (bound < 1e6) return String(bound);
  const exponent = Math.floor(Math.log10(bound));
  return `${bound / 10 ** exponent}e+${String(exponent).padStart(2, "0")}`;
}

const TYPES = ["all", "counters", "histograms", "gauges", "textreadouts"];
const MODES = ["cumulative", "disjoint", "detailed", "summary"];
