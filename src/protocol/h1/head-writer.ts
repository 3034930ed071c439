// Writes the head of a request or response into a byte writer: start line, fields in list order without those of another hop, then
// what the codec adds. Names come from prepared bytes, values straight from the list's arena. Called by both connections.
import type { HeaderList } from "../header-list.ts";
import { H, KNOWN_NAME_BYTES, KNOWN_NAME_COUNT } from "../header-names.ts";
import type { ByteWriter } from "../message.ts";
import { statusLine } from "./status-lines.ts";

/** How a head is written; a connection has one and changes it from head to head. */
export interface HeadStyle {
  /** Words of field names begin with a capital letter. */
  properCase: boolean;
  /** Connection and Upgrade of the list are written: the message asks for or grants an upgrade. */
  upgrade: boolean;
  /** Content-Length of the list, which is written; -1: there is none, or it is not. */
  contentLength: number;
  /** Value of the Connection field that the codec adds; empty: none. */
  connection: "" | "close" | "keep-alive";
  /** Framing field that the list does not carry. */
  framing: "" | "content-length: 0" | "transfer-encoding: chunked";
}

/** Appends a response head of `HTTP/1.<minor>`. */
export function writeResponseHead(out: ByteWriter, list: HeaderList, minor: number, style: HeadStyle): void {
  const line = statusLine(minor, list.status);
  out.reserve(boundOf(list) + line.length);
  out.end = put(out.bytes, out.end, line, 0, line.length);
  writeFields(out, list, style);
}

/** A style that writes nothing but the fields. */
export function plainStyle(properCase: boolean): HeadStyle {
  return { properCase, upgrade: false, contentLength: -1, connection: "", framing: "" };
}

/** Appends a request head; the list has `:method`, and `:path` or (CONNECT) `:authority` as its target. */
export function writeRequestHead(out: ByteWriter, list: HeaderList, style: HeadStyle): void {
  out.reserve(boundOf(list));
  const bytes = out.bytes;
  const method = list.find(H.PSEUDO_METHOD);
  const path = list.find(H.PSEUDO_PATH);
  const target = path >= 0 ? path : list.find(H.PSEUDO_AUTHORITY);
  let at = put(bytes, out.end, list.bytes, list.valueStart(method), list.valueEnd(method));
  bytes[at++] = 0x20;
  at = put(bytes, at, list.bytes, list.valueStart(target), list.valueEnd(target));
  out.end = put(bytes, at, REQUEST_LINE_END, 0, REQUEST_LINE_END.length);
  writeFields(out, list, style);
}

/** Appends the trailer section of a chunked body, the empty line included. */
export function writeTrailerFields(out: ByteWriter, list: HeaderList, properCase: boolean): void {
  out.reserve(boundOf(list));
  writeFields(out, list, properCase ? TRAILERS_PROPER : TRAILERS_LOWER);
}

/** Copies `from[start, end)` to `bytes` at `at`; answers the position behind it. */
export function put(bytes: Uint8Array, at: number, from: Uint8Array, start: number, end: number): number {
  let to = at;
  if (end - start > LOOP_COPY_MAX) {
    bytes.set(from.subarray(start, end), at);
    return at + end - start;
  }
  for (let i = start; i < end; i++) bytes[to++] = from[i] as number;
  return to;
}

/** More bytes than a head of this list can take: every value and unknown name is in its arena, no known name is longer than 44. */
function boundOf(list: HeaderList): number {
  return list.used + list.count * FIELD_BYTES_MAX + EXTRA_BYTES_MAX;
}

