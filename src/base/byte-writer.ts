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

/** Memory that is read in words as well as in bytes: a word at a time costs half or less. */
export interface WordBytes {
  readonly bytes: Buffer;
  /** The same memory. */
  readonly view: DataView;
}

/** One that is written in words, too. */
export class WordWriter extends ByteWriter implements WordBytes {
  view: DataView = viewOf(this.bytes);
  private size: number = this.bytes.length;

  override reserve(more: number): void {
    if (this.end + more <= this.size) return;
    super.reserve(more);
    this.take(this.bytes);
  }

  /** Goes on in other memory; what was written stays in the old one. */
  renew(sizeBytes: number): void {
    this.end = 0;
    this.take(Buffer.allocUnsafeSlow(sizeBytes));
  }

  private take(bytes: Buffer): void {
    this.bytes = bytes;
    this.view = viewOf(bytes);
    this.size = bytes.length;
  }
}

/** All of it, to be read and written in words. */
export function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
