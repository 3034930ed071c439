// What is wrong with the bytes of one field (RFC 9113 §8.2.1). The HPACK decoder asks once per literal and keeps the answer with the
// table entry, so that a field that repeats is never looked at again.

/** Bits of a flaw; 0: none. */
export const Flaw = {
  /** Not a token, an upper-case letter, empty, or a pseudo-header that nobody knows. */
  Name: 1,
  /** A control byte, or white space at an end. */
  Value: 2,
  /** No fault of HTTP: the name has an underscore, which options may forbid. */
  Underscore: 4,
} as const;

/** Flaws of the name in `bytes[start, end)` that has no id. */
export function nameFlaws(bytes: Uint8Array, start: number, end: number): number {
  if (end === start) return Flaw.Name;
  let flaws = 0;
  for (let i = start; i < end; i++) flaws |= NAME_FLAWS[bytes[i] as number] as number;
  return flaws;
}

/** Flaws of the value in `bytes[start, end)`. */
export function valueFlaws(bytes: Uint8Array, start: number, end: number): number {
  if (end === start) return 0;
  let flaws = isBlank(bytes[start] as number) || isBlank(bytes[end - 1] as number) ? Flaw.Value : 0;
  for (let i = start; i < end; i++) flaws |= VALUE_FLAWS[bytes[i] as number] as number;
  return flaws;
}

/** Whether `bytes[start, end)` is a token (RFC 9110 §5.6.2), upper case allowed. */
export function isToken(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    const upper = byte >= 0x41 && byte <= 0x5a;
    if (!upper && NAME_FLAWS[byte] === Flaw.Name) return false;
  }
  return end > start;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09;
}

const NAME_FLAWS: Uint8Array = new Uint8Array(256).fill(Flaw.Name);
for (const char of "!#$%&'*+-.^`|~0123456789abcdefghijklmnopqrstuvwxyz") NAME_FLAWS[char.charCodeAt(0)] = 0;
NAME_FLAWS[0x5f] = Flaw.Underscore;

const VALUE_FLAWS: Uint8Array = new Uint8Array(256);
VALUE_FLAWS.fill(Flaw.Value, 0, 0x20);
VALUE_FLAWS[0x09] = 0;
VALUE_FLAWS[0x7f] = Flaw.Value;
