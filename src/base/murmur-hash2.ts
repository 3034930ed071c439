// MurmurHash2 (Appleby; the 64-bit form of libstdc++'s std::hash) of texts with one character per byte: the ring that Envoy makes with
// MURMUR_HASH_2. Called for the points of rings only.
import { Bits64 } from "./bits64.ts";

/** Puts the hash of a text into `into`, with the seed that Envoy uses. */
export function murmurHash2(text: string, into: Bits64): void {
  const { length } = text;
  const whole = length & ~7;
  part.set(0, length);
  part.multiply(MUL_HIGH, MUL_LOW);
  into.set(0, SEED);
  into.xor(part.high, part.low);
  for (let at = 0; at < whole; at += 8) {
    load(text, at, at + 8);
    part.multiply(MUL_HIGH, MUL_LOW);
    part.mixDown(SHIFT);
    part.multiply(MUL_HIGH, MUL_LOW);
    into.xor(part.high, part.low);
    into.multiply(MUL_HIGH, MUL_LOW);
  }
  if (whole < length) {
    load(text, whole, length);
    into.xor(part.high, part.low);
    into.multiply(MUL_HIGH, MUL_LOW);
  }
  into.mixDown(SHIFT);
  into.multiply(MUL_HIGH, MUL_LOW);
  into.mixDown(SHIFT);
}

/** Up to eight bytes as a number, the first one lowest. */
function load(text: string, from: number, to: number): void {
  let high = 0;
  let low = 0;
  for (let at = to - 1; at >= from; at--) {
    high = (high << 8) | (low >>> 24);
    low = (low << 8) | (text.charCodeAt(at) & 0xff);
  }
  part.set(high, low);
}

const SEED = 0xc70f6907;
const SHIFT = 47;
const MUL_HIGH = 0xc6a4a793 | 0;
const MUL_LOW = 0x5bd1e995;
const part = new Bits64();
