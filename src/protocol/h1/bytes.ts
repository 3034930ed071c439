// Character classes of HTTP/1 as 256-byte tables, and the few bytes the grammar names. Read by the parsers, once a byte.

/** Bytes the grammar names. */
export const LF: number = 0x0a;
export const CR: number = 0x0d;
export const SP: number = 0x20;
export const HTAB: number = 0x09;
export const COLON: number = 0x3a;
export const SEMICOLON: number = 0x3b;
export const SLASH: number = 0x2f;
export const DEL: number = 0x7f;

/** Lower case of each token byte, 0 for every other byte (RFC 9110 §5.6.2). */
export const TOKEN_LOWER: Uint8Array = new Uint8Array(256);

/** 1 for bytes of a field value: visible, space, tab and obs-text; no control byte (RFC 9110 §5.5). */
export const FIELD_VALUE: Uint8Array = new Uint8Array(256);

/** 1 for bytes of a request target: visible ASCII (RFC 9112 §3.2). */
export const TARGET: Uint8Array = new Uint8Array(256);

/** 1 for bytes of a host with port: unreserved, sub-delims, percent, colon and brackets; no user information (RFC 3986 §3.2.2). */
export const AUTHORITY: Uint8Array = new Uint8Array(256);

/** Value of a hexadecimal digit, -1 for every other byte. */
export const HEX_VALUE: Int8Array = new Int8Array(256).fill(-1);

for (const text of ["!#$%&'*+-.^_`|~", "0123456789", "abcdefghijklmnopqrstuvwxyz"]) {
  for (const char of text) TOKEN_LOWER[char.charCodeAt(0)] = char.charCodeAt(0);
}
for (let upper = 0x41; upper <= 0x5a; upper++) TOKEN_LOWER[upper] = upper + 0x20;
FIELD_VALUE[HTAB] = 1;
FIELD_VALUE.fill(1, 0x20, 0x7f);
FIELD_VALUE.fill(1, 0x80);
TARGET.fill(1, 0x21, 0x7f);
for (const char of "-._~!$&'()*+,;=%:[]") AUTHORITY[char.charCodeAt(0)] = 1;
for (let digit = 0x30; digit <= 0x39; digit++) AUTHORITY[digit] = 1;
for (let letter = 0x61; letter <= 0x7a; letter++)
  AUTHORITY.fill(1, letter, letter + 1).fill(1, letter - 0x20, letter - 0x1f);
for (let digit = 0; digit < 10; digit++) HEX_VALUE[0x30 + digit] = digit;
for (let digit = 10; digit < 16; digit++)
  HEX_VALUE.fill(digit, 0x57 + digit, 0x58 + digit).fill(digit, 0x37 + digit, 0x38 + digit);

/** Whether `bytes[start, end)` is this lower-case text in any case of letters. */
export function equalsIgnoringCase(bytes: Uint8Array, start: number, end: number, lower: Uint8Array): boolean {
  if (end - start !== lower.length) return false;
  for (let i = 0; i < lower.length; i++) {
    const byte = bytes[start + i] as number;
    if (byte !== lower[i] && TOKEN_LOWER[byte] !== lower[i]) return false;
  }
  return true;
}
