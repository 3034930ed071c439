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
export function putWord(view: DataView, at: number, word: number): number {
  view.setInt32(at, word);
  return at + 4;
}

/** A fixed64 of a whole number times `factor`, which is at most 1,000. */
export function putFixed64(view: DataView, at: number, value: number, factor: number): number {
  const upper = Math.floor(value / TWO_32);
  const low = (value - upper * TWO_32) * factor;
  const carry = Math.floor(low / TWO_32);
  const high = upper * factor + carry;
  view.setUint32(at, low - carry * TWO_32, true);
  view.setUint32(at + 4, high, true);
  return at + 8;
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

/**
 * Bytes that were made for this, eight at a time: what follows in `from` and in `to` up to the next eight is read and written over. A call
 * into the engine, `set`, costs twice as much below some sixty bytes.
 */
export function putPiece(view: DataView, at: number, { view: from, length }: Piece): number {
  for (let i = 0; i < length; i += 8) view.setBigInt64(at + i, from.getBigInt64(i, true), true);
  return at + length;
}

/** Short bytes that are written often. */
export interface Piece {
  /** With room for whole words. */
  readonly view: DataView;
  readonly length: number;
}

/** A copy of these bytes, to be put. */
export function pieceOf(bytes: Uint8Array): Piece {
  const padded = new Uint8Array(bytes.length + 8);
  padded.set(bytes);
  return { view: new DataView(padded.buffer), length: bytes.length };
}

/** What `putPiece` may write beyond the piece. */
export const PIECE_SPARE_BYTES = 8;

const TWO_32 = 0x1_0000_0000;
/** Beyond, a call into the engine is cheaper than a loop. */
const LOOP_MAX = 48;
