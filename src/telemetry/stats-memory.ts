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
      /** While the slot behind its names says so, the slots are this block's: `isHeld`. */
      readonly holder: number;
    }
  | {
      readonly type: "stat";
      readonly name: string;
      readonly gauge: boolean;
      readonly page: number;
      readonly offset: number;
    }
  | { readonly type: "histogram"; readonly name: string; readonly memory: SharedArrayBuffer }
  /** Nothing of these names is any more: their places are nobody's. */
  | ({ readonly type: "forgotten" } & StatNames)
  /** The block of this schema and prefix is no more; its slots may become another's. `last` is what stood in them. */
  | { readonly type: "freed"; readonly schema: string; readonly prefix: string; readonly last: readonly number[] };

/** Names that begin with `prefix`, and with none of `except`: `cluster.a.` but `cluster.a.b.`, which is another cluster's. */
export interface StatNames {
  readonly prefix: string;
  readonly except: readonly string[];
}

/** Whether a name, or a block's prefix, is one of these. */
export function isAmong(name: string, { prefix, except }: StatNames): boolean {
  return name.startsWith(prefix) && !except.some((other) => name.startsWith(other));
}

/** One slot: `slot.values[slot.at] += 1`. */
export interface StatSlot {
  readonly values: Float64Array;
  readonly at: number;
}

/**
 * A block as another thread reads it. Slots of a freed block become another's before readers have heard of it: what was read counts when
 * `isHeld` says so afterwards; else the notice `freed` has the last values.
 */
export class BlockView {
  readonly values: Float64Array;
  private readonly holder: number;
  private readonly words: Int32Array;

  /** `notice`: of a block of this schema, whose page this memory is. */
  constructor(schema: BlockSchema, { offset, holder }: { offset: number; holder: number }, memory: SharedArrayBuffer) {
    this.values = new Float64Array(memory, offset * SLOT_BYTES, schema.names.length);
    this.holder = holder;
    this.words = new Int32Array(memory, (offset + schema.names.length) * SLOT_BYTES, 1);
  }

  /** Whether the slots were this block's until now. */
  isHeld(): boolean {
    return Atomics.load(this.words, 0) === this.holder;
  }
}

/** The counters of one thread. */
export class StatsWriter {
  private readonly pages: Float64Array[] = [];
  private next = PAGE_SLOTS;
  /** Number of the newest block: no two blocks of a writer have the same. */
  private lastHolder = 0;
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
      const { page, offset } = this.take(schema.slots);
      notice = { type: "block", schema: schema.id, prefix, page, offset, holder: ++this.lastHolder };
      this.hold(schema, notice, notice.holder);
      this.tell(key, notice);
    }
    if (notice.type !== "block") throw new Error(`stats: ${key} is not a block`);
    const view = this.viewOf(schema, notice);
    this.blocks.set(key, view);
    return view;
  }

  /** Gives a block back: used again, zeroed, for the next block of its size. Nobody may write to it afterwards. */
  release(schema: BlockSchema, prefix: string): void {
    const key = `${schema.id}\n${prefix}`;
    const notice = this.known.get(key);
    if (notice?.type !== "block") return;
    const { page, offset } = notice;
    const last = [...this.viewOf(schema, notice)];
    this.hold(schema, notice, 0);
    this.known.delete(key);
    this.blocks.delete(key);
    const places = this.free.get(schema.slots) ?? [];
    places.push({ page, offset });
    this.free.set(schema.slots, places);
    this.announce({ type: "freed", schema: schema.id, prefix, last });
  }

  /** Forgets everything of these names. Who still has a place of theirs writes where nobody reads; what comes later of such a name begins at 0. */
  forget(names: StatNames): void {
    for (const key of [...this.known.keys()]) {
      if (!isAmong(key.slice(key.indexOf("\n") + 1), names)) continue;
      this.known.delete(key);
      this.blocks.delete(key);
    }
    this.announce({ type: "forgotten", ...names });
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
    if (released !== undefined) {
      (this.pages[released.page] as Float64Array).fill(0, released.offset, released.offset + slots);
      return released;
    }
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

  private viewOf(schema: BlockSchema, { page, offset }: { page: number; offset: number }): Float64Array {
    return (this.pages[page] as Float64Array).subarray(offset, offset + schema.names.length);
  }

  /** Says whose the slots are; 0: nobody's. */
  private hold(schema: BlockSchema, { page, offset }: { page: number; offset: number }, holder: number): void {
    const { buffer } = this.pages[page] as Float64Array;
    Atomics.store(new Int32Array(buffer, (offset + schema.names.length) * SLOT_BYTES, 1), 0, holder);
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
        this.lastHolder = Math.max(this.lastHolder, notice.holder);
        return;
      case "stat":
        this.known.set(`stat\n${notice.name}`, notice);
        return;
      case "histogram":
        this.known.set(`histogram\n${notice.name}`, notice);
        return;
      case "forgotten":
        return; // never kept
      case "freed":
        this.known.delete(`${notice.schema}\n${notice.prefix}`);
        return;
    }
  }
}

const SLOT_BYTES = 8;
