// Counts the messages of a gRPC body (gRPC over HTTP/2, Length-Prefixed-Message): a flag byte, four bytes of length, the message.
// Fed with the bytes as they come; keeps none of them.

/** One direction of one call. */
export class GrpcFrameCounter {
  /** Bytes of the prefix that have come. */
  private prefix = 0;
  /** Bytes of the message that are still to come. */
  private left = 0;

  /** How many messages begin in these bytes. */
  count(bytes: Uint8Array, start: number, end: number): number {
    let begun = 0;
    let at = start;
    while (at < end) {
      if (this.prefix === PREFIX_BYTES) {
        const skipped = Math.min(this.left, end - at);
        this.left -= skipped;
        at += skipped;
        if (this.left > 0) break;
        this.prefix = 0;
        continue;
      }
      if (this.prefix === 0) begun++;
      else this.left = this.left * 256 + (bytes[at] as number);
      this.prefix++;
      at++;
      if (this.prefix === PREFIX_BYTES && this.left === 0) this.prefix = 0;
    }
    return begun;
  }
}

const PREFIX_BYTES = 5;
