// Passive evidence against endpoints in shared memory: a byte a slot that a worker raises when a connection is refused or reset, and one a
// cluster row that says where to look. Workers never wait for a reader; the health thread empties it while it follows a mesh.

/** What a worker saw. */
export const Doubt = { Connect: 1, Reset: 2 } as const;

/** One kind of it. */
export type Doubt = (typeof Doubt)[keyof typeof Doubt];

/** The memory of a table, as it travels between threads. */
export interface DoubtMemory {
  readonly slots: SharedArrayBuffer;
  readonly rows: SharedArrayBuffer;
}

/** Makes the memory; pages that nobody touched cost no RAM. */
export function createDoubtMemory(slots: number, rows: number): DoubtMemory {
  return { slots: new SharedArrayBuffer(slots), rows: new SharedArrayBuffer(rows) };
}

/** One thread's view of the table. */
export class DoubtTable {
  private readonly slots: Uint8Array;
  private readonly rows: Uint8Array;

  constructor(memory: DoubtMemory) {
    this.slots = new Uint8Array(memory.slots);
    this.rows = new Uint8Array(memory.rows);
  }

  /** Evidence against an endpoint of the cluster of this row. What nobody has read yet stays as it is. */
  raise(row: number, slot: number, doubt: Doubt): void {
    if (this.slots[slot] !== 0) return;
    Atomics.store(this.slots, slot, doubt);
    Atomics.store(this.rows, row, 1);
  }

  /** Whether there is any in a cluster since the last call: its slots are to be looked at after it. */
  takeRow(row: number): boolean {
    return this.rows[row] !== 0 && Atomics.exchange(this.rows, row, 0) !== 0;
  }

  /** The evidence against an endpoint; 0: none. It is forgotten here. */
  take(slot: number): Doubt | 0 {
    return this.slots[slot] === 0 ? 0 : (Atomics.exchange(this.slots, slot, 0) as Doubt);
  }
}
