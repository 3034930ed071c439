// A growable output buffer that a channel owns and codecs append to.

/** Bytes that wait to be sent. Whoever appends reserves first, writes at `end` and advances it. */
export class ByteWriter {
  bytes: Buffer;
  end: number = 0;

  constructor(sizeBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(sizeBytes);
  }

  /** Makes room for `more` bytes after `end`; the buffer's identity may change. */
  reserve(more: number): void {
    const need = this.end + more;
    if (need <= this.bytes.length) return;
    let size = Math.max(64, this.bytes.length * 2);
    while (size < need) size *= 2;
    const grown = Buffer.allocUnsafeSlow(size);
    this.bytes.copy(grown, 0, 0, this.end);
    this.bytes = grown;
  }
}
