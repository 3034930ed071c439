// Puts a header block together that came in HEADERS and CONTINUATION frames (RFC 9113 §4.3, §6.10). One per connection; a block in one
// frame never comes here.

/** The block that is being received; `streamId` 0: none is. */
export class HeaderBlock {
  streamId: number = 0;
  flags: number = 0;
  selfDependent: boolean = false;
  /** CONTINUATION frames so far. */
  continuations: number = 0;
  length: number = 0;
  bytes: Buffer = EMPTY;

  /** Starts with the fragment of a HEADERS frame without END_HEADERS. */
  begin(streamId: number, flags: number, selfDependent: boolean): void {
    this.streamId = streamId;
    this.flags = flags;
    this.selfDependent = selfDependent;
    this.continuations = 0;
    this.length = 0;
  }

  /** Adds a fragment. */
  append(from: Uint8Array, start: number, end: number): void {
    const need = this.length + end - start;
    if (need > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(need, this.bytes.length * 2, SIZE_AT_START));
      this.bytes.copy(grown, 0, 0, this.length);
      this.bytes = grown;
    }
    this.bytes.set(from.subarray(start, end), this.length);
    this.length = need;
  }

  /** The block is whole: the bytes stay until the next one begins. */
  finish(): void {
    this.streamId = 0;
  }

  /** Gives the memory back: blocks in pieces are rare. */
  release(): void {
    this.bytes = EMPTY;
    this.length = 0;
  }
}

const EMPTY: Buffer = Buffer.alloc(0);
const SIZE_AT_START = 32_768;
