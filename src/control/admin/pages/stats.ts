// /stats: text and JSON, filtered, with histograms as of the last flush.
import { compileRegex, type RegexMatcher } from "../../../config/plan/regex.ts";
import { countOf } from "../../../telemetry/histogram-summary.ts";
import { type Page, type PageAnswer, type PageContext, showing, textAnswer } from "../page.ts";
import type { ShownHistogram, ShownStat, ShownStats } from "../shown-stats.ts";
import { histogramsJson, histogramText } from "./histograms.ts";

/** Counters, gauges and histograms that a query selects. */
export interface SelectedStats {
  readonly values: readonly ShownStat[];
  readonly histograms: readonly ShownHistogram[];
}

/** What statistics are taken from. */
interface StatsContext {
  readonly stats: Pick<ShownStats, "values" | "histograms">;
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
export function selectStats(context: StatsContext, query: URLSearchParams): SelectedStats | PageAnswer {
  const filter = filterOf(query);
  if (filter !== null && "status" in filter) return filter;
  const inverted = query.has("invert_filter");
  const type = query.get("type") || "All";
  if (!TYPES.includes(type)) return textAnswer("invalid &type= param", 400);
  const used = query.has("usedonly");
  const wanted = (name: string): boolean => filter === null || filter.test(name) !== inverted;
  const ofType = (stat: ShownStat): boolean => type === "All" || type === (stat.gauge ? "Gauges" : "Counters");
  const all = context.stats.values();
  const isAll = filter === null && !inverted && type === "All" && !used;
  const values = isAll ? all : all.filter((stat) => wanted(stat.name) && ofType(stat) && (!used || stat.value !== 0));
  const histograms = type === "All" || type === "Histograms" ? context.stats.histograms() : [];
  return { values, histograms: histograms.filter((h) => wanted(h.name) && (!used || countOf(h.cumulative) > 0)) };
}

function answerStats(context: PageContext, query: URLSearchParams): PageAnswer | Promise<PageAnswer> {
  const format = query.get("format") ?? "text";
  if (format === "prometheus") {
    const page = context.pages.find((one) => one.path === "/stats/prometheus");
    if (page !== undefined) return page.answer(context, query);
  }
  const mode = query.get("histogram_buckets") || "summary";
  if (!MODES.includes(mode)) {
    return textAnswer("usage: /stats?histogram_buckets=(cumulative|disjoint|detailed|summary)\n", 400);
  }
  const selected = selectStats({ stats: context.shown }, query);
  if ("status" in selected) return selected;
  if (format === "json") return jsonStats(selected, mode);
  if (format !== "text") return textAnswer("usage: /stats?format=(json|prometheus|text)\n\n", 400);
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
    return textAnswer(`Invalid re2 regex: ${regexFault(error)}`, 400);
  }
}

/** What is wrong with a regular expression, in RE2's words. */
export function regexFault(error: unknown): string {
  const reason = (error as Error).message.replace(/^error parsing regexp: /, "").replaceAll("`", "");
  return reason.replace("missing closing ]", "missing ]");
}

/** The JSON form. */
export function jsonStats(selected: SelectedStats, mode: string): PageAnswer {
  const stats: unknown[] = selected.values.map(({ name, value }) => ({ name, value }));
  if (selected.histograms.length > 0) stats.push({ histograms: histogramsJson(selected.histograms, mode) });
  return { status: 200, contentType: "application/json", body: JSON.stringify({ stats }) };
}

const TYPES = ["All", "Counters", "Histograms", "Gauges", "TextReadouts"];
const MODES = ["cumulative", "disjoint", "detailed", "summary"];
