// Node has these on Buffer.prototype; its types leave them out.
interface Buffer {
  /** Text of bytes `[start, end)`, one byte a character. */
  latin1Slice(start?: number, end?: number): string;
  /** Writes one byte a character at `offset`; answers the number written. */
  latin1Write(text: string, offset?: number, length?: number): number;
}
