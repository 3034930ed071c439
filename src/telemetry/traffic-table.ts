// Which clusters ever had an upstream connection, in shared memory: a word per cluster row. Written by the workers at the first connection
// of a cluster, read by the health side, whose no-traffic intervals hold until then. A row is one cluster's for the node's life.

/** Makes the memory. */
export function createTrafficMemory(rows: number): SharedArrayBuffer {
  return new SharedArrayBuffer(rows * 4);
}

/** One thread's view of the table. */
export class TrafficTable {
  private readonly words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
  }

  /** A connection of the cluster begins. */
  mark(row: number): void {
    if (this.words[row] === 0) Atomics.store(this.words, row, 1);
  }

  /** Whether it ever had one. */
  hasTraffic(row: number): boolean {
    return Atomics.load(this.words, row) === 1;
  }
}
