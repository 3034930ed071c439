// How long requests took lately, by endpoint and by route: what workers told of some of them, kept for half a minute. Bounded whatever they
// tell; nothing is kept while nobody looks.
import type { Clock } from "../../../base/clock.ts";
import type { WatchTold } from "../../../telemetry/request-watch.ts";

/** What is known of one endpoint or route. */
export interface RecentFigures {
  /** Requests a second. */
  readonly rate: number;
  /** Share answered 5xx, or not at all. */
  readonly errors: number;
  readonly p50: number;
  readonly p99: number;
}

/** Of one node. */
export class RecentTimes {
  private readonly clock: Clock;
  private readonly series = new Map<string, Series>();
  /** Since then workers have told without a break. */
  private sinceMs = Number.NEGATIVE_INFINITY;
  private lastMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** One worker told this. Each request stands for those whose times were not told. */
  take({ load, times, ended }: WatchTold): void {
    if (load === null && times.length === 0) return; // only taps are told of
    const nowMs = this.clock.nowMs();
    if (nowMs - this.lastMs > BREAK_MS) this.sinceMs = nowMs - TOLD_MS;
    this.lastMs = nowMs;
    const weight = ended / Math.max(1, times.length);
    for (const { cluster, endpoint, route, status, ms } of times) {
      const isFailed = status === 0 || status >= 500;
      if (route !== "") this.seriesOf(routeKey(route)).add(nowMs, ms, isFailed, weight);
      if (endpoint !== "") this.seriesOf(endpointKey(cluster, endpoint)).add(nowMs, ms, isFailed, weight);
    }
  }

  /** Null: nothing was told lately. Key: `routeKey` or `endpointKey`. */
  figures(key: string): RecentFigures | null {
    const nowMs = this.clock.nowMs();
    return this.series.get(key)?.figures(nowMs, Math.max(this.sinceMs, nowMs - WINDOW_MS)) ?? null;
  }

  private seriesOf(key: string): Series {
    let one = this.series.get(key);
    if (one !== undefined) return one;
    const [oldest] = this.series.keys();
    if (this.series.size >= SERIES_MAX && oldest !== undefined) this.series.delete(oldest);
    one = new Series();
    this.series.set(key, one);
    return one;
  }
}

/** Where a route's figures are. `source`: where it stands. */
export function routeKey(source: string): string {
  return `route ${source}`;
}

/** Where an endpoint's figures are. */
export function endpointKey(cluster: string, address: string): string {
  return `endpoint ${cluster} ${address}`;
}

interface Moment {
  readonly atMs: number;
  readonly ms: number;
  readonly isFailed: boolean;
  readonly weight: number;
}

class Series {
  private readonly moments: Moment[] = [];
  private next = 0;

  add(atMs: number, ms: number, isFailed: boolean, weight: number): void {
    this.moments[this.next] = { atMs, ms, isFailed, weight };
    this.next = (this.next + 1) % MOMENTS_MAX;
  }

  figures(nowMs: number, sinceMs: number): RecentFigures | null {
    const recent = this.moments.filter(({ atMs }) => atMs >= sinceMs);
    if (recent.length === 0) return null;
    const sum = (some: readonly Moment[]): number => some.reduce((total, { weight }) => total + weight, 0);
    const all = sum(recent);
    // With all places taken they reach back less far.
    const oldestMs = recent.length < MOMENTS_MAX ? sinceMs : Math.min(...recent.map(({ atMs }) => atMs));
    const overMs = Math.max(TOLD_MS, nowMs - oldestMs);
    const sorted = recent.map(({ ms }) => ms).sort((a, b) => a - b);
    return {
      rate: all / (overMs / 1_000),
      errors: sum(recent.filter(({ isFailed }) => isFailed)) / all,
      p50: quantile(sorted, 0.5),
      p99: quantile(sorted, 0.99),
    };
  }
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

const WINDOW_MS = 30_000;
/** How often workers tell. */
const TOLD_MS = 250;
/** After which nobody looked for a while. */
const BREAK_MS = 3_000;
const MOMENTS_MAX = 256;
const SERIES_MAX = 1_000;
