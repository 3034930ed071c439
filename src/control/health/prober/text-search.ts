// Finds texts in the order given in a stream of bytes, with anything between them, keeping no more of the stream than could be the
// beginning of the next text. Used by the HTTP and the TCP check.

/** One search; `begin` starts the next one. */
export class TextSearch {
  private readonly texts: readonly Uint8Array[];
  private readonly bytesMax: number;
  private found = 0;
  private left = 0;
  /** The last bytes looked at, fewer than the text that is looked for. */
  private tail: Buffer = NOTHING;

  /** Looks at the first `bytesMax` bytes. */
  constructor(texts: readonly Uint8Array[], bytesMax: number) {
    this.texts = texts;
    this.bytesMax = bytesMax;
    this.left = bytesMax;
  }

  /** Whether all texts were found. */
  get isDone(): boolean {
    return this.found === this.texts.length;
  }

  /** Starts over. */
  begin(): void {
    this.found = 0;
    this.left = this.bytesMax;
    this.tail = NOTHING;
  }

  /** Looks at bytes `[start, end)`, which are valid during the call only. */
  feed(bytes: Uint8Array, start: number, end: number): void {
    if (this.isDone || this.left <= 0) return;
    const size = Math.min(end - start, this.left);
    this.left -= size;
    const fresh = Buffer.from(bytes.buffer, bytes.byteOffset + start, size);
    const all = this.tail.length === 0 ? fresh : Buffer.concat([this.tail, fresh]);
    let at = 0;
    for (let text = this.texts[this.found]; text !== undefined; text = this.texts[this.found]) {
      const place = all.indexOf(text, at);
      if (place < 0) {
        this.tail = Buffer.from(all.subarray(Math.max(at, all.length - text.length + 1)));
        return;
      }
      at = place + text.length;
      this.found++;
    }
    this.tail = NOTHING;
  }
}

const NOTHING = Buffer.alloc(0);
