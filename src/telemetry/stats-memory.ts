// Where one thread writes its counters: shared pages with a single writer each, and notices that tell readers what lies where.
// A restarted worker is given its predecessor's notices and goes on in the same memory, so counters survive a crash.

import { HISTOGRAM_BUCKETS } from "./histogram.ts";
import type { BlockSchema } from "./stats-block.ts";

/** Slots of a page. */
export const PAGE_SLOTS = 4096;

/** What a writer tells the readers. */
export type StatsNotice =
  | { readonly type: "page"; readonly page: number; readonly memory: SharedArrayBuffer }
  | {
      readonly type: "block";
      readonly schema: string;
      readonly prefix: string;
      readonly page: number;
      readonly offset: number;
    }
  | {
      readonly type: "stat";
      readonly name: string;
      readonly gauge: boolean;
      readonly page: number;
      readonly offset: number;
    }
  | { readonly type: "histogram"; readonly name: string; readonly memory: SharedArrayBuffer }
  /** The block of this schema and prefix is no more; its slots may become another's. */
  | { readonly type: "freed"; readonly schema: string; readonly prefix: string };

/** One slot: `slot.values[slot.at] += 1`. */
export interface StatSlot {
  readonly values: Float64Array;
  readonly at: number;
}

/** The counters of one thread. */
export class StatsWriter {
  private readonly pages: Float64Array[] = [];
  private next = PAGE_SLOTS;
  private readonly known = new Map<string, StatsNotice>();
  private readonly blocks = new Map<string, Float64Array>();
  /** Places of released blocks by their number of slots. */
  private readonly free = new Map<number, { page: number; offset: number }[]>();
  private readonly announce: (notice: StatsNotice) => void;

  /** `announce` gets every new notice; `restored` are the notices of this slot's predecessor, in order. */
  constructor(announce: (notice: StatsNotice) => void, restored: readonly StatsNotice[] = []) {
    this.announce = announce;
    for (const notice of restored) this.restore(notice);
  }

  /** The block of this schema under `prefix` (with its trailing dot); the same one for the same prefix. */
  block(schema: BlockSchema, prefix: string): Float64Array {
    const key = `${schema.id}\n${prefix}`;
    const held = this.blocks.get(key);
    if (held !== undefined) return held;
    let notice = this.known.get(key);
    if (notice === undefined) {
      const { page, offset } = this.take(schema.names.length);
      notice = { type: "block", schema: schema.id, prefix, page, offset };
      this.tell(key, notice);
    }
    if (notice.type !== "block") throw new Error(`stats: ${key} is not a block`);
    const view = (this.pages[notice.page] as Float64Array).subarray(notice.offset, notice.offset + schema.names.length);
    this.blocks.set(key, view);
    return view;
  }

  /** Gives a block back: zeroed now, used again for the next block of its size. Nobody may write to it afterwards. */
  release(schema: BlockSchema, prefix: string): void {
    const key = `${schema.id}\n${prefix}`;
    const notice = this.known.get(key);
    if (notice?.type !== "block") return;
    const { page, offset } = notice;
    const slots = schema.names.length;
    (this.pages[page] as Float64Array).fill(0, offset, offset + slots);
    this.known.delete(key);
    this.blocks.delete(key);
    const places = this.free.get(slots) ?? [];
    places.push({ page, offset });
    this.free.set(slots, places);
    this.announce({ type: "freed", schema: schema.id, prefix });
  }

  /** A single counter by its full name. */
  counter(name: string): StatSlot {
    return this.single(name, false);
  }

  /** A single gauge by its full name. */
  gauge(name: string): StatSlot {
    return this.single(name, true);
  }

  /** Buckets of a histogram by its full name; record with `recordValue` of histogram.ts. */
  histogram(name: string): Uint32Array {
    const key = `histogram\n${name}`;
    let notice = this.known.get(key);
    if (notice === undefined) {
      notice = { type: "histogram", name, memory: new SharedArrayBuffer(HISTOGRAM_BUCKETS * 4) };
      this.tell(key, notice);
    }
    if (notice.type !== "histogram") throw new Error(`stats: ${name} is not a histogram`);
    return new Uint32Array(notice.memory);
  }

  private single(name: string, gauge: boolean): StatSlot {
    const key = `stat\n${name}`;
    let notice = this.known.get(key);
    if (notice === undefined) {
      const { page, offset } = this.take(1);
      notice = { type: "stat", name, gauge, page, offset };
      this.tell(key, notice);
    }
    if (notice.type !== "stat") throw new Error(`stats: ${name} is not a single`);
    return { values: this.pages[notice.page] as Float64Array, at: notice.offset };
  }

  private take(slots: number): { page: number; offset: number } {
    const released = this.free.get(slots)?.pop();
    if (released !== undefined) return released;
    if (slots > PAGE_SLOTS) throw new Error(`stats: a block of ${slots} slots does not fit a page`);
    if (this.next + slots > PAGE_SLOTS) {
      const memory = new SharedArrayBuffer(PAGE_SLOTS * 8);
      this.pages.push(new Float64Array(memory));
      this.next = 0;
      this.announce({ type: "page", page: this.pages.length - 1, memory });
    }
    const offset = this.next;
    this.next += slots;
    return { page: this.pages.length - 1, offset };
  }

  private tell(key: string, notice: StatsNotice): void {
    this.known.set(key, notice);
    this.announce(notice);
  }

  private restore(notice: StatsNotice): void {
    switch (notice.type) {
      case "page":
        this.pages[notice.page] = new Float64Array(notice.memory);
        this.next = PAGE_SLOTS; // a new page for what is new: the end of the old one is not known here
        return;
      case "block":
        this.known.set(`${notice.schema}\n${notice.prefix}`, notice);
        return;
      case "stat":
        this.known.set(`stat\n${notice.name}`, notice);
        return;
      case "histogram":
        this.known.set(`histogram\n${notice.name}`, notice);
        return;
      case "freed":
        this.known.delete(`${notice.schema}\n${notice.prefix}`);
        return;
    }
  }
}