function writeFields(out: ByteWriter, list: HeaderList, style: HeadStyle): void {
  const bytes = out.bytes;
  const arena = list.bytes;
  const prefixes = style.properCase ? PROPER_PREFIX : LOWER_PREFIX;
  let at = out.end;
  for (let i = 0, count = list.count; i < count; i++) {
    const id = list.idAt(i);
    if (id === 0) {
      at = putName(bytes, at, arena, list.nameStart(i), list.nameEnd(i), style.properCase);
    } else {
      if (PLAIN[id] === 0 && !isWritten(i, id, list, style)) continue;
      const prefix = prefixes[id] as Uint8Array;
      for (let k = 0; k < prefix.length; k++) bytes[at++] = prefix[k] as number;
    }
    at = put(bytes, at, arena, list.valueStart(i), list.valueEnd(i));
    bytes[at++] = 0x0d;
    bytes[at++] = 0x0a;
  }
  if (style.connection !== "") at = putLine(bytes, at, `connection: ${style.connection}`, style.properCase);
  if (style.framing !== "") at = putLine(bytes, at, style.framing, style.properCase);
  bytes[at++] = 0x0d;
  bytes[at++] = 0x0a;
  out.end = at;
}

function isWritten(i: number, id: number, list: HeaderList, style: HeadStyle): boolean {
  switch (id) {
    case H.PSEUDO_AUTHORITY:
      return list.find(id) === i;
    case H.HOST:
      return !list.has(H.PSEUDO_AUTHORITY) && list.find(id) === i;
    case H.CONNECTION:
    case H.UPGRADE:
      return style.upgrade;
    case H.CONTENT_LENGTH:
      return style.contentLength >= 0 && list.find(id) === i;
    default:
      return false;
  }
}

function putName(
  bytes: Uint8Array,
  start: number,
  from: Uint8Array,
  nameStart: number,
  nameEnd: number,
  proper: boolean,
): number {
  let at = start;
  for (let i = nameStart; i < nameEnd; i++) bytes[at++] = from[i] as number;
  if (proper) capitalise(bytes, start, at);
  bytes[at++] = 0x3a;
  bytes[at++] = 0x20;
  return at;
}

function putLine(bytes: Uint8Array, start: number, line: string, proper: boolean): number {
  let at = start;
  for (let i = 0; i < line.length; i++) bytes[at++] = line.charCodeAt(i);
  if (proper) capitalise(bytes, start, start + line.indexOf(":"));
  bytes[at++] = 0x0d;
  bytes[at++] = 0x0a;
  return at;
}

/** Envoy's proper_case_words: a letter is a capital after anything that is no letter. */
function capitalise(bytes: Uint8Array, start: number, end: number): void {
  let first = true;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    const letter = byte >= 0x61 && byte <= 0x7a;
    if (letter && first) bytes[i] = byte - 0x20;
    first = !letter;
  }
}

function prefixesOf(proper: boolean): Uint8Array[] {
  return KNOWN_NAME_BYTES.map((name, id) => {
    const text = id === H.PSEUDO_AUTHORITY ? "host" : Buffer.from(name).latin1Slice();
    const prefix = Buffer.from(`${text}: `, "latin1");
    if (proper) capitalise(prefix, 0, text.length);
    return prefix;
  });
}

const LOOP_COPY_MAX = 128;
const FIELD_BYTES_MAX = 48;
const EXTRA_BYTES_MAX = 512;
const REQUEST_LINE_END = Buffer.from(" HTTP/1.1\r\n", "latin1");
const LOWER_PREFIX = prefixesOf(false);
const PROPER_PREFIX = prefixesOf(true);
/** 1: written as it stands; 0: `isWritten` decides. */
const PLAIN = new Uint8Array(KNOWN_NAME_COUNT).fill(1);
for (let id = 1; id < KNOWN_NAME_COUNT; id++) if ((KNOWN_NAME_BYTES[id] as Uint8Array)[0] === 0x3a) PLAIN[id] = 0;
for (const id of [
  H.HOST,
  H.CONNECTION,
  H.KEEP_ALIVE,
  H.PROXY_CONNECTION,
  H.TRANSFER_ENCODING,
  H.UPGRADE,
  H.CONTENT_LENGTH,
]) {
  PLAIN[id] = 0;
}
const TRAILERS_LOWER = plainStyle(false);
const TRAILERS_PROPER = plainStyle(true);
