// Identity of a span between proxies: W3C Trace Context's traceparent, read and written.
import type { Random } from "../../base/random.ts";

/** What a request says of the span that it was sent from. */
export interface ParentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
}

/** Length of a traceparent of version 00. */
export const TRACEPARENT_BYTES = 55;

/** Null: it is none; as Envoy only the length of version 00 is taken. Ids of zeros are none (§3.2.2). */
export function readTraceparent(text: string): ParentSpan | null {
  if (text.length !== TRACEPARENT_BYTES) return null;
  const [, traceId = "", spanId = "", flags = ""] = TRACEPARENT.exec(text) ?? [];
  if (traceId === "" || traceId === NO_TRACE || spanId === NO_SPAN) return null;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Writes a traceparent into `to`, which has its length. `traceId`: of the parent; empty: a new one. The span is always a new one. */
export function writeTraceparent(to: Buffer, traceId: string, isSampled: boolean, random: Random): void {
  to[0] = ZERO;
  to[1] = ZERO;
  to[2] = DASH;
  if (traceId === "") for (let i = 0; i < 4; i++) writeWord(to, 3 + 8 * i, random.next32());
  else to.latin1Write(traceId, 3);
  to[35] = DASH;
  writeWord(to, 36, random.next32());
  writeWord(to, 44, (random.next32() | 1) >>> 0); // an id is not zero
  to[52] = DASH;
  to[53] = ZERO;
  to[54] = isSampled ? ZERO + 1 : ZERO;
}

/** The ids of a written traceparent. */
export function traceIdIn(written: Buffer): string {
  return written.latin1Slice(3, 35);
}

/** The span's. */
export function spanIdIn(written: Buffer): string {
  return written.latin1Slice(36, 52);
}

function writeWord(to: Uint8Array, at: number, word: number): void {
  to[at] = HEX[word >>> 28] as number;
  to[at + 1] = HEX[(word >>> 24) & 15] as number;
  to[at + 2] = HEX[(word >>> 20) & 15] as number;
  to[at + 3] = HEX[(word >>> 16) & 15] as number;
  to[at + 4] = HEX[(word >>> 12) & 15] as number;
  to[at + 5] = HEX[(word >>> 8) & 15] as number;
  to[at + 6] = HEX[(word >>> 4) & 15] as number;
  to[at + 7] = HEX[word & 15] as number;
}

const TRACEPARENT = /^[0-9a-fA-F]{2}-([0-9a-fA-F]{32})-([0-9a-fA-F]{16})-([0-9a-fA-F]{2})$/;
const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);
const ZERO = 0x30;
const DASH = 0x2d;
const HEX: Uint8Array = Buffer.from("0123456789abcdef", "latin1");
