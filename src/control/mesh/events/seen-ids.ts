// Which ids came within a time: bounded, since anybody may publish. Used by event-watch.ts.
import type { Clock } from "../../../base/clock.ts";

/** Remembers ids for `forMs`, the newest `idsMax` of them. */
export class SeenIds {
  private readonly clock: Clock;
  private readonly forMs: number;
  private readonly idsMax: number;
  /** When each came, oldest first. */
  private readonly times = new Map<string, number>();

  constructor(clock: Clock, forMs: number, idsMax: number = IDS_MAX) {
    this.clock = clock;
    this.forMs = forMs;
    this.idsMax = idsMax;
  }

  /** False when the id came within the time before. */
  isNew(id: string): boolean {
    const nowMs = this.clock.nowMs();
    for (const [old, sinceMs] of this.times) {
      if (nowMs - sinceMs <= this.forMs) break;
      this.times.delete(old);
    }
    if (this.times.has(id)) return false;
    const [oldest = ""] = this.times.keys();
    if (this.times.size === this.idsMax) this.times.delete(oldest);
    this.times.set(id, nowMs);
    return true;
  }
}

/** A few MiB. */
const IDS_MAX = 20_000;
