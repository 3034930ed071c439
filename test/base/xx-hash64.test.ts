// The hashes against published values and against second implementations in BigInt.
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { Bits64 } from "../../src/base/bits64.ts";
import { murmurHash2 } from "../../src/base/murmur-hash2.ts";
import { xxHash64 } from "../../src/base/xx-hash64.ts";

const MASK = (1n << 64n) - 1n;
const [P1, P2, P3, P4, P5] = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
];
const rotated = (value: bigint, bits: bigint): bigint => ((value << bits) | (value >> (64n - bits))) & MASK;
const round = (sum: bigint, lane: bigint): bigint => (rotated((sum + lane * P2) & MASK, 31n) * P1) & MASK;

function number(bytes: Buffer, at: number, length: number): bigint {
  let value = 0n;
  for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i] ?? 0);
  return value;
}

/** xxHash64 as its specification reads. */
function xxReference(bytes: Buffer, seed: bigint): bigint {
  let at = 0;
  let hash = (seed + P5) & MASK;
  if (bytes.length >= 32) {
    const sums = [seed + P1 + P2, seed + P2, seed, seed - P1].map((sum) => sum & MASK);
    for (; at + 32 <= bytes.length; at += 32) {
      for (const [i, sum] of sums.entries()) sums[i] = round(sum, number(bytes, at + 8 * i, 8));
    }
    hash = [1n, 7n, 12n, 18n].reduce((all, bits, i) => (all + rotated(sums[i] ?? 0n, bits)) & MASK, 0n);
    for (const sum of sums) hash = ((hash ^ round(0n, sum)) * P1 + P4) & MASK;
  }
  hash = (hash + BigInt(bytes.length)) & MASK;
  for (; at + 8 <= bytes.length; at += 8) {
    hash = (rotated(hash ^ round(0n, number(bytes, at, 8)), 27n) * P1 + P4) & MASK;
  }
  for (; at + 4 <= bytes.length; at += 4) {
    hash = (rotated(hash ^ ((number(bytes, at, 4) * P1) & MASK), 23n) * P2 + P3) & MASK;
  }
  for (; at < bytes.length; at++) hash = (rotated(hash ^ ((number(bytes, at, 1) * P5) & MASK), 11n) * P1) & MASK;
  hash = ((hash ^ (hash >> 33n)) * P2) & MASK;
  hash = ((hash ^ (hash >> 29n)) * P3) & MASK;
  return hash ^ (hash >> 32n);
}

/** libstdc++'s hash of bytes. */
function murmurReference(bytes: Buffer): bigint {
  const mul = 0xc6a4a7935bd1e995n;
  const mix = (value: bigint): bigint => value ^ (value >> 47n);
  let hash = 0xc70f6907n ^ ((BigInt(bytes.length) * mul) & MASK);
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    hash = ((hash ^ ((mix((number(bytes, at, 8) * mul) & MASK) * mul) & MASK)) * mul) & MASK;
  }
  if (at < bytes.length) hash = ((hash ^ number(bytes, at, bytes.length - at)) * mul) & MASK;
  return mix((mix(hash) * mul) & MASK);
}

function hex(text: string, seed: bigint): string {
  const hash = new Bits64(Number(seed >> 32n), Number(seed & 0xffff_ffffn));
  xxHash64(text, hash);
  return hash.hex;
}

const PUBLISHED: readonly (readonly [text: string, hash: string])[] = [
  ["", "ef46db3751d8e999"],
  ["a", "d24ec4f1a98c6e5b"],
  ["abc", "44bc2cf5ad770999"],
  ["Nobody inspects the spammish repetition", "fbcea83c8a378bf1"],
];

const bytesOfText = fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes));
const seeds = fc.bigInt({ min: 0n, max: MASK });

describe("64-bit hashes in halves", () => {
  for (const [text, hash] of PUBLISHED) {
    it(`gives the published xxHash64 of '${text}'`, () => assert.equal(hex(text, 0n), hash));
  }

  it("give xxHash64 of any bytes with any seed", () => {
    fc.assert(
      fc.property(bytesOfText, seeds, (bytes, seed) => {
        assert.equal(hex(bytes.toString("latin1"), seed), xxReference(bytes, seed).toString(16).padStart(16, "0"));
      }),
    );
  });

  it("give MurmurHash2 of any bytes", () => {
    fc.assert(
      fc.property(bytesOfText, (bytes) => {
        const hash = new Bits64();
        murmurHash2(bytes.toString("latin1"), hash);
        assert.equal(hash.hex, murmurReference(bytes).toString(16).padStart(16, "0"));
      }),
    );
  });

  it("leave the remainder that BigInt leaves", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 2 ** 32 }), (value, divisor) => {
        const bits = new Bits64(Number(value >> 32n), Number(value & 0xffff_ffffn));
        assert.equal(BigInt(bits.remainder(divisor)), value % BigInt(divisor));
      }),
    );
  });
});
