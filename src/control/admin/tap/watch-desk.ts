// Who looks at requests of this node: readers of taps, and the dashboard, which wants times. Tells the workers what to watch, again and again
// as long as somebody looks, and gives everyone what is theirs.
import type { Clock } from "../../../base/clock.ts";
import { Timer, type TimerWheel } from "../../../base/timer-wheel.ts";
import type { TappedRequest, TapTerms, TapTold, WatchTold, WorkerLoad } from "../../../telemetry/request-watch.ts";
import type { RequestSource } from "../view.ts";
import { RecentTimes } from "./recent-times.ts";

/** What it stands on. */
export interface WatchDeskParts {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly requests: RequestSource;
  /** Fields and query parameters whose values nobody sees. */
  readonly redacts: readonly string[];
}

/** Who reads a tap. */
export interface TapReader {
  /** From this worker. */
  take(slot: number, requests: readonly TappedRequest[], dropped: number): void;
}

/** The desk of one admin server. */
export class WatchDesk {
  /** Of requests that were told of while somebody looked. */
  readonly times: RecentTimes;
  private readonly parts: WatchDeskParts;
  private readonly taps = new Map<number, { readonly terms: TapTerms; readonly reader: TapReader }>();
  private readonly loads = new Map<number, { readonly load: WorkerLoad; readonly atMs: number }>();
  private readonly renewal: Timer = new Timer(() => this.renew());
  private tapCount = 0;
  private timesUntilMs = Number.NEGATIVE_INFINITY;

  constructor(parts: WatchDeskParts) {
    this.parts = parts;
    this.times = new RecentTimes(parts.clock);
    parts.requests.hear((slot, told) => this.take(slot, told));
  }

  /** Somebody looks at times and at workers: for some seconds, unless it is said again. */
  lookAtTimes(): void {
    const nowMs = this.parts.clock.nowMs();
    const isNew = this.timesUntilMs < nowMs;
    this.timesUntilMs = nowMs + LOOK_MS;
    if (isNew) this.renew();
  }

  /** Tells the reader of requests from now on; answers with what ends that, or null: there are too many readers. */
  open(terms: Omit<TapTerms, "id">, reader: TapReader): (() => void) | null {
    if (this.taps.size >= TAPS_MAX) return null;
    const id = ++this.tapCount;
    this.taps.set(id, { terms: { ...terms, id }, reader });
    this.renew();
    return () => {
      if (this.taps.delete(id)) this.renew();
    };
  }

  /** What a worker did in the last second; null: nobody asked it, or it does not answer. */
  loadOf(slot: number): WorkerLoad | null {
    const told = this.loads.get(slot);
    return told !== undefined && this.parts.clock.nowMs() - told.atMs < LOAD_MS_MAX ? told.load : null;
  }

  /** Nobody looks any more. */
  close(): void {
    const isLooking = this.taps.size > 0 || this.timesUntilMs > this.parts.clock.nowMs();
    this.taps.clear();
    this.timesUntilMs = Number.NEGATIVE_INFINITY;
    if (isLooking) this.renew();
  }

  private take(slot: number, told: WatchTold): void {
    if (told.load !== null) this.loads.set(slot, { load: told.load, atMs: this.parts.clock.nowMs() });
    this.times.take(told);
    for (const one of told.taps) this.pass(slot, one);
  }

  private pass(slot: number, { id, requests, dropped }: TapTold): void {
    this.taps.get(id)?.reader.take(slot, requests, dropped);
  }

  private renew(): void {
    const { clock, wheel, requests, redacts } = this.parts;
    const times = clock.nowMs() < this.timesUntilMs;
    const taps = [...this.taps.values()].map(({ terms }) => terms);
    requests.watch({ leaseMs: LEASE_MS, times, taps, redacts });
    if (times || taps.length > 0) wheel.arm(this.renewal, RENEW_MS);
    else wheel.remove(this.renewal);
  }
}

/** Readers of taps: each is asked about at every request. */
export const TAPS_MAX = 8;
/** Above the time between two pictures of the dashboard. */
const LOOK_MS = 6_000;
/** A thread that was told nothing for so long watches no more. */
const LEASE_MS = 7_000;
const RENEW_MS = 2_000;
const LOAD_MS_MAX = 3_500;
