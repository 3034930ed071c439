// xxHash64 (Collet) of texts with one character per byte, as codecs give them: what Envoy hashes requests and endpoints with, so that both
// choose alike. Called once for each hashed field of a request, and for the points of rings and tables.
import { Bits64 } from "./bits64.ts";

/** Puts the hash of a text into `into`, whose number before the call is the seed. */
export function xxHash64(text: string, into: Bits64): void {
  const { length } = text;
  let at = 0;
  if (length >= STRIPE) at = hashStripes(text, into);
  else into.add(P5_HIGH, P5_LOW);
  into.add(0, length);
  for (; at + 8 <= length; at += 8) {
    lane.set(word(text, at + 4), word(text, at));
    round(0, 0);
    into.xor(lane.high, lane.low);
    into.rotate(27);
    into.multiply(P1_HIGH, P1_LOW);
    into.add(P4_HIGH, P4_LOW);
  }
  if (at + 4 <= length) {
    lane.set(0, word(text, at));
    lane.multiply(P1_HIGH, P1_LOW);
    into.xor(lane.high, lane.low);
    into.rotate(23);
    into.multiply(P2_HIGH, P2_LOW);
    into.add(P3_HIGH, P3_LOW);
    at += 4;
  }
  for (; at < length; at++) {
    lane.set(0, text.charCodeAt(at) & 0xff);
    lane.multiply(P5_HIGH, P5_LOW);
    into.xor(lane.high, lane.low);
    into.rotate(11);
    into.multiply(P1_HIGH, P1_LOW);
  }
  into.mixDown(33);
  into.multiply(P2_HIGH, P2_LOW);
  into.mixDown(29);
  into.multiply(P3_HIGH, P3_LOW);
  into.mixDown(32);
}

/** All whole stripes of 32 bytes; answers where the rest begins. */
function hashStripes(text: string, into: Bits64): number {
  for (const sum of sums) sum.copy(into);
  sum1.add(P1_HIGH, P1_LOW);
  sum1.add(P2_HIGH, P2_LOW);
  sum2.add(P2_HIGH, P2_LOW);
  sum4.add(~P1_HIGH, ~P1_LOW); // minus P1
  sum4.add(0, 1);
  let at = 0;
  for (; at + STRIPE <= text.length; at += STRIPE) {
    for (let i = 0; i < 4; i++) {
      const sum = sums[i] as Bits64;
      lane.set(word(text, at + 8 * i + 4), word(text, at + 8 * i));
      round(sum.high, sum.low);
      sum.copy(lane);
    }
  }
  into.set(0, 0);
  for (let i = 0; i < 4; i++) {
    lane.copy(sums[i] as Bits64);
    lane.rotate(ROTATIONS[i] as number);
    into.add(lane.high, lane.low);
  }
  for (let i = 0; i < 4; i++) {
    lane.copy(sums[i] as Bits64);
    round(0, 0);
    into.xor(lane.high, lane.low);
    into.multiply(P1_HIGH, P1_LOW);
    into.add(P4_HIGH, P4_LOW);
  }
  return at;
}

/** Makes `lane` the next sum of a sum and itself. */
function round(high: number, low: number): void {
  lane.multiply(P2_HIGH, P2_LOW);
  lane.add(high, low);
  lane.rotate(31);
  lane.multiply(P1_HIGH, P1_LOW);
}

/** Four bytes, the first one lowest. */
function word(text: string, at: number): number {
  return (
    (text.charCodeAt(at) & 0xff) |
    ((text.charCodeAt(at + 1) & 0xff) << 8) |
    ((text.charCodeAt(at + 2) & 0xff) << 16) |
    (text.charCodeAt(at + 3) << 24)
  );
}

const STRIPE = 32;
const ROTATIONS: readonly number[] = [1, 7, 12, 18];
const P1_HIGH = 0x9e3779b1 | 0;
const P1_LOW = 0x85ebca87 | 0;
const P2_HIGH = 0xc2b2ae3d | 0;
const P2_LOW = 0x27d4eb4f;
const P3_HIGH = 0x165667b1;
const P3_LOW = 0x9e3779f9 | 0;
const P4_HIGH = 0x85ebca77 | 0;
const P4_LOW = 0xc2b2ae63 | 0;
const P5_HIGH = 0x27d4eb2f;
const P5_LOW = 0x165667c5;

const lane = new Bits64();
const sum1 = new Bits64();
const sum2 = new Bits64();
const sum3 = new Bits64();
const sum4 = new Bits64();
const sums: readonly Bits64[] = [sum1, sum2, sum3, sum4];
