// Protobuf's wire format, as far as spans need it, straight into a buffer. Each function answers where the next byte goes; whoever calls has
// reserved the room.

/** A length below 256 MiB that is written when it is known: always four bytes, which every reader of protobuf takes. */
export const LATE_LENGTH_BYTES = 4;

/** A number that is not negative. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let next = at;
  for (; rest >= 0x8000_0000; rest = Math.floor(rest / 128)) bytes[next++] = (rest % 128) | 128;
  for (; rest > 127; rest >>>= 7) bytes[next++] = (rest & 127) | 128;
  bytes[next++] = rest;
  return next;
}

/** How long `putVarint` makes a number below 2^28. */
export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return value < 0x20_0000 ? 3 : 4;
}

/** The length of a message that began behind `at + LATE_LENGTH_BYTES` and ends at `end`. */
export function putLateLength(bytes: Uint8Array, at: number, end: number): void {
  const length = end - at - LATE_LENGTH_BYTES;
  bytes[at] = (length & 127) | 128;
  bytes[at + 1] = ((length >>> 7) & 127) | 128;
  bytes[at + 2] = ((length >>> 14) & 127) | 128;
  bytes[at + 3] = (length >>> 21) & 127;
}

/** Four bytes, the highest first. */
export function putWord(bytes: Uint8Array, at: number, word: number): number {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
  return at + 4;
}

/** A fixed64 of a whole number times `factor`, which is at most 1,000. */
export function putFixed64(bytes: Uint8Array, at: number, value: number, factor: number): number {
  const upper = Math.floor(value / TWO_32);
  const low = (value - upper * TWO_32) * factor;
  const carry = Math.floor(low / TWO_32);
  const high = upper * factor + carry;
  const next = putLittle(bytes, at, low - carry * TWO_32);
  return putLittle(bytes, next, high);
}

/** Bytes of a text in UTF-8. */
export function utf8Bytes(text: string): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return Buffer.byteLength(text, "utf8");
  return text.length;
}

/** A text of so many bytes in UTF-8. */
export function putText(bytes: Buffer, at: number, text: string, length: number): number {
  if (length !== text.length) bytes.write(text, at, "utf8");
  else if (length > LOOP_MAX) bytes.latin1Write(text, at);
  else for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + length;
}

function putLittle(bytes: Uint8Array, at: number, word: number): number {
  bytes[at] = word;
  bytes[at + 1] = word >>> 8;
  bytes[at + 2] = word >>> 16;
  bytes[at + 3] = word >>> 24;
  return at + 4;
}

const TWO_32 = 0x1_0000_0000;
/** Beyond, a call into the engine is cheaper than a loop. */
const LOOP_MAX = 48;
