// What must hold while a runtime key moves: `cluster_error_rate<1%`, `cluster_p99<250ms`, judged by what all nodes have counted of a cluster.
// Pure; asked by ramps.ts, and by the command line for the form.
import type { ClusterFigures } from "../../../messages/mesh-runtime.ts";
import { bucketLow, bucketWidth } from "../../../telemetry/histogram.ts";

/** A condition that was read. */
export interface Guard {
  readonly figure: "error_rate" | "p50" | "p90" | "p95" | "p99";
  /** Of an error rate a share from 0 to 1; of a latency milliseconds. */
  readonly below: number;
}

/** What a condition came to. `text`: with the figures, for people. */
export interface GuardFinding {
  readonly verdict: "holds" | "broken" | "unknown";
  readonly text: string;
}

/** The condition that a text is, or null. */
export function readGuard(text: string): Guard | null {
  const { rate, figure, ms, s } = GUARD.exec(text)?.groups ?? {};
  if (rate !== undefined) return inRange({ figure: "error_rate", below: Number(rate) / 100 }, 1);
  if (figure === undefined) return null;
  const below = ms === undefined ? Number(s) * 1_000 : Number(ms);
  return inRange({ figure: figure as Guard["figure"], below }, LATENCY_MS_MAX);
}

/** Judges figures by a condition. Fewer answers than `requestsMin`, or too few failures, say nothing. */
export function judge(guard: Guard, figures: ClusterFigures, requestsMin: number): GuardFinding {
  const { requests, errors } = figures;
  if (requests < requestsMin) return { verdict: "unknown", text: `fewer than ${requestsMin} answers` };
  if (guard.figure === "error_rate") {
    const text = `${percent(errors / requests)} of ${requests} answers failed`;
    if (errors / requests < guard.below) return { verdict: "holds", text };
    // One of twenty is five percent, and chance.
    return errors < ERRORS_MIN
      ? { verdict: "unknown", text: `${errors} failed of too few answers` }
      : { verdict: "broken", text };
  }
  const share = Number(guard.figure.slice(1)) / 100;
  const ms = quantile(figures.latencies, share);
  if (ms === null) return { verdict: "unknown", text: "no latency is known" };
  const text = `${guard.figure} is ${Number(ms.toPrecision(3))} ms of ${requests} answers`;
  return { verdict: ms < guard.below ? "holds" : "broken", text };
}

/** All figures as one. */
export function sumFigures(all: readonly ClusterFigures[]): ClusterFigures {
  const latencies = new Map<number, number>();
  for (const one of all) {
    for (const [bucket, count] of one.latencies) latencies.set(bucket, (latencies.get(bucket) ?? 0) + count);
  }
  return {
    requests: all.reduce((sum, { requests }) => sum + requests, 0),
    errors: all.reduce((sum, { errors }) => sum + errors, 0),
    latencies: [...latencies],
  };
}

/** What came from one moment to a later one of ever growing figures; counters that were reset begin anew. */
export function figuresSince(later: ClusterFigures, earlier: ClusterFigures): ClusterFigures {
  if (later.requests < earlier.requests) return later;
  const before = new Map(earlier.latencies);
  return {
    requests: later.requests - earlier.requests,
    errors: Math.max(0, later.errors - earlier.errors),
    latencies: later.latencies.flatMap(([bucket, count]) => {
      const more = count - (before.get(bucket) ?? 0);
      return more > 0 ? [[bucket, more] as const] : [];
    }),
  };
}

/** The upper end of the bucket with the value: a guard that holds, holds. */
function quantile(latencies: ClusterFigures["latencies"], share: number): number | null {
  const sorted = [...latencies].sort(([one], [other]) => one - other);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  let left = Math.ceil(total * share);
  for (const [bucket, count] of sorted) {
    left -= count;
    if (left <= 0) return bucketLow(bucket) + bucketWidth(bucket);
  }
  return null;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

function inRange(guard: Guard, max: number): Guard | null {
  return guard.below > 0 && guard.below <= max ? guard : null;
}

const GUARD =
  /^cluster_(?:error_rate<(?<rate>\d{1,3}(?:\.\d{1,4})?)%|(?<figure>p50|p90|p95|p99)<(?:(?<ms>\d{1,6}(?:\.\d{1,3})?)ms|(?<s>\d{1,3}(?:\.\d{1,3})?)s))$/;
const LATENCY_MS_MAX = 600_000;
const ERRORS_MIN = 3;
/** How a condition looks. */
export const GUARD_FORM = "cluster_error_rate<N%, or cluster_p50, p90, p95 or p99 <Nms or <Ns";
