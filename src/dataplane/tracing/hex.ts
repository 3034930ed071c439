// Hexadecimal digits of ids in heads, read and written in words of 32 bits.

/** The number of eight digits; -1 when they are none. */
export function hexWord(bytes: Uint8Array, start: number): number {
  let word = 0;
  for (let i = start; i < start + 8; i++) {
    const digit = DIGITS[bytes[i] as number] as number;
    if (digit < 0) return -1;
    word = word * 16 + digit;
  }
  return word;
}

/** Writes eight digits. */
export function putHexWord(to: DataView, at: number, word: number): void {
  to.setUint16(at, PAIRS[word >>> 24] as number);
  to.setUint16(at + 2, PAIRS[(word >>> 16) & 255] as number);
  to.setUint16(at + 4, PAIRS[(word >>> 8) & 255] as number);
  to.setUint16(at + 6, PAIRS[word & 255] as number);
}

/** Value of a hexadecimal digit by its byte, -1 for others. */
export const DIGITS: Int8Array = new Int8Array(256).map((_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) ? -1 : value;
});
/** Two digits by the byte that they write, the first one above. */
const PAIRS: Uint16Array = new Uint16Array(256).map((_, byte) =>
  Buffer.from(byte.toString(16).padStart(2, "0"), "latin1").readUInt16BE(),
);
