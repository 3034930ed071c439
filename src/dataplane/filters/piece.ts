// A piece of a body that a filter gives in place of what it was shown. One per chain, used again for every piece.

/** Bytes `[start, end)`; `last`: the message ends with them. */
export class Piece {
  bytes: Uint8Array = NONE;
  start: number = 0;
  end: number = 0;
  last: boolean = false;

  set(bytes: Uint8Array, start: number, end: number, last: boolean): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.last = last;
  }

  /** Whether nothing at all goes on. */
  isNothing(): boolean {
    return this.start === this.end && !this.last;
  }

  /** Holds no bytes any more. */
  clear(): void {
    this.bytes = NONE;
  }
}

const NONE: Uint8Array = new Uint8Array(0);
