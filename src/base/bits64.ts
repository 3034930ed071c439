// A 64-bit number as two 32-bit halves that changes in place: hashes on the request path, without BigInt and without allocation.
// Used by xx-hash64.ts and murmur-hash2.ts, and by whoever keeps or divides their results.

/** 64 bits. The halves are signed 32-bit integers (`x | 0`): only so V8 keeps them out of the heap. */
export class Bits64 {
  high: number;
  low: number;

  constructor(high: number = 0, low: number = 0) {
    this.high = high | 0;
    this.low = low | 0;
  }

  /** Becomes this number. */
  set(high: number, low: number): void {
    this.high = high | 0;
    this.low = low | 0;
  }

  /** Becomes another one's number. */
  copy(other: Bits64): void {
    this.high = other.high;
    this.low = other.low;
  }

  add(high: number, low: number): void {
    const sum = (this.low >>> 0) + (low >>> 0);
    this.low = sum | 0;
    this.high = (this.high + high + (sum > 0xffff_ffff ? 1 : 0)) | 0;
  }

  multiply(high: number, low: number): void {
    const a0 = this.low & 0xffff;
    const a1 = this.low >>> 16;
    const b0 = low & 0xffff;
    const b1 = low >>> 16;
    const middle = a1 * b0 + ((a0 * b0) >>> 16);
    const upper = a1 * b1 + (middle >>> 16) + ((a0 * b1 + (middle & 0xffff)) >>> 16);
    this.high = (upper + Math.imul(this.low, high) + Math.imul(this.high, low)) | 0;
    this.low = Math.imul(this.low, low);
  }

  xor(high: number, low: number): void {
    this.high ^= high;
    this.low ^= low;
  }

  /** Rotates to the left by 1 to 31 bits. */
  rotate(bits: number): void {
    const { high, low } = this;
    this.high = (high << bits) | (low >>> (32 - bits));
    this.low = (low << bits) | (high >>> (32 - bits));
  }

  /** Takes the exclusive or with itself shifted to the right by 1 to 63 bits. */
  mixDown(bits: number): void {
    const { high, low } = this;
    if (bits >= 32) this.low = low ^ (high >>> (bits - 32));
    else {
      this.low = low ^ ((low >>> bits) | (high << (32 - bits)));
      this.high = high ^ (high >>> bits);
    }
  }

  /** What is left after a division by a whole number from 1 to 2^32. */
  remainder(divisor: number): number {
    const { high, low } = this;
    let rest = (high >>> 0) % divisor;
    rest = (rest * 0x1_0000 + (low >>> 16)) % divisor;
    return (rest * 0x1_0000 + (low & 0xffff)) % divisor;
  }

  /** As 16 hex digits. */
  get hex(): string {
    return hexOf(this.high) + hexOf(this.low);
  }
}

function hexOf(half: number): string {
  return (half >>> 0).toString(16).padStart(8, "0");
}
