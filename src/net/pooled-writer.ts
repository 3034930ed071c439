// The `out` of a channel: a ByteWriter without memory of its own while it is empty.
import type { BufferPool } from "./buffer-pool.ts";

/** Appends like ByteWriter; the bytes live in a pooled buffer from the first `reserve` until `detach` or `clear`. */
export class PooledWriter {
  bytes: Buffer = EMPTY;
  end: number = 0;
  private readonly pool: BufferPool;

  constructor(pool: BufferPool) {
    this.pool = pool;
  }

  /** Makes room for `more` bytes after `end`; the buffer's identity may change. */
  reserve(more: number): void {
    const need = this.end + more;
    const old = this.bytes;
    if (need <= old.length) return;
    const grown = this.pool.take(need);
    if (old.length > 0) {
      old.copy(grown, 0, 0, this.end);
      this.pool.give(old);
    }
    this.bytes = grown;
  }

  /** Appends a copy of bytes `[start, end)`. */
  append(bytes: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    this.bytes.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), this.end);
    this.end += end - start;
  }

  /** Takes the buffer away, for a write that goes on: the caller gives it back to the pool. */
  detach(): Buffer {
    const bytes = this.bytes;
    this.bytes = EMPTY;
    this.end = 0;
    return bytes;
  }

  /** Forgets the bytes and gives the buffer back. */
  clear(): void {
    if (this.bytes.length > 0) this.pool.give(this.bytes);
    this.bytes = EMPTY;
    this.end = 0;
  }
}

const EMPTY = Buffer.alloc(0);
