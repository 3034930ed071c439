// HPACK's Huffman code (RFC 7541 §5.2, appendix B), both ways. Called by the HPACK decoder and encoder; keeps nothing between calls.

/** Most bytes that `bytes` Huffman-coded bytes can become: the shortest code has five bits. */
export function huffmanDecodedMax(bytes: number): number {
  return Math.ceil((bytes * 8) / 5);
}

/**
 * Decodes `from[start, end)` to `to` at `at`, which has room for `huffmanDecodedMax`. Answers the end in `to`, or -1 when the code is
 * wrong: the end-of-string symbol, padding of eight bits or more, or padding that is not all ones.
 */
export function huffmanDecode(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): number {
  let bits = 0;
  let held = 0;
  let next = start;
  let out = at;
  for (;;) {
    while (held <= 22 && next < end) {
      bits = (bits << 8) | (from[next++] as number);
      held += 8;
    }
    if (held < FAST_BITS) break;
    const hit = FAST[(bits >>> (held - FAST_BITS)) & FAST_MASK] as number;
    if (hit !== 0) {
      to[out++] = hit >> 4;
      held -= hit & 15;
      continue;
    }
    const position = next * 8 - held;
    const long = longSymbolAt(from, position, end);
    if (long < 0) return -1;
    to[out++] = long & 0xff;
    const after = position + (long >> 8);
    next = (after + 7) >> 3;
    held = next * 8 - after;
    bits = held === 0 ? 0 : (from[next - 1] as number);
  }
  // Fewer bits than the table's width are left: fill up with ones, which no symbol that fits can be mistaken for.
  while (held > 0) {
    const filled = ((bits << (FAST_BITS - held)) | (FAST_MASK >> held)) & FAST_MASK;
    const hit = FAST[filled] as number;
    if (hit === 0 || (hit & 15) > held) return held < 8 && filled === FAST_MASK ? out : -1;
    to[out++] = hit >> 4;
    held -= hit & 15;
  }
  return out;
}

/** Number of bytes that `from[start, end)` takes when coded. */
export function huffmanLength(from: Uint8Array, start: number, end: number): number {
  let bits = 0;
  for (let i = start; i < end; i++) bits += LENGTHS[from[i] as number] as number;
  return (bits + 7) >> 3;
}

/** Codes `from[start, end)` to `to` at `at`, which has room for `huffmanLength`. Answers the end in `to`. */
export function huffmanEncode(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): number {
  let bits = 0;
  let held = 0;
  let out = at;
  for (let i = start; i < end; i++) {
    const symbol = from[i] as number;
    let length = LENGTHS[symbol] as number;
    let code = CODES[symbol] as number;
    if (length > 16) {
      // Up to seven bits wait and a code may have thirty: give its upper part first, so that 32 bits are always enough.
      length -= 16;
      bits = (bits << length) | (code >>> 16);
      held += length;
      while (held >= 8) {
        held -= 8;
        to[out++] = bits >>> held;
      }
      code &= 0xffff;
      length = 16;
    }
    bits = (bits << length) | code;
    held += length;
    while (held >= 8) {
      held -= 8;
      to[out++] = bits >>> held;
    }
  }
  if (held > 0) to[out++] = (bits << (8 - held)) | (0xff >> held);
  return out;
}

/** A symbol of more than `FAST_BITS` bits at bit `position`: length << 8 | symbol, or -1 when there is none. */
function longSymbolAt(from: Uint8Array, position: number, end: number): number {
  let code = 0;
  for (let length = 1; length <= LONGEST; length++) {
    const at = position + length - 1;
    const byte = at >> 3;
    if (byte >= end) return -1;
    code = (code << 1) | (((from[byte] as number) >> (7 - (at & 7))) & 1);
    const offset = code - (FIRST_CODE[length] as number);
    if (length > FAST_BITS && offset >= 0 && offset < (COUNT_OF_LENGTH[length] as number)) {
      const symbol = BY_CODE[(FIRST_INDEX[length] as number) + offset] as number;
      return symbol === END_OF_STRING ? -1 : (length << 8) | symbol;
    }
  }
  return -1;
}

const LONGEST = 30;
const END_OF_STRING = 256;
const FAST_BITS = 10;
const FAST_MASK = (1 << FAST_BITS) - 1;

// Code lengths by symbol. The code is canonical (ordered by length, then symbol), so the lengths are the whole of appendix B.
const LENGTHS: Uint8Array = Uint8Array.of(
  ...[13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28],
  ...[28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15],
  ...[6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6],
  ...[15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20],
  ...[20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23],
  ...[24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22],
  ...[22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27],
  ...[24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26],
  ...[26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30],
);
const CODES: Uint32Array = new Uint32Array(LENGTHS.length);
const COUNT_OF_LENGTH: Uint16Array = new Uint16Array(LONGEST + 1);
const FIRST_CODE: Uint32Array = new Uint32Array(LONGEST + 1);
const FIRST_INDEX: Uint16Array = new Uint16Array(LONGEST + 1);
const BY_CODE: Uint16Array = new Uint16Array(LENGTHS.length);
/** Symbol << 4 | length by the next ten bits; 0: the code is longer. */
const FAST: Uint16Array = new Uint16Array(1 << FAST_BITS);

buildTables();

function buildTables(): void {
  for (const length of LENGTHS) COUNT_OF_LENGTH[length] = (COUNT_OF_LENGTH[length] as number) + 1;
  let code = 0;
  let index = 0;
  for (let length = 1; length <= LONGEST; length++) {
    code <<= 1;
    FIRST_CODE[length] = code;
    FIRST_INDEX[length] = index;
    for (let symbol = 0; symbol < LENGTHS.length; symbol++) {
      if (LENGTHS[symbol] !== length) continue;
      CODES[symbol] = code;
      BY_CODE[index++] = symbol;
      if (length <= FAST_BITS) {
        const shift = FAST_BITS - length;
        FAST.fill((symbol << 4) | length, code << shift, (code + 1) << shift);
      }
      code++;
    }
  }
}
