// Statistics in Prometheus' text form, as Envoy writes it. What follows from a name alone (its metric, its labels) is worked out once, and a
// histogram's lines once a flush: a scrape of a hundred thousand lines has to leave the main thread soon.
import type { TaggedName } from "../../../config/plan/stat-tags.ts";
import { countOf, cumulativeCounts, QUANTILES, quantilesOf, sumOf } from "../../../telemetry/histogram-summary.ts";
import type { ShownHistogram, ShownStat, ShownStats } from "../shown-stats.ts";

/** How histograms are shown. */
export type HistogramForm = "cumulative" | "summary";

/** Writes pages of one node. */
export class PrometheusText {
  private readonly shown: Pick<ShownStats, "tagged" | "rules">;
  private rules: unknown = null;
  private readonly lines = new Map<string, LineStart>();
  private order: LineStart[] = [];
  private readonly families = new Map<string, Family>();
  private readonly histograms = new Map<string, HistogramLines>();
  private readonly page: PageBytes = new PageBytes();
  /** For each line of the last page, which of the values is its own. */
  private lineAt: Int32Array = new Int32Array(0);
  /** Whether the values are those of the last page, in its order. */
  private isSameOrder = false;

  constructor(shown: Pick<ShownStats, "tagged" | "rules">) {
    this.shown = shown;
  }

  /** Counters, gauges and histograms, each sorted by metric. */
  write(values: readonly ShownStat[], histograms: readonly ShownHistogram[], form: HistogramForm): Buffer {
    this.forgetOld(values.length, histograms.length);
    this.isSameOrder = values.length > 0 && values.length === this.order.length;
    this.order.length = Math.min(this.order.length, values.length);
    for (const [at, stat] of values.entries()) this.checkLine(at, stat);
    if (this.isSameOrder) this.page.again(values, this.lineAt);
    else this.layOut(values);
    const texts = new Map<string, string>();
    for (const histogram of histograms) {
      const { metric, text } = this.linesOf(histogram, form);
      texts.set(metric, (texts.get(metric) ?? "") + text);
    }
    const type = form === "summary" ? "summary" : "histogram";
    for (const metric of [...texts.keys()].sort()) this.page.add(`# TYPE ${metric} ${type}\n${texts.get(metric)}`);
    return this.page.take();
  }

  /** Lines of each metric together, those of counters first. */
  private layOut(values: readonly ShownStat[]): void {
    const { order } = this;
    for (const [at, { family }] of order.entries()) family.lines.push(at);
    const kinds = [...this.families.values()].filter((family) => family.lines.length > 0).sort(inOrder);
    this.lineAt = new Int32Array(order.length);
    let count = 0;
    this.page.begin(order.length);
    for (const family of kinds) {
      this.page.add(family.head);
      for (const at of family.lines) {
        this.page.addLine((order[at] as LineStart).start, (values[at] as ShownStat).value);
        this.lineAt[count++] = at;
      }
      family.lines.length = 0;
    }
  }

  /** Names come in the same order as last time, nearly always: then nothing is looked up. */
  private checkLine(at: number, stat: ShownStat): void {
    const last = this.order[at];
    if (last !== undefined && last.name === stat.name && last.tagged === stat.tagged) return;
    this.order[at] = this.startOf(stat);
    this.isSameOrder = false;
  }

  private startOf({ name, tagged, gauge }: ShownStat): LineStart {
    let line = this.lines.get(name);
    // An endpoint may be another one under the same name.
    if (line === undefined || line.tagged !== tagged) {
      const { name: bare, tags } = tagged ?? this.shown.tagged(name);
      const metric = metricName(bare);
      line = { name, tagged, family: this.familyOf(metric, gauge), start: `${metric}{${labelText(tags)}} ` };
      this.lines.set(name, line);
    }
    return line;
  }

  private familyOf(metric: string, gauge: boolean): Family {
    const key = `${gauge ? "gauge" : "counter"} ${metric}`;
    let family = this.families.get(key);
    if (family === undefined) {
      const head = `# TYPE ${metric} ${gauge ? "gauge" : "counter"}\n`;
      family = { metric, gauge, head, lines: [] };
      this.families.set(key, family);
    }
    return family;
  }

  private linesOf(histogram: ShownHistogram, form: HistogramForm): HistogramLines {
    const held = this.histograms.get(histogram.name);
    if (held?.of === histogram.cumulative && held.form === form) return held;
    const tagged = this.shown.tagged(histogram.name);
    const metric = metricName(tagged.name);
    const bounds = form === "summary" ? null : histogram.bounds;
    const text = histogramText(metric, labelText(tagged.tags), histogram.cumulative, bounds);
    const lines = { metric, text, of: histogram.cumulative, form };
    this.histograms.set(histogram.name, lines);
    return lines;
  }

  /** After a change of the rules, and when most of what is known is of names that are gone. */
  private forgetOld(values: number, histograms: number): void {
    const { rules } = this.shown;
    if (rules !== this.rules || this.lines.size > 2 * values + KEPT) {
      this.lines.clear();
      this.families.clear();
      this.order = [];
    }
    if (rules !== this.rules || this.histograms.size > 2 * histograms + KEPT) this.histograms.clear();
    this.rules = rules;
  }
}

/** A metric. */
interface Family {
  readonly metric: string;
  readonly gauge: boolean;
  readonly head: string;
  /** Its lines by the places of their values among all; holds something only while a page is laid out. */
  readonly lines: number[];
}

/** A line up to its value, which begins after it. */
interface LineStart {
  readonly name: string;
  readonly tagged: TaggedName | undefined;
  readonly family: Family;
  readonly start: string;
}

