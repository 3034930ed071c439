// Bytes that are put together within one call and copied out of it.

/** A growable buffer that is used again and again. */
export class Scratch {
  bytes: Buffer = Buffer.allocUnsafeSlow(256);
  length: number = 0;

  append(from: Uint8Array, start: number, end: number): void {
    const need = this.length + end - start;
    if (need > this.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(need * 2);
      this.bytes.copy(grown, 0, 0, this.length);
      this.bytes = grown;
    }
    for (let i = start, at = this.length; i < end; i++) this.bytes[at++] = from[i] as number;
    this.length = need;
  }
}
