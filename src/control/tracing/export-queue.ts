// What waits for one collector (spans, records of logs): bounded, sent in batches one after the other, with second tries. Whoever makes it
// brings the way to the collector; nothing here knows sockets.
import { Timer, type TimerWheel } from "../../base/timer-wheel.ts";

/** How an export ended. `again`: the collector may take it later; `unanswered`: so may it, but nobody said anything. */
export type ExportResult = "taken" | "again" | "refused" | "unanswered";

/** Called once when an export ended, with what to say of it; `rejected`: how many of what it took the collector did not want. */
export type OnExported = (result: ExportResult, text: string, rejected: number) => void;

/** Where in its block a queue counts. */
export interface QueueSlots {
  /** What a collector has taken; what nobody has. */
  readonly sent: number;
  readonly dropped: number;
  readonly exportsSent: number;
  /** Exports that were answered with anything but a success, and those that nobody answered. */
  readonly exportsRefused: number;
  readonly exportsFailed: number;
  /** A gauge: what waits or is on its way. */
  readonly queued: number;
}

/** How items are taken apart that stand for several things each. */
export interface Pieces<Item> {
  /** How many things it is. */
  countOf(item: Item): number;
  /** The first `count` things and the rest, none of them empty. */
  split(item: Item, count: number): readonly [Item, Item];
  /** Nobody needs it any more. */
  release(item: Item): void;
}

/** What it stands on. */
export interface ExportQueueParts<Item> {
  readonly wheel: TimerWheel;
  readonly stats: Float64Array;
  readonly at: QueueSlots;
  /** In words: `spans`. */
  readonly what: string;
  /** Without it each item is one thing. What is counted and bounded is things. */
  readonly pieces?: Pieces<Item> | undefined;
  /** Beside what is on its way. */
  readonly queueMax: number;
  readonly batchMax: number;
  /** Before the second try, the third, and so on. */
  readonly pausesMs: readonly number[];
  /** So many are sent at once, fewer after a while. Asked each time: the runtime may say otherwise. */
  enough(): number;
  /** From the first that waits to its export. */
  delayMs(): number;
  /** What waits is sent because its time is over. */
  onTime(): void;
  /** Sends these; `done` comes exactly once. */
  send(items: readonly Item[], done: OnExported): void;
  /** A line for the node's log, once for a row of failures. */
  warn(text: string): void;
}

/** One queue. */
export class ExportQueue<Item> {
  private readonly parts: ExportQueueParts<Item>;
  private readonly timer: Timer;
  private waiting: Item[] = [];
  /** Things in it. */
  private held = 0;
  private isArmed = false;
  private isSending = false;
  private isClosing = false;
  private hasWarned = false;
  /** What failed and is sent again when the timer fires. */
  private failed: { readonly batch: Batch<Item>; readonly tries: number } | null = null;
  private onEmpty: (() => void) | null = null;

  constructor(parts: ExportQueueParts<Item>) {
    this.parts = parts;
    this.timer = new Timer(() => {
      this.isArmed = false;
      if (this.failed === null) parts.onTime();
      this.goOn();
    });
  }

  /** Takes items in; what the queue cannot hold is dropped, the newest first. */
  add(items: readonly Item[]): void {
    const { at, pieces, queueMax } = this.parts;
    for (const item of items) {
      const count = pieces?.countOf(item) ?? 1;
      const room = Math.min(count, Math.max(0, queueMax - this.held));
      if (room > 0) this.waiting.push(room < count && pieces !== undefined ? pieces.split(item, room)[0] : item);
      this.held += room;
      this.count(at.queued, room);
      this.count(at.dropped, count - room);
    }
    if (this.isEnough()) this.next();
    else this.arm();
  }

  /** Sends what waits, without second tries; `done` when all of it was sent or dropped. */
  close(done: () => void): void {
    this.isClosing = true;
    this.onEmpty = done;
    this.goOn();
  }

  private isEnough(): boolean {
    return this.held >= Math.min(this.parts.enough(), this.parts.batchMax);
  }

  private arm(): void {
    if (this.isArmed || this.isSending || this.waiting.length === 0) return;
    this.isArmed = true;
    this.parts.wheel.arm(this.timer, this.parts.delayMs());
  }

  private goOn(): void {
    const { failed } = this;
    this.failed = null;
    if (failed === null) this.next();
    else this.send(failed.batch, failed.tries + 1);
  }

  private next(): void {
    if (this.isSending) return;
    if (this.waiting.length === 0) {
      this.onEmpty?.();
      this.onEmpty = null;
      return;
    }
    this.isSending = true;
    this.send(this.batch(), 0);
  }

  /** The oldest things that wait, `batchMax` at most. */
  private batch(): Batch<Item> {
    const { batchMax, pieces } = this.parts;
    const { waiting } = this;
    const oldest = waiting[0] as Item;
    if (pieces !== undefined && pieces.countOf(oldest) > batchMax)
      waiting.splice(0, 1, ...pieces.split(oldest, batchMax));
    let used = 0;
    let count = 0;
    for (const item of waiting) {
      const size = pieces?.countOf(item) ?? 1;
      if (count + size > batchMax) break;
      count += size;
      used++;
    }
    this.held -= count;
    return { items: waiting.splice(0, used), count };
  }

  private send(batch: Batch<Item>, tries: number): void {
    const { count, items } = batch;
    const { at, pausesMs } = this.parts;
    this.parts.send(items, (result, text, rejected) => {
      if (result === "taken") {
        const lost = Math.min(rejected, count);
        this.count(at.exportsSent, 1);
        this.count(at.sent, count - lost);
        this.count(at.queued, lost - count);
        if (lost > 0) this.lost(lost, text);
        else this.hasWarned = false;
        this.sent(batch);
        return;
      }
      this.count(result === "unanswered" ? at.exportsFailed : at.exportsRefused, 1);
      const pauseMs = result !== "refused" && !this.isClosing ? pausesMs[tries] : undefined;
      if (pauseMs === undefined) {
        this.lost(count, text);
        this.sent(batch);
        return;
      }
      this.warn(text);
      this.failed = { batch, tries };
      this.isArmed = true;
      this.parts.wheel.arm(this.timer, pauseMs);
    });
  }

  private sent({ items }: Batch<Item>): void {
    const { pieces } = this.parts;
    if (pieces !== undefined) for (const item of items) pieces.release(item);
    this.isSending = false;
    if (this.isClosing || this.isEnough()) this.next();
    else this.arm();
  }

  private lost(count: number, why: string): void {
    const { at } = this.parts;
    this.warn(why);
    this.count(at.queued, -count);
    this.count(at.dropped, count);
  }

  private warn(text: string): void {
    if (!this.hasWarned) this.parts.warn(`${this.parts.what} are not taken by their collector: ${text}`);
    this.hasWarned = true;
  }

  private count(at: number, by: number): void {
    const { stats } = this.parts;
    stats[at] = (stats[at] as number) + by;
  }
}

/** What is sent at once. */
interface Batch<Item> {
  readonly items: readonly Item[];
  /** Things in it. */
  readonly count: number;
}
