// A ByteSink in memory: what the codec wrote in each turn, and a kernel that takes what the test says.
import { BufferPool } from "../../../../src/net/buffer-pool.ts";
import { PooledWriter } from "../../../../src/net/pooled-writer.ts";
import type { ByteSink } from "../../../../src/protocol/message.ts";

/** Collects; `take` is the flush at the end of a turn. */
export class MemorySink implements ByteSink {
  /** As a channel's: without memory while it is empty, so that the first bytes of every turn replace the buffer. */
  readonly out: PooledWriter = new PooledWriter(new BufferPool());
  /** Flushes asked for since the last `take`. */
  flushes: number = 0;
  /** Bytes that the kernel has not taken, as a test pretends. */
  stuckBytes: number = 0;
  readingPaused: boolean = false;

  scheduleFlush(): void {
    this.flushes++;
  }

  writeThrough(bytes: Uint8Array, start: number, end: number): void {
    this.out.reserve(end - start);
    this.out.bytes.set(bytes.subarray(start, end), this.out.end);
    this.out.end += end - start;
    this.flushes++;
  }

  queuedBytes(): number {
    return this.out.end + this.stuckBytes;
  }

  finish(): void {}

  pauseReading(): void {
    this.readingPaused = true;
  }

  resumeReading(): void {
    this.readingPaused = false;
  }

  /** What waits in `out`, which is empty then. */
  take(): Buffer {
    const bytes = Buffer.from(this.out.bytes.subarray(0, this.out.end));
    this.out.clear();
    this.flushes = 0;
    return bytes;
  }
}
