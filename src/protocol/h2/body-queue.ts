// Body bytes of one stream that wait for a window or the socket, copied into chunks from one pool a thread. Used by the sender.

/** First in, first out. Empty queues hold no chunk. */
export class BodyQueue {
  /** Bytes that wait. */
  length: number = 0;
  private first: Chunk | null = null;
  private last: Chunk | null = null;

  /** Copies `from[start, end)` to the end of the queue. */
  append(from: Uint8Array, start: number, end: number): void {
    this.length += end - start;
    let at = start;
    while (at < end) {
      let chunk = this.last;
      if (chunk === null || chunk.end === CHUNK_BYTES) chunk = this.addChunk();
      const size = Math.min(end - at, CHUNK_BYTES - chunk.end);
      chunk.bytes.set(from.subarray(at, at + size), chunk.end);
      chunk.end += size;
      at += size;
    }
  }

  /** Moves the first `size` bytes, which must be there, to `to` at `at`. */
  take(to: Uint8Array, at: number, size: number): void {
    this.length -= size;
    let left = size;
    let put = at;
    while (left > 0) {
      const chunk = this.first as Chunk;
      const part = Math.min(left, chunk.end - chunk.start);
      to.set(chunk.bytes.subarray(chunk.start, chunk.start + part), put);
      chunk.start += part;
      put += part;
      left -= part;
      if (chunk.start === chunk.end) this.dropFirst(chunk);
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.length = 0;
    while (this.first !== null) this.dropFirst(this.first);
  }

  private addChunk(): Chunk {
    const chunk = pool ?? new Chunk();
    if (pool !== null) {
      pool = chunk.next;
      pooled--;
    }
    chunk.next = null;
    if (this.last === null) this.first = chunk;
    else this.last.next = chunk;
    this.last = chunk;
    return chunk;
  }

  private dropFirst(chunk: Chunk): void {
    this.first = chunk.next;
    if (this.first === null) this.last = null;
    chunk.start = 0;
    chunk.end = 0;
    chunk.next = null;
    if (pooled === POOLED_MAX) return;
    chunk.next = pool;
    pool = chunk;
    pooled++;
  }
}

class Chunk {
  readonly bytes: Uint8Array = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  start: number = 0;
  end: number = 0;
  next: Chunk | null = null;
}

const CHUNK_BYTES = 8_192;
/** Chunks that the pool keeps: 4 MiB a thread; more are left to the collector. */
const POOLED_MAX = 512;

let pool: Chunk | null = null;
let pooled = 0;
