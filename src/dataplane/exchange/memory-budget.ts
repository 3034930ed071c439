// The worker's own account of the bytes that requests make it hold: V8's limits do not see Buffers.

/** Counts held bytes of one worker. */
export class MemoryBudget {
  /** Bytes held now. */
  heldBytes: number = 0;
  private readonly bytesMax: number;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** Whether new requests are to be refused. */
  isSpent(): boolean {
    return this.heldBytes > this.bytesMax;
  }
}

/** What a writer that is backed up holds at least: the high mark of one stream and direction. */
export const BACKED_UP_BYTES: number = 32 * 1024;
