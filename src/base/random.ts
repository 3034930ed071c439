// The only door to chance: a small fast generator that a test can seed.

/** A source of random numbers; not for secrets. */
export interface Random {
  /** An unsigned 32-bit integer. */
  next32(): number;
  /** An integer in [0, bound); bound is 1 to 2^32. */
  below(bound: number): number;
}

/** xoshiro128** (Blackman and Vigna, 2018): the same seed gives the same numbers. */
export class SeededRandom implements Random {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  constructor(seed: number) {
    // splitmix32 spreads the seed over the state, which must not be all zero.
    let s = seed >>> 0;
    const mix = (): number => {
      s = (s + 0x9e3779b9) >>> 0;
      let z = s;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return (z ^ (z >>> 15)) >>> 0;
    };
    this.a = mix();
    this.b = mix();
    this.c = mix();
    this.d = mix() | 1;
  }

  next32(): number {
    const product = Math.imul(this.b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const t = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= t;
    this.d = (this.d << 11) | (this.d >>> 21);
    return result;
  }

  below(bound: number): number {
    return Math.floor((this.next32() / 0x1_0000_0000) * bound);
  }
}

/** A generator seeded by the machine. */
export function systemRandom(): Random {
  return new SeededRandom(Math.floor(Math.random() * 0x1_0000_0000));
}
