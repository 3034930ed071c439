// Output buffers of all channels of one thread: taken when a channel has something to say, given back when the kernel took it, so
// that an idle connection holds none. Called by pooled-writer.ts and socket-channel.ts.

/** Buffers in three sizes with a bounded store; larger ones are made and dropped. */
export class BufferPool {
  private readonly stores: readonly Buffer[][] = SIZES.map(() => []);
  private held = 0;

  /** Bytes of buffers that are out at the moment. */
  get heldBytes(): number {
    return this.held;
  }

  /** A buffer of at least `bytes`, its content undefined. */
  take(bytes: number): Buffer {
    for (let i = 0; i < SIZES.length; i++) {
      const size = SIZES[i] as number;
      if (bytes > size) continue;
      this.held += size;
      return (this.stores[i] as Buffer[]).pop() ?? Buffer.allocUnsafeSlow(size);
    }
    let size = (SIZES[SIZES.length - 1] as number) * 2;
    while (size < bytes) size *= 2;
    this.held += size;
    return Buffer.allocUnsafeSlow(size);
  }

  /** Takes back what `take` answered; nothing may refer to it any more. */
  give(buffer: Buffer): void {
    this.held -= buffer.length;
    const i = SIZES.indexOf(buffer.length);
    if (i < 0) return;
    const store = this.stores[i] as Buffer[];
    if (store.length < (STORED_MAX[i] as number)) store.push(buffer);
  }

  /** Counts a buffer out whose last user is unknown; the garbage collector takes it. */
  lose(buffer: Buffer): void {
    this.held -= buffer.length;
  }
}

/** A head with a small body, a turn of HTTP/2 frames, a large header block with its body. */
const SIZES = [16_384, 65_536, 262_144];

/** How many of each size wait in the store: 4, 4 and 2 MiB. */
const STORED_MAX = [256, 64, 8];
