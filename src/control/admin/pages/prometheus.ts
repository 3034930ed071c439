// /stats/prometheus: Envoy's names with its default tags taken out as labels, so that existing dashboards work.
import {
  BUCKET_BOUNDS,
  countOf,
  cumulativeCounts,
  QUANTILES,
  quantilesOf,
  sumOf,
} from "../../../telemetry/histogram-summary.ts";
import { type Page, type PageAnswer, type PageContext, showing, textAnswer } from "../page.ts";
import { selectStats } from "./stats.ts";

/** /stats/prometheus */
export const prometheusPage: Page = showing("/stats/prometheus", "print server stats in prometheus format", answer, {
  usedonly: "Only include stats that have been written by system since restart",
  text_readouts: "Render text_readouts as new gaugues with value 0 (increases Prometheus data size)",
  filter: "Regular expression (Google re2) for filtering stats",
  invert_filter: "Invert the filter regex",
  histogram_buckets: "Histogram bucket display mode; One of (cumulative, summary)",
});

/** A stat's name without its tags, and the tags as labels. */
export interface TaggedName {
  readonly name: string;
  readonly labels: readonly (readonly [string, string])[];
}

/** Takes the tags out of a name (Envoy's default tag rules for what Starling counts). */
export function tagName(full: string): TaggedName {
  const labels: (readonly [string, string])[] = [];
  let name = full;
  for (const rule of TAG_RULES) {
    const match = rule.regex.exec(name);
    if (match === null) continue;
    const [whole, before = "", value = "", after = ""] = match;
    labels.push([rule.label, value]);
    name = name.slice(0, match.index) + before + after + name.slice(match.index + whole.length);
  }
  return { name: `envoy_${name.replace(/[^A-Za-z0-9_]/g, "_")}`, labels };
}

function answer(context: PageContext, query: URLSearchParams): PageAnswer {
  const mode = query.get("histogram_buckets") || "cumulative";
  if (!PLAIN_MODES.includes(mode)) {
    return textAnswer("usage: /stats?histogram_buckets=(cumulative|disjoint|detailed|summary)\n", 400);
  }
  if (!MODES.includes(mode)) return textAnswer("unsupported prometheus histogram bucket mode", 400);
  const selected = selectStats(context, query);
  if ("status" in selected) return selected;
  const counters = new Families("counter");
  const gauges = new Families("gauge");
  for (const stat of selected.values) {
    const { name, labels } = tagName(stat.name);
    (stat.gauge ? gauges : counters).add(name, [`${name}{${labelText(labels)}} ${stat.value}`]);
  }
  const histograms = new Families(mode === "summary" ? "summary" : "histogram");
  for (const { name: full, cumulative } of selected.histograms) {
    const { name, labels } = tagName(full);
    const values = mode === "summary" ? summaryValues : bucketValues;
    histograms.add(name, [...values(name, labels, cumulative), ...totals(name, labels, cumulative)]);
  }
  const body = [...counters.lines(), ...gauges.lines(), ...histograms.lines(), ""].join("\n");
  return { status: 200, contentType: "text/plain; charset=UTF-8", body };
}

/** Lines by metric name, names sorted. */
class Families {
  private readonly type: string;
  private readonly byName = new Map<string, string[]>();

  constructor(type: string) {
    this.type = type;
  }

  add(name: string, lines: readonly string[]): void {
    const held = this.byName.get(name);
    if (held === undefined) this.byName.set(name, [...lines]);
    else held.push(...lines);
  }

  lines(): string[] {
    const names = [...this.byName.keys()].sort();
    return names.flatMap((name) => [`# TYPE ${name} ${this.type}`, ...(this.byName.get(name) ?? [])]);
  }
}

