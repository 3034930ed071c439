// What workers saw of the endpoints of clusters with outlier detection, and what the detector made of it: shared memory that all workers
// count into, the health thread reads and empties, and /clusters shows. The supervisor makes it once, beside the health table.

/** The counts of one endpoint: `Local` ones are of connections, when the cluster tells them apart from answers. */
export const OutlierCount = {
  Consecutive5xx: 0,
  ConsecutiveGatewayFailure: 1,
  ConsecutiveLocalOriginFailure: 2,
  Requests: 3,
  Successes: 4,
  LocalAttempts: 5,
  LocalSuccesses: 6,
} as const;

/** One of the counts. */
export type OutlierCount = (typeof OutlierCount)[keyof typeof OutlierCount];

/** Percentages that the detector found at its last interval. Of a slot: the two rates; of a cluster's row: all four. */
export const OutlierRate = { Average: 0, LocalAverage: 1, Threshold: 2, LocalThreshold: 3 } as const;

/** One of the percentages. An endpoint's own rate stands where a cluster has its average. */
export type OutlierRate = (typeof OutlierRate)[keyof typeof OutlierRate];

/** The memory of a table, as it travels between threads. */
export interface OutlierMemory {
  readonly counts: SharedArrayBuffer;
  readonly slotRates: SharedArrayBuffer;
  readonly rowRates: SharedArrayBuffer;
}

/** Makes the memory; pages that nobody touched cost no RAM. */
export function createOutlierMemory(slots: number, rows: number): OutlierMemory {
  return {
    counts: new SharedArrayBuffer(slots * COLUMNS * 4),
    slotRates: new SharedArrayBuffer(slots * SLOT_RATES * 8),
    rowRates: new SharedArrayBuffer(rows * ROW_RATES * 8),
  };
}

/** One thread's view of the table. */
export class OutlierTable {
  private readonly counts: Int32Array;
  private readonly slotRates: Float64Array;
  private readonly rowRates: Float64Array;

  constructor(memory: OutlierMemory) {
    this.counts = new Int32Array(memory.counts);
    this.slotRates = new Float64Array(memory.slotRates);
    this.rowRates = new Float64Array(memory.rowRates);
  }

  /** Adds one and answers with the sum: of all calls that make a sum, whatever their thread, one sees it. */
  add(slot: number, count: OutlierCount): number {
    return Atomics.add(this.counts, slot * COLUMNS + count, 1) + 1;
  }

  /** A count as it is now. */
  read(slot: number, count: OutlierCount): number {
    return Atomics.load(this.counts, slot * COLUMNS + count);
  }

  /** A count as it was; it begins at zero again. */
  take(slot: number, count: OutlierCount): number {
    return Atomics.exchange(this.counts, slot * COLUMNS + count, 0);
  }

  /** Zeroes a count. Nearly always it is zero: looking costs less than writing to a line that other workers read. */
  reset(slot: number, count: OutlierCount): void {
    const at = slot * COLUMNS + count;
    if (this.counts[at] !== 0) Atomics.store(this.counts, at, 0);
  }

  /** Percent of an endpoint's requests that went well in the last interval; -1: too few to say. */
  rate(slot: number, rate: SlotRate): number {
    return decoded(this.slotRates[slot * SLOT_RATES + rate] as number);
  }

  setRate(slot: number, rate: SlotRate, percent: number): void {
    this.slotRates[slot * SLOT_RATES + rate] = encoded(percent);
  }

  /** A cluster's average or ejection threshold in percent; -1: too few endpoints with enough requests. */
  rowRate(row: number, rate: OutlierRate): number {
    return decoded(this.rowRates[row * ROW_RATES + rate] as number);
  }

  setRowRate(row: number, rate: OutlierRate, percent: number): void {
    this.rowRates[row * ROW_RATES + rate] = encoded(percent);
  }

  /** A slot begins anew: its endpoint is gone. */
  clear(slot: number): void {
    for (let at = slot * COLUMNS; at < (slot + 1) * COLUMNS; at++) {
      if (this.counts[at] !== 0) Atomics.store(this.counts, at, 0);
    }
    const at = slot * SLOT_RATES;
    if (this.slotRates[at] !== 0 || this.slotRates[at + 1] !== 0) this.slotRates.fill(0, at, at + SLOT_RATES);
  }
}

type SlotRate = typeof OutlierRate.Average | typeof OutlierRate.LocalAverage;

/** Untouched memory means -1, so a percentage of zero is kept as negative zero. */
function encoded(percent: number): number {
  return percent === -1 ? 0 : percent === 0 ? -0 : percent;
}

function decoded(kept: number): number {
  return Object.is(kept, 0) ? -1 : kept + 0;
}

/** Half a cache line, so that an endpoint's counts lie together. */
const COLUMNS = 8;
const SLOT_RATES = 2;
const ROW_RATES = 4;
