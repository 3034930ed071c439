// The start line of a request as pseudo fields: method, and the four forms of a target (RFC 9112 §3.2). Called once a head by the parser.

import type { ProtocolFault } from "../fault.ts";
import type { HeaderList } from "../header-list.ts";
import { H } from "../header-names.ts";
import { AUTHORITY, COLON, equalsIgnoringCase, SLASH, TOKEN_LOWER } from "./bytes.ts";
import { INVALID_AUTHORITY, INVALID_SCHEME, INVALID_URL, malformed } from "./faults.ts";

/** What framing has to know of a method. */
export const Method = { Other: 0, Head: 1, Connect: 2, Options: 3, Unknown: 4 } as const;
export type Method = (typeof Method)[keyof typeof Method];

/** Which method `bytes[start, end)` is; Unknown when Envoy does not know it either, and refuses it. Case matters. */
export function methodOf(bytes: Buffer, start: number, end: number): Method {
  if (end - start === 3 && bytes[start] === 0x47 && bytes[start + 1] === 0x45 && bytes[start + 2] === 0x54)
    return Method.Other;
  return METHODS.get(bytes.latin1Slice(start, end)) ?? Method.Unknown;
}

/**
 * Adds `:method`, `:scheme`, `:authority` and `:path` to an empty list whose arena holds the method and, from `start` to `end`, the target. In absolute form the
 * authority is set here, else `Host` sets it later; CONNECT has only `:method` and `:authority`. Answers the fault, null when all is well.
 */
export function placeTarget(
  list: HeaderList,
  method: Method,
  start: number,
  end: number,
  allowAbsoluteUrl: boolean,
): ProtocolFault | null {
  const arena = list.bytes;
  list.addAt(H.PSEUDO_METHOD, 0, 0, 0, start);
  if (method === Method.Connect) {
    list.addAt(H.PSEUDO_AUTHORITY, 0, 0, start, end);
    return hasPort(arena, start, end) ? null : INVALID_URL;
  }
  const first = arena[start] as number;
  if (first === SLASH || (method === Method.Options && first === ASTERISK && end - start === 1)) {
    list.addKnown(H.PSEUDO_SCHEME, HTTP, 0, 4);
    list.addAt(H.PSEUDO_AUTHORITY, 0, 0, 0, 0);
    list.addAt(H.PSEUDO_PATH, 0, 0, start, end);
    return null;
  }
  if (first === ASTERISK && end - start === 1) return INVALID_URL;
  return allowAbsoluteUrl ? placeAbsolute(list, start, end) : INVALID_URL;
}

/** Whether `bytes[start, end)` can be a host with an optional port; an empty one can (RFC 9112 §3.2). */
export function isAuthority(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (AUTHORITY[bytes[i] as number] === 0) return false;
  return true;
}

function placeAbsolute(list: HeaderList, start: number, end: number): ProtocolFault | null {
  const arena = list.bytes;
  let colon = start;
  while (colon < end && arena[colon] !== COLON && TOKEN_LOWER[arena[colon] as number] !== 0) colon++;
  if (colon + 2 >= end || arena[colon] !== COLON || arena[colon + 1] !== SLASH || arena[colon + 2] !== SLASH) {
    return malformed("RFC 9112 §3.2");
  }
  const secure = equalsIgnoringCase(arena, start, colon, HTTPS);
  if (!secure && !equalsIgnoringCase(arena, start, colon, HTTP)) return INVALID_SCHEME;
  const host = colon + 3;
  let path = host;
  while (path < end && arena[path] !== SLASH && arena[path] !== QUESTION && arena[path] !== HASH) path++;
  if (path === host || !isAuthority(arena, host, path)) return INVALID_AUTHORITY;
  list.addKnown(H.PSEUDO_SCHEME, secure ? HTTPS : HTTP, 0, secure ? 5 : 4);
  list.addAt(H.PSEUDO_AUTHORITY, 0, 0, host, path);
  if (arena[path] === SLASH && path < end) list.addAt(H.PSEUDO_PATH, 0, 0, path, end);
  else list.addText(H.PSEUDO_PATH, `/${arena.latin1Slice(path, end)}`);
  return null;
}

function hasPort(bytes: Uint8Array, start: number, end: number): boolean {
  let at = end;
  while (at > start && DIGIT_MIN <= (bytes[at - 1] as number) && (bytes[at - 1] as number) <= DIGIT_MAX) at--;
  return at < end && at - 1 > start && bytes[at - 1] === COLON && isAuthority(bytes, start, at - 1);
}

const DIGIT_MIN = 0x30;
const DIGIT_MAX = 0x39;
const ASTERISK = 0x2a;
const QUESTION = 0x3f;
const HASH = 0x23;
const HTTP = Buffer.from("http", "latin1");
const HTTPS = Buffer.from("https", "latin1");
const METHODS = new Map<string, Method>([
  ["HEAD", Method.Head],
  ["CONNECT", Method.Connect],
  ["OPTIONS", Method.Options],
]);
const OTHER_METHODS =
  "GET POST PUT DELETE PATCH TRACE ACL BIND CHECKOUT COPY LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MOVE MSEARCH " +
  "NOTIFY PROPFIND PROPPATCH PURGE QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE UNBIND UNLINK UNLOCK UNSUBSCRIBE";
for (const method of OTHER_METHODS.split(" ")) METHODS.set(method, Method.Other);
