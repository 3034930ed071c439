// Texts as the wire has them, one character per byte (latin1), and as Unicode. Codecs give and take the former; configuration and logs are
// the latter. ASCII is both.

/** Unicode as latin1 of its UTF-8 bytes: what header names, values and paths are compared with. */
export function wireText(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** What a text of one character per byte says as UTF-8; itself, where it is none. */
export function unicodeOf(text: string): string {
  if (isAscii(text) || BEYOND_BYTE.test(text)) return text;
  const read = Buffer.from(text, "latin1").toString("utf8");
  return wireText(read) === text ? read : text;
}

/** Whether every character is one byte of UTF-8. */
export function isAscii(text: string): boolean {
  return ASCII.test(text);
}

const ASCII = /^[\0-\x7f]*$/;
const BEYOND_BYTE = /[^\0-\xff]/;
