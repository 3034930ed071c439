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
export function putHexWord(to: Uint8Array, at: number, word: number): void {
  to[at] = HEX[word >>> 28] as number;
  to[at + 1] = HEX[(word >>> 24) & 15] as number;
  to[at + 2] = HEX[(word >>> 20) & 15] as number;
  to[at + 3] = HEX[(word >>> 16) & 15] as number;
  to[at + 4] = HEX[(word >>> 12) & 15] as number;
  to[at + 5] = HEX[(word >>> 8) & 15] as number;
  to[at + 6] = HEX[(word >>> 4) & 15] as number;
  to[at + 7] = HEX[word & 15] as number;
}

/** Value of a hexadecimal digit by its byte, -1 for others. */
export const DIGITS: Int8Array = new Int8Array(256).map((_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) ? -1 : value;
});
const HEX: Uint8Array = Buffer.from("0123456789abcdef", "latin1");