function bucketValues(name: string, labels: TaggedName["labels"], buckets: Uint32Array): string[] {
  const total = countOf(buckets);
  const counts = cumulativeCounts(buckets);
  const bounds = [...BUCKET_BOUNDS.map(String), "+Inf"];
  return bounds.map((le, i) => `${name}_bucket{${labelText([...labels, ["le", le]])}} ${counts[i] ?? total}`);
}

function summaryValues(name: string, labels: TaggedName["labels"], buckets: Uint32Array): string[] {
  const values = quantilesOf(buckets);
  return QUANTILES.map((percent, i) => {
    const quantile = labelText([...labels, ["quantile", String(percent / 100)]]);
    const value = values[i] ?? Number.NaN;
    return `${name}{${quantile}} ${Number.isNaN(value) ? "nan" : exactDecimal(value)}`;
  });
}

function totals(name: string, labels: TaggedName["labels"], buckets: Uint32Array): string[] {
  const tags = `{${labelText(labels)}}`;
  return [`${name}_sum${tags} ${exactDecimal(sumOf(buckets))}`, `${name}_count${tags} ${countOf(buckets)}`];
}

/** 32 significant digits, as Envoy prints sums. */
function exactDecimal(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return value.toPrecision(32).replace(/\.?0+$/, "");
}

function labelText(labels: TaggedName["labels"]): string {
  return labels
    .map(([label, value]) => `${label}="${value.replace(/[\\"\n]/g, (char) => (char === "\n" ? "\\n" : `\\${char}`))}"`)
    .join(",");
}

const MODES = ["cumulative", "summary"];
const PLAIN_MODES = [...MODES, "disjoint", "detailed"];

// What may stand between a cluster's name and the last parts of a counter's name.
const CLUSTER_PARTS =
  "external\\.|internal\\.|canary\\.|zone\\..*|ssl\\.|http1\\.|http2\\.|default\\.|circuit_breakers\\.|outlier_detection\\.|health_check\\.";

// Groups: what stays before, the value, what stays after. Order is that of the labels.
const TAG_RULES: readonly { readonly label: string; readonly regex: RegExp }[] = [
  { label: "envoy_response_code", regex: /(_rq)_(\d{3})$/ },
  { label: "envoy_response_code_class", regex: /(_rq_)(\d)(xx)$/ },
  { label: "envoy_ssl_cipher", regex: /^((?:listener|cluster)\..*?\.ssl\.ciphers)\.(.+)$/ },
  { label: "envoy_ssl_curve", regex: /^((?:listener|cluster)\..*?\.ssl\.curves)\.(.+)$/ },
  { label: "envoy_ssl_version", regex: /^((?:listener|cluster)\..*?\.ssl\.versions)\.(.+)$/ },
  {
    label: "envoy_tls_certificate",
    regex: /^(listener\..*?\.ssl\.certificate)\.(.+)(\.expiration_unix_time_seconds)$/,
  },
  { label: "envoy_virtual_cluster", regex: /^(vhost\..+?\.vcluster)\.(.+)(\.[^.]+)$/ },
  { label: "envoy_virtual_host", regex: /^(vhost)\.(.+?)(\.(?:route|vcluster)\..+)$/ },
  { label: "envoy_route", regex: /^(vhost\.route)\.(.+)(\.[^.]+)$/ },
  {
    label: "envoy_worker_id",
    regex: /^((?:listener\..*?\.|server\.|thread_local_cluster_manager\.)worker_)(\d+)\.(.+)$/,
  },
  { label: "envoy_cluster_name", regex: new RegExp(`^(cluster)\\.(.+?)(\\.(?:${CLUSTER_PARTS})?[^.]+(?:\\.[^.]+)?)$`) },
  { label: "envoy_http_conn_manager_prefix", regex: /((?:^|\.)http)\.(.+?)(\.(?:tracing\.)?[^.]+)$/ },
  { label: "envoy_listener_address", regex: /^(listener)\.(\d+\.\d+\.\d+\.\d+_\d+|\[[_0-9a-fA-F]+\]_\d+)(\..+)$/ },
];
