// Medians, ratios and the Markdown table of a run.
import type { PeerName, Workload } from "./workloads.ts";

/** One measurement of one peer in one round. */
export interface Sample {
  readonly peer: PeerName;
  readonly round: number;
  readonly cpuMicrosPerRequest: number;
  readonly requestsPerSecond: number;
  /** CPU seconds per second of the measured process. */
  readonly utilisation: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
  /** Null where they were not counted. */
  readonly readsPerRequest: number | null;
  readonly writesPerRequest: number | null;
  readonly rssBytes: number;
  /** Resident memory that a connection added; null but in the rows about it. */
  readonly kibPerConnection: number | null;
  /** Share of the connections that the busiest worker had; null where there is one worker. */
  readonly greatestShare: number | null;
}

/** All samples of a row. */
export interface RowResult {
  readonly row: Workload;
  readonly samples: readonly Sample[];
  /** Bytes of JavaScript heap that Starling allocated for a request; null where they were not measured. */
  readonly allocatedPerRequest: number | null;
}

/** A sample as one line of the running output. */
export function sampleLine(row: Workload, sample: Sample): string {
  const { readsPerRequest: reads, writesPerRequest: writes } = sample;
  const start = `${row.name} #${sample.round} ${sample.peer}:`;
  if (row.figure === "memory") return `${start} ${(sample.kibPerConnection ?? Number.NaN).toFixed(1)} KiB a connection`;
  return [
    `${start} ${sample.cpuMicrosPerRequest.toFixed(1)} µs CPU a request`,
    `${Math.round(sample.requestsPerSecond)}/s`,
    `busy ${(sample.utilisation * 100).toFixed(0)} %`,
    ...(row.figure === "p99" ? [`p50 ${sample.p50Ms.toFixed(2)} p99 ${sample.p99Ms.toFixed(2)} ms`] : []),
    ...(reads === null || writes === null ? [] : [`${reads.toFixed(2)} reads ${writes.toFixed(2)} writes`]),
    ...(sample.greatestShare === null ? [] : [`busiest worker ${(sample.greatestShare * 100).toFixed(0)} %`]),
    ...(sample.failed === 0 ? [] : [`${sample.failed} FAILED`]),
  ].join(", ");
}

/** The middle of the numbers. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2;
}

/** Median over rounds of Starling's figure divided by another's in the same round; NaN when one is missing. */
export function ratioToEnvoy(
  result: RowResult,
  figure: (sample: Sample) => number,
  peer: PeerName = "starling",
  against: PeerName = "envoy",
): number {
  const ofOther = new Map(result.samples.filter((s) => s.peer === against).map((s) => [s.round, s]));
  const ratios = result.samples.flatMap((sample) => {
    const other = ofOther.get(sample.round);
    return sample.peer === peer && other !== undefined ? [figure(sample) / figure(other)] : [];
  });
  return median(ratios);
}

function ratioToOwn(result: RowResult, other: RowResult | undefined, figure: (sample: Sample) => number): number {
  const of = (one: RowResult | undefined): number =>
    median((one?.samples ?? []).filter((sample) => sample.peer === "starling").map(figure));
  return of(result) / of(other);
}

/** What a row compares. */
export function figureOf(row: Workload, sample: Sample): number {
  if (row.figure === "memory") return sample.kibPerConnection ?? Number.NaN;
  return row.figure === "p99" ? sample.p99Ms : sample.cpuMicrosPerRequest;
}

/** The table that the README shows. */
export function markdownTable(results: readonly RowResult[]): string {
  const peers = [...new Set(results.flatMap((result) => result.samples.map((sample) => sample.peer)))];
  const head = ["Work", ...peers, "ratio", "bar"];
  const lines = results.map((result) => {
    const { row } = result;
    const own = results.find((one) => one.row.name === row.against);
    const figure = (sample: Sample): number => figureOf(row, sample);
    const isPeer = row.against === "envoy" || row.against === "haproxy";
    const ratio = isPeer ? ratioToEnvoy(result, figure, "starling", row.against) : ratioToOwn(result, own, figure);
    const verdict = Number.isNaN(ratio) ? "–" : `**${ratio.toFixed(2)}**`;
    return [row.title, ...peers.map((peer) => cell(result, peer)), verdict, barOf(row)];
  });
  const rule = head.map(() => "---");
  return [head, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function cell({ row, samples }: RowResult, peer: PeerName): string {
  const own = samples.filter((sample) => sample.peer === peer);
  if (own.length === 0) return "–";
  const value = median(own.map((sample) => figureOf(row, sample)));
  if (row.figure === "memory") return `${value.toFixed(1)} KiB`;
  if (row.figure === "p99") return `${value.toFixed(2)} ms`;
  const rate = median(own.map((sample) => sample.requestsPerSecond));
  const share = median(own.map((sample) => sample.greatestShare ?? Number.NaN));
  const split = Number.isNaN(share) ? "" : `, split ${Math.round(share * 100)}:${Math.round((1 - share) * 100)}`;
  return `${value.toFixed(1)} µs (${(rate / 1000).toFixed(1)} k/s${split})`;
}

function barOf(row: Workload): string {
  if (row.figure === "memory" && row.must !== null) return `≤ ${row.must} KiB (aim ${row.aim})`;
  if (row.must === null) return "–";
  return `≤ ${row.must} × ${RIVALS[row.against]} (aim ${row.aim})`;
}

const RIVALS = { envoy: "Envoy", haproxy: "HAProxy", h1: "one worker", nothing: "" } as const;
