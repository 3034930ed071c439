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
}

/** All samples of a row. */
export interface RowResult {
  readonly row: Workload;
  readonly samples: readonly Sample[];
}

/** The middle of the numbers. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2;
}

/** Median over rounds of Starling's figure divided by Envoy's in the same round; NaN when one is missing. */
export function ratioToEnvoy(
  result: RowResult,
  figure: (sample: Sample) => number,
  peer: PeerName = "starling",
): number {
  const ofEnvoy = new Map(result.samples.filter((s) => s.peer === "envoy").map((s) => [s.round, s]));
  const ratios = result.samples.flatMap((sample) => {
    const envoy = ofEnvoy.get(sample.round);
    return sample.peer === peer && envoy !== undefined ? [figure(sample) / figure(envoy)] : [];
  });
  return median(ratios);
}

function ratioToOwn(result: RowResult, other: RowResult | undefined, figure: (sample: Sample) => number): number {
  const of = (one: RowResult | undefined): number =>
    median((one?.samples ?? []).filter((sample) => sample.peer === "starling").map(figure));
  return of(result) / of(other);
}

/** The table that the README shows. */
export function markdownTable(results: readonly RowResult[]): string {
  const peers = [...new Set(results.flatMap((result) => result.samples.map((sample) => sample.peer)))];
  const head = ["Work", ...peers.map((peer) => `${peer}`), "ratio", "bar"];
  const lines = results.map((result) => {
    const { row } = result;
    const figure = row.rateShare > 0 ? (s: Sample): number => s.p99Ms : (s: Sample): number => s.cpuMicrosPerRequest;
    const cells = peers.map((peer) => {
      const own = result.samples.filter((sample) => sample.peer === peer);
      if (own.length === 0) return "–";
      const value = median(own.map(figure));
      const rate = median(own.map((sample) => sample.requestsPerSecond));
      return row.rateShare > 0
        ? `${value.toFixed(2)} ms`
        : `${value.toFixed(1)} µs (${Math.round(rate / 100) / 10} k/s)`;
    });
    const own = results.find((one) => one.row.name === row.against);
    const ratio = row.against === "envoy" ? ratioToEnvoy(result, figure) : ratioToOwn(result, own, figure);
    const verdict = Number.isNaN(ratio) ? "–" : `**${ratio.toFixed(2)}**`;
    return [
      row.title,
      ...cells,
      verdict,
      `≤ ${row.must} × ${row.against === "envoy" ? "Envoy" : "one worker"} (aim ${row.aim})`,
    ];
  });
  const rule = head.map(() => "---");
  return [head, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