/** All lines of a histogram as of one flush. */
interface HistogramLines {
  readonly metric: string;
  readonly text: string;
  readonly of: Uint32Array;
  readonly form: HistogramForm;
}

/**
 * Bytes that grow as they are written: a page of a hundred thousand lines is never a string. Where its numbers stand is remembered, for a
 * page of the same lines is the last one but for those numbers that are others.
 */
class PageBytes {
  private bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  private at = 0;
  private last: Buffer = this.bytes;
  private lines = 0;
  /** The numbers of the last page, and where they stand in it. */
  private numbers: Float64Array = new Float64Array(0);
  private starts: Int32Array = new Int32Array(0);
  private ends: Int32Array = new Int32Array(0);
  /** Where they all end. */
  private linesEnd = 0;

  /** A page of so many lines that are not those of the last one. */
  begin(lines: number): void {
    this.lines = 0;
    this.linesEnd = 0;
    this.numbers = new Float64Array(lines);
    this.starts = new Int32Array(lines);
    this.ends = new Int32Array(lines);
  }

  add(text: string): void {
    this.reserve(3 * text.length);
    this.at += this.bytes.write(text, this.at);
  }

  addLine(start: string, value: number): void {
    this.reserve(3 * start.length);
    this.at += this.bytes.write(start, this.at);
    this.addNumber(this.lines++, value);
    this.bytes[this.at++] = LINE_END;
    this.linesEnd = this.at;
  }

  /** The lines of the last page with these values. `lineAt`: for each line, which of them is its own. */
  again(values: readonly { readonly value: number }[], lineAt: Int32Array): void {
    let from = 0;
    for (let line = 0; line < lineAt.length; line++) {
      const { value } = values[lineAt[line] as number] as { readonly value: number };
      if (value === this.numbers[line]) {
        // Both move by what the lines above have become longer.
        const moved = this.at - from;
        this.starts[line] = (this.starts[line] as number) + moved;
        this.ends[line] = (this.ends[line] as number) + moved;
        continue;
      }
      const [start, end] = [this.starts[line] as number, this.ends[line] as number];
      this.addLast(from, start);
      this.addNumber(line, value);
      from = end;
    }
    this.addLast(from, this.linesEnd);
    this.linesEnd = this.at;
  }

  /** What was written; the next page begins in other memory, as large. */
  take(): Buffer {
    const page = this.bytes.subarray(0, this.at);
    this.last = page;
    this.bytes = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, this.at + this.at / 8));
    this.at = 0;
    return page;
  }

  private addNumber(line: number, value: number): void {
    this.numbers[line] = value;
    this.starts[line] = this.at;
    if (Number.isInteger(value) && value >= 0 && value < 10) this.bytes[this.at++] = ZERO + value;
    else this.at += this.bytes.write(String(value), this.at);
    this.ends[line] = this.at;
  }

  /** A piece of the last page. */
  private addLast(from: number, to: number): void {
    this.reserve(to - from);
    this.last.copy(this.bytes, this.at, from, to);
    this.at += to - from;
  }

  /** Room for so many bytes, a number and a line's end. */
  private reserve(bytes: number): void {
    const needed = this.at + bytes + NUMBER_BYTES;
    if (needed <= this.bytes.length) return;
    const more = Buffer.allocUnsafeSlow(2 * needed);
    this.bytes.copy(more, 0, 0, this.at);
    this.bytes = more;
  }
}

/** Counters before gauges, each by name. */
function inOrder(a: Family, b: Family): number {
  if (a.gauge !== b.gauge) return a.gauge ? 1 : -1;
  return a.metric < b.metric ? -1 : 1;
}

function metricName(name: string): string {
  return `envoy_${name.replace(/[^A-Za-z0-9_]/g, "_")}`;
}

/** `bounds`: null: quantiles. */
function histogramText(metric: string, labels: string, buckets: Uint32Array, bounds: readonly number[] | null): string {
  const first = labels === "" ? "" : `${labels},`;
  const total = countOf(buckets);
  const totals = `${metric}_sum{${labels}} ${exactDecimal(sumOf(buckets))}\n${metric}_count{${labels}} ${total}\n`;
  if (bounds === null) {
    const values = quantilesOf(buckets);
    const lines = QUANTILES.map((percent, at) => {
      const value = values[at] ?? Number.NaN;
      return `${metric}{${first}quantile="${Number((percent / 100).toPrecision(15))}"} ${Number.isNaN(value) ? "nan" : exactDecimal(value)}\n`;
    });
    return lines.join("") + totals;
  }
  const counts = cumulativeCounts(buckets, bounds);
  const lines = bounds.map((bound, at) => `${metric}_bucket{${first}le="${exactDecimal(bound)}"} ${counts[at]}\n`);
  return `${lines.join("")}${metric}_bucket{${first}le="+Inf"} ${total}\n${totals}`;
}

/** 32 significant digits, as Envoy prints sums and bounds. */
function exactDecimal(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return value.toPrecision(32).replace(/\.?0+$/, "");
}

function labelText(tags: TaggedName["tags"]): string {
  return tags.map(([tag, value]) => `${tag.replace(/[^A-Za-z0-9_]/g, "_")}="${escaped(value)}"`).join(",");
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (char) => (char === "\n" ? "\\n" : `\\${char}`));
}

const FIRST_BYTES = 65_536;
/** The longest number and a line's end. */
const NUMBER_BYTES = 64;
const ZERO = 48;
const LINE_END = 10;
/** Names that are kept whatever there is now. */
const KEPT = 1_000;
