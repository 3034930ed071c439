// How many of something the workers of a node have together, counted exactly, so that a limit is one of the node and not of each worker:
// downstream connections by listener and in all (dataplane/connection-limit.ts), faults that are active (filters/fault). Cleared by the
// supervisor when a worker died.

/** Rows that every connection counts in: those that the node's limit is about, and really all. */
export const NODE_ROW: { readonly counted: 0; readonly all: 1 } = { counted: 0, all: 1 };

/** Makes the memory. */
export function createCountMemory(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer(ROWS_MAX * (KEY_BYTES + (1 + workers) * 4));
}

/** One worker's view. */
export class NodeCounts {
  private readonly keys: BigInt64Array;
  /** Of each row the total, then the share of each worker. */
  private readonly cells: Int32Array;
  private readonly width: number;
  private readonly worker: number;

  constructor(memory: SharedArrayBuffer, workers: number, worker: number) {
    this.keys = new BigInt64Array(memory, 0, ROWS_MAX);
    this.cells = new Int32Array(memory, ROWS_MAX * KEY_BYTES);
    this.width = 1 + workers;
    this.worker = worker;
  }

  /** The row of a listener or of faults (`faultsName`), the same for every worker as long as the node runs; -1 when there were too many names. */
  rowOf(name: string): number {
    const key = keyOf(name);
    for (let row = NODE_ROW.all + 1; row < ROWS_MAX; row++) {
      const held = Atomics.compareExchange(this.keys, row, 0n, key);
      if (held === 0n || held === key) return row;
    }
    return -1;
  }

  /** One more, unless `max` are there already; says whether it was taken. */
  take(row: number, max: number): boolean {
    const { cells } = this;
    const total = row * this.width;
    // The share first: a worker that dies between the two leaves one too few, never one that nobody gives back.
    this.addToShare(row, 1);
    for (;;) {
      const seen = Atomics.load(cells, total);
      if (seen >= max) break;
      if (Atomics.compareExchange(cells, total, seen, seen + 1) === seen) return true;
    }
    this.addToShare(row, -1);
    return false;
  }

  /** One fewer. */
  give(row: number): void {
    Atomics.sub(this.cells, row * this.width, 1);
    this.addToShare(row, -1);
  }

  /** How many there are. */
  total(row: number): number {
    return Atomics.load(this.cells, row * this.width);
  }

  /** A worker died, and what it had with it. */
  clearWorker(worker: number): void {
    const { cells, width } = this;
    for (let at = 0; at < cells.length; at += width) {
      const share = cells[at + 1 + worker] as number;
      if (share === 0) continue;
      cells[at + 1 + worker] = 0;
      Atomics.sub(cells, at, share);
    }
  }

  private addToShare(row: number, change: number): void {
    const at = row * this.width + 1 + this.worker;
    this.cells[at] = (this.cells[at] as number) + change;
  }
}

/** What the active faults below a prefix of statistics are counted as: no listener's name. */
export function faultsName(statPrefix: string): string {
  return `\0fault ${statPrefix}`;
}

/** FNV-1a of 64 bits: two of a node's names have the same once in 10^12 nodes. */
function keyOf(name: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(name)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return BigInt.asIntN(64, hash) || 1n;
}

/** Names that a node has in all its plans, one after the other. */
const ROWS_MAX = 4_096;
const KEY_BYTES = 8;
