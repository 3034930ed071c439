// 64-bit hashes as two unsigned halves, without bigint: ranks and digests of a hundred thousand targets. Every node must get the same
// numbers: what is here changes only with the wire version.

/** 64 bits. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

/** Of a text, over its UTF-16 units. */
export function hashText(text: string): Hash64 {
  let a = 0x243f6a88;
  let b = 0x85a308d3;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    b = Math.imul(b ^ unit, 0x5f356495);
  }
  const high = scramble(a ^ (b >>> 15));
  return { high, low: scramble(b ^ high) };
}

/** Of two hashes in this order. */
export function hashPair(first: Hash64, second: Hash64): Hash64 {
  const high = pairHigh(first, second);
  return { high, low: pairLow(first, second, high) };
}

/** The upper half of `hashPair`: enough to compare two unless they are equal. */
export function pairHigh(first: Hash64, second: Hash64): number {
  const start = scramble(first.high ^ second.low);
  return scramble(Math.imul(start ^ first.low, 0x85ebca6b) ^ second.high);
}

/** The lower half that belongs to this upper one. */
export function pairLow(first: Hash64, second: Hash64, high: number): number {
  return scramble(Math.imul(high ^ second.low, 0xc2b2ae35) ^ first.high ^ (second.high >>> 7));
}

/** Of 16 hex digits: the number they are. */
export function hashOfHex(hex: string): Hash64 {
  return { high: Number.parseInt(hex.slice(0, 8), 16) >>> 0, low: Number.parseInt(hex.slice(8, 16), 16) >>> 0 };
}

/** As 16 hex digits. */
export function hexOf({ high, low }: Hash64): string {
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}

/** Spreads 32 bits over 32 bits, one to one (the finalizer of MurmurHash3). */
export function scramble(bits: number): number {
  let x = bits;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
