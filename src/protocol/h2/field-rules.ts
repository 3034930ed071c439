// Which fields mean something to the codec, and what a request's pseudo-headers must be (RFC 9113 §8.2.2, §8.3.1, §8.5; RFC 8441 §4).
import type { HeaderList } from "../header-list.ts";
import { H, KNOWN_NAME_COUNT } from "../header-names.ts";
import { isToken } from "./field-flaws.ts";

/** What the builder does with a field. Pseudo-headers come first and double as bit numbers of `Pseudo`. */
export const FieldClass = {
  Plain: 0,
  Method: 1,
  Scheme: 2,
  Authority: 3,
  Path: 4,
  Protocol: 5,
  Status: 6,
  PseudoEnd: 7,
  Forbidden: 8,
  Te: 9,
  ContentLength: 10,
  Cookie: 11,
  Host: 12,
} as const;

/** Bits of the pseudo-headers that a block has: 1 << `FieldClass`. */
export const Pseudo = {
  Method: 0b10,
  Scheme: 0b100,
  Authority: 0b1000,
  Path: 0b10000,
  Protocol: 0b100000,
  Status: 0b1000000,
  /** All that a request may have. */
  Request: 0b111110,
} as const;

/** `FieldClass` by name id. */
export const FIELD_CLASS: Uint8Array = new Uint8Array(KNOWN_NAME_COUNT);
FIELD_CLASS[H.PSEUDO_METHOD] = FieldClass.Method;
FIELD_CLASS[H.PSEUDO_SCHEME] = FieldClass.Scheme;
FIELD_CLASS[H.PSEUDO_AUTHORITY] = FieldClass.Authority;
FIELD_CLASS[H.PSEUDO_PATH] = FieldClass.Path;
FIELD_CLASS[H.PSEUDO_PROTOCOL] = FieldClass.Protocol;
FIELD_CLASS[H.PSEUDO_STATUS] = FieldClass.Status;
for (const id of [H.CONNECTION, H.KEEP_ALIVE, H.PROXY_CONNECTION, H.TRANSFER_ENCODING, H.UPGRADE]) {
  FIELD_CLASS[id] = FieldClass.Forbidden;
}
FIELD_CLASS[H.TE] = FieldClass.Te;
FIELD_CLASS[H.CONTENT_LENGTH] = FieldClass.ContentLength;
FIELD_CLASS[H.COOKIE] = FieldClass.Cookie;
FIELD_CLASS[H.HOST] = FieldClass.Host;

/** Section that a request's pseudo-headers break, empty when none; `pseudo` has the bits of those that came. */
export function requestFlaw(list: HeaderList, pseudo: number, allowConnect: boolean): string {
  if ((pseudo & Pseudo.Method) === 0) return "§8.3.1";
  const method = list.find(H.PSEUDO_METHOD);
  if (!isToken(list.bytes, list.valueStart(method), list.valueEnd(method))) return "§8.3.1";
  if ((pseudo & Pseudo.Authority) !== 0 && !isAuthority(list)) return "§8.3.1";
  const connect = isConnect(list);
  if ((pseudo & Pseudo.Protocol) !== 0) {
    if (!connect || !allowConnect || (pseudo & Pseudo.Authority) === 0) return "§8.3";
  } else if (connect) {
    return (pseudo & (Pseudo.Scheme | Pseudo.Path | Pseudo.Authority)) === Pseudo.Authority ? "" : "§8.5";
  }
  if ((pseudo & Pseudo.Scheme) === 0 || (pseudo & Pseudo.Path) === 0) return "§8.3.1";
  const scheme = list.find(H.PSEUDO_SCHEME);
  if (!isToken(list.bytes, list.valueStart(scheme), list.valueEnd(scheme))) return "§8.3.1";
  return isPath(list) ? "" : "§8.3.1";
}

/** Whether the method is CONNECT. */
export function isConnect(list: HeaderList): boolean {
  const at = list.find(H.PSEUDO_METHOD);
  return at >= 0 && list.valueIs(at, CONNECT);
}

/** Value of a content-length, -1 when it is not 1 to 16 digits. */
export function parseContentLength(bytes: Uint8Array, start: number, end: number): number {
  if (end === start || end - start > 16) return -1;
  let length = 0;
  for (let i = start; i < end; i++) {
    const digit = (bytes[i] as number) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length;
}

/** Response code of three digits from 100, 0 when it is none. */
export function statusOf(bytes: Uint8Array, start: number, end: number): number {
  if (end - start !== 3) return 0;
  const status = parseContentLength(bytes, start, end);
  return status >= 100 ? status : 0;
}

/** Whether two texts are equal but for the case of letters. */
export function sameText(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): boolean {
  if (aEnd - aStart !== bEnd - bStart) return false;
  for (let i = aStart, k = bStart; i < aEnd; i++, k++)
    if (lower(a[i] as number) !== lower(b[k] as number)) return false;
  return true;
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

/** Without the bytes that would end it where it is written into HTTP/1 or a URL. An empty one is the business of whoever needs a host. */
function isAuthority(list: HeaderList): boolean {
  const at = list.find(H.PSEUDO_AUTHORITY);
  const end = list.valueEnd(at);
  for (let i = list.valueStart(at); i < end; i++) if (AUTHORITY_BAD[list.bytes[i] as number] === 1) return false;
  return true;
}

/** Starts with a slash or is the asterisk of OPTIONS; no space, which would end it in a request line. */
function isPath(list: HeaderList): boolean {
  const at = list.find(H.PSEUDO_PATH);
  const start = list.valueStart(at);
  const end = list.valueEnd(at);
  const bytes = list.bytes;
  if (bytes[start] === ASTERISK && end - start === 1) return list.valueIs(list.find(H.PSEUDO_METHOD), OPTIONS);
  if (end === start || bytes[start] !== SLASH) return false;
  for (let i = start; i < end; i++) if ((bytes[i] as number) <= 0x20) return false;
  return true;
}

const ASTERISK = 0x2a;
const SLASH = 0x2f;
const CONNECT: Uint8Array = Buffer.from("CONNECT", "latin1");
const OPTIONS: Uint8Array = Buffer.from("OPTIONS", "latin1");
const AUTHORITY_BAD: Uint8Array = new Uint8Array(256);
AUTHORITY_BAD.fill(1, 0, 0x21);
AUTHORITY_BAD.fill(1, 0x7f);
for (const char of '"#,/<>?\\^`{|}') AUTHORITY_BAD[char.charCodeAt(0)] = 1;
