// Reads the counters of all threads: sums what writers of equal names have, and keeps histograms as of the last flush. Admin pages use it.

import { HISTOGRAM_BUCKETS } from "./histogram.ts";
import { countsSince } from "./histogram-summary.ts";
import type { BlockSchema } from "./stats-block.ts";
import type { StatsNotice } from "./stats-memory.ts";

/** Where notices come from; the supervisor's directory is one. */
export interface NoticeSource {
  /** Changes with every notice. */
  readonly generation: number;
  schema(id: string): BlockSchema;
  /** Called before values are read: sets what is only worked out when somebody looks. */
  beforeRead?(): void;
  /** The notices of each writer; blocks that were freed are left out. */
  sources(): readonly { readonly writer: string; readonly notices: readonly StatsNotice[] }[];
}

/** A counter or gauge with its sum over writers. */
export interface StatValue {
  readonly name: string;
  readonly gauge: boolean;
  readonly value: number;
}

/** A histogram as of the last flush. */
export interface HistogramValue {
  readonly name: string;
  /** Counts since the start. */
  readonly cumulative: Uint32Array;
  /** Counts of the last flush interval. */
  readonly interval: Uint32Array;
}

interface Cell {
  readonly name: string;
  readonly gauge: boolean;
  readonly places: { readonly values: Float64Array; readonly at: number }[];
}

/** Sums over writers. */
export class StatsReader {
  private readonly source: NoticeSource;
  private generation = -1;
  private cells = new Map<string, Cell>();
  /** The cells by name, once somebody asked for them. */
  private sorted: readonly Cell[] | null = null;
  private blocks = new Map<string, { readonly schema: BlockSchema; readonly views: Float64Array[] }>();
  private histogramMemory = new Map<string, Uint32Array[]>();
  private flushed = new Map<string, { cumulative: Uint32Array; interval: Uint32Array }>();

  constructor(source: NoticeSource) {
    this.source = source;
  }

  /** Every visible counter and gauge, sorted by name. */
  values(): StatValue[] {
    this.source.beforeRead?.();
    this.refresh();
    this.sorted ??= [...this.cells.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return this.sorted.map((cell) => ({ name: cell.name, gauge: cell.gauge, value: sum(cell) }));
  }

  /** The value of one name, 0 when nobody has it. */
  value(name: string): number {
    this.source.beforeRead?.();
    this.refresh();
    const cell = this.cells.get(name);
    return cell === undefined ? 0 : sum(cell);
  }

  /** A block of any schema summed over writers, null when nobody has it: `block(HOST, "host.a.127.0.0.1:80.")`. */
  block(schema: BlockSchema, prefix: string): Float64Array | null {
    this.refresh();
    const held = this.blocks.get(`${schema.id}\n${prefix}`);
    if (held === undefined) return null;
    const total = new Float64Array(schema.names.length);
    for (const view of held.views)
      for (let i = 0; i < total.length; i++) total[i] = (total[i] as number) + (view[i] as number);
    return total;
  }

  /** Takes the histograms as they are now: called every flush interval. */
  flush(): void {
    this.refresh();
    for (const [name, memories] of this.histogramMemory) {
      const cumulative = new Uint32Array(HISTOGRAM_BUCKETS);
      for (const memory of memories) add(cumulative, memory);
      const before = this.flushed.get(name)?.cumulative;
      this.flushed.set(name, {
        cumulative,
        interval: before === undefined ? cumulative : countsSince(cumulative, before),
      });
    }
  }

  /** Histograms as of the last flush, sorted by name; empty before the first one. */
  histograms(): HistogramValue[] {
    const values = [...this.flushed].map(([name, value]) => ({ name, ...value }));
    return values.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  private refresh(): void {
    if (this.source.generation === this.generation) return;
    this.generation = this.source.generation;
    this.cells = new Map();
    this.sorted = null;
    this.blocks = new Map();
    this.histogramMemory = new Map();
    for (const { notices } of this.source.sources()) this.readWriter(notices);
    for (const name of this.flushed.keys()) if (!this.histogramMemory.has(name)) this.flushed.delete(name);
  }

  private readWriter(notices: readonly StatsNotice[]): void {
    const pages: Float64Array[] = [];
    for (const notice of notices) {
      switch (notice.type) {
        case "page":
          pages[notice.page] = new Float64Array(notice.memory);
          break;
        case "block":
          this.readBlock(notice, pages);
          break;
        case "stat":
          this.place(notice.name, notice.gauge, pages[notice.page] as Float64Array, notice.offset);
          break;
        case "histogram": {
          const held = this.histogramMemory.get(notice.name) ?? [];
          held.push(new Uint32Array(notice.memory));
          this.histogramMemory.set(notice.name, held);
          break;
        }
        case "forgotten":
        case "freed":
          break; // the source has taken the block out
      }
    }
  }

  private readBlock(notice: Extract<StatsNotice, { type: "block" }>, pages: readonly Float64Array[]): void {
    const schema = this.source.schema(notice.schema);
    const page = pages[notice.page] as Float64Array;
    const key = `${schema.id}\n${notice.prefix}`;
    const held = this.blocks.get(key) ?? { schema, views: [] };
    held.views.push(page.subarray(notice.offset, notice.offset + schema.names.length));
    this.blocks.set(key, held);
    if (!schema.visible) return;
    for (const [index, name] of schema.names.entries()) {
      this.place(notice.prefix + name, index >= schema.gaugesFrom, page, notice.offset + index);
    }
  }

  private place(name: string, gauge: boolean, values: Float64Array, at: number): void {
    const cell = this.cells.get(name);
    if (cell === undefined) this.cells.set(name, { name, gauge, places: [{ values, at }] });
    else cell.places.push({ values, at });
  }
}

function sum(cell: Cell): number {
  let total = 0;
  for (const { values, at } of cell.places) total += values[at] as number;
  return total;
}

function add(into: Uint32Array, from: Uint32Array): void {
  for (let i = 0; i < into.length; i++) into[i] = (into[i] as number) + (from[i] as number);
}
