// The dashboard's live data as server-sent events: a snapshot for each new reader, then what changed, once a second and only while
// somebody reads. A reader that does not keep up is cut off; one picture is taken for all of them.
import type { Clock } from "../../../base/clock.ts";
import { Timer, type TimerWheel } from "../../../base/timer-wheel.ts";
import { type JsonObject, mergePatch } from "./merge-patch.ts";

/** Where events of one reader go: an HTTP response. */
export interface EventSink {
  readonly writableLength: number;
  write(text: string): unknown;
  /** Cuts it off. */
  destroy(): unknown;
  once(event: "close", listener: () => void): unknown;
}

/** What the stream works with. */
export interface EventStreamParts {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  /** The node as it is now. */
  snapshot(): Promise<JsonObject>;
  /** Why there is no snapshot this time. */
  onFailed(error: unknown): void;
}

/** All readers of a node. */
export class EventStream {
  private readonly parts: EventStreamParts;
  private readonly readers = new Set<EventSink>();
  /** Readers that wait for their first snapshot. */
  private readonly fresh = new Set<EventSink>();
  private readonly timer = new Timer(() => void this.beat());
  private last: JsonObject = {};
  private lastMs = Number.NEGATIVE_INFINITY;
  private isTaking = false;

  constructor(parts: EventStreamParts) {
    this.parts = parts;
  }

  /** How many read. */
  get size(): number {
    return this.readers.size;
  }

  /** Takes a reader whose head is sent; false: there are too many. */
  join(reader: EventSink): boolean {
    if (this.readers.size >= READERS_MAX) return false;
    this.readers.add(reader);
    reader.once("close", () => {
      this.readers.delete(reader);
      this.fresh.delete(reader);
    });
    reader.write(`retry: ${RETRY_MS}\n\n`);
    // Whoever comes and goes makes nobody take more pictures.
    const isLastGood = this.parts.clock.nowMs() - this.lastMs < PERIOD_MS;
    if (isLastGood) reader.write(event("snapshot", this.last));
    else this.fresh.add(reader);
    if (!isLastGood) void this.beat();
    else if (this.timer.dueMs === Number.POSITIVE_INFINITY) this.parts.wheel.arm(this.timer, PERIOD_MS);
    return true;
  }

  /** Cuts all of them off. */
  close(): void {
    this.parts.wheel.remove(this.timer);
    for (const reader of this.readers) reader.destroy();
    this.readers.clear();
  }

  private async beat(): Promise<void> {
    if (this.isTaking || this.readers.size === 0) return;
    this.isTaking = true;
    const { clock, wheel } = this.parts;
    const startedMs = clock.nowMs();
    try {
      this.tell(await this.parts.snapshot());
    } catch (error) {
      this.parts.onFailed(error);
    }
    this.isTaking = false;
    // A large node's picture costs the main thread more: then it is taken less often.
    const costMs = clock.nowMs() - startedMs;
    if (this.readers.size > 0) wheel.arm(this.timer, Math.min(PERIOD_MS_MAX, Math.max(PERIOD_MS, costMs * COST_SHARE)));
  }

  private tell(now: JsonObject): void {
    const patch = mergePatch(this.last, now);
    const change = patch === null ? ": nothing changed\n\n" : event("change", patch);
    const whole = this.fresh.size === 0 ? "" : event("snapshot", now);
    this.last = now;
    this.lastMs = this.parts.clock.nowMs();
    for (const reader of [...this.readers]) {
      if (reader.writableLength > BACKLOG_BYTES_MAX) {
        this.readers.delete(reader);
        reader.destroy();
      } else reader.write(this.fresh.delete(reader) ? whole : change);
    }
  }
}

function event(type: string, data: unknown): string {
  return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Browsers' tabs on one node. */
export const READERS_MAX = 16;
/** What a reader may leave unread: some seconds of a large node. */
export const BACKLOG_BYTES_MAX = 1_048_576;
const PERIOD_MS = 1_000;
/** Below the 5 s after which a node that forwards gives up. */
const PERIOD_MS_MAX = 4_000;
/** At most a twentieth of the time goes into pictures. */
const COST_SHARE = 20;
/** When a browser connects again. */
const RETRY_MS = 2_000;
