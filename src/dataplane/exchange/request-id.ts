// x-request-id: random UUIDs of version 4 as Envoy's generator makes them. Not secrets: they name requests in logs.
import type { Random } from "../../base/random.ts";

/** Length of a UUID text. */
export const REQUEST_ID_BYTES = 36;

/** Writes one UUID (RFC 9562 §5.4) into `to` at 0: `to` has `REQUEST_ID_BYTES`. */
export function writeRequestId(to: Uint8Array, random: Random): void {
  const a = random.next32();
  const b = random.next32();
  const c = random.next32();
  const d = random.next32();
  writeHex(to, 0, a >>> 16);
  writeHex(to, 4, a & 0xffff);
  to[8] = DASH;
  writeHex(to, 9, b >>> 16);
  to[13] = DASH;
  writeHex(to, 14, (b & 0x0fff) | 0x4000);
  to[18] = DASH;
  writeHex(to, 19, ((c >>> 16) & 0x3fff) | 0x8000);
  to[23] = DASH;
  writeHex(to, 24, c & 0xffff);
  writeHex(to, 28, d >>> 16);
  writeHex(to, 32, d & 0xffff);
}

/** One as a text. */
export function uniqueId(random: Random): string {
  const bytes = Buffer.alloc(REQUEST_ID_BYTES);
  writeRequestId(bytes, random);
  return bytes.latin1Slice();
}

function writeHex(to: Uint8Array, at: number, word: number): void {
  to[at] = HEX[word >>> 12] as number;
  to[at + 1] = HEX[(word >>> 8) & 15] as number;
  to[at + 2] = HEX[(word >>> 4) & 15] as number;
  to[at + 3] = HEX[word & 15] as number;
}

const DASH = 0x2d;
const HEX: Uint8Array = Buffer.from("0123456789abcdef", "latin1");
