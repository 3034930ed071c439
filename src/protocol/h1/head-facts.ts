// What the fields of one head say about framing and about the connection, collected while they are parsed; decides which fields the
// proxy sees. The rules against request smuggling stand here. Driven by head-parser, read by both connections.

import type { ProtocolFault } from "../fault.ts";
import type { HeaderList } from "../header-list.ts";
import { H, KNOWN_NAME_COUNT } from "../header-names.ts";
import { equalsIgnoringCase, HTAB, SP } from "./bytes.ts";
import * as Faults from "./faults.ts";
import { CONTENT_LENGTH_DIGITS_MAX, NOMINATED_FIELDS_MAX } from "./limits.ts";
import { isAuthority, Method } from "./request-target.ts";

/** Whose head it is. */
export type HeadRole = "request" | "response" | "trailers";

/** Framing facts of one head; `reset` before each. */
export class HeadFacts {
  readonly role: HeadRole;
  /** Minor version of HTTP/1. */
  minor: number = 1;
  method: Method = Method.Other;
  /** Content-Length, -1 when there is none. */
  contentLength: number = -1;
  /** The body is chunked. */
  chunked: boolean = false;
  /** `connection: close` and `keep-alive`. */
  close: boolean = false;
  keepAlive: boolean = false;
  /** The message asks for (request) or grants (response) an upgrade, and the fields are kept in the list. */
  upgrade: boolean = false;
  /** `:authority` came with the target, so Host does not set it (RFC 9112 §3.2.2). */
  authorityInTarget: boolean = false;
  private hosts = 0;
  private codings = 0;
  private upgradeToken = false;
  private upgradeField = false;
  /** Connection names fields that are to be removed. */
  private nominates = false;
  /** Connection fields in the list. */
  private connections = 0;

  constructor(role: HeadRole) {
    this.role = role;
  }

  reset(): void {
    this.minor = 1;
    this.method = Method.Other;
    this.contentLength = -1;
    this.chunked = false;
    this.close = false;
    this.keepAlive = false;
    this.upgrade = false;
    this.authorityInTarget = false;
    this.hosts = 0;
    this.codings = 0;
    this.upgradeToken = false;
    this.upgradeField = false;
    this.nominates = false;
    this.connections = 0;
  }

  /** Takes a field whose name is known and whose value is in the list's arena: adds it to the list, or notes it, or refuses it. */
  take(list: HeaderList, id: number, start: number, end: number): ProtocolFault | null {
    if (this.role === "trailers") {
      if (NOT_IN_TRAILERS[id] === 0) list.addAt(id, 0, 0, start, end);
      return null;
    }
    if (SPECIAL[id] === 0) {
      list.addAt(id, 0, 0, start, end);
      return null;
    }
    switch (id) {
      case H.HOST:
        return this.takeHost(list, start, end);
      case H.CONTENT_LENGTH:
        return this.takeLength(list, start, end);
      case H.TRANSFER_ENCODING:
        this.codings++;
        this.chunked = equalsIgnoringCase(list.bytes, start, end, CHUNKED);
        return null;
      case H.CONNECTION:
        this.takeConnection(list, start, end);
        return null;
      case H.UPGRADE:
        this.upgradeField = true;
        list.addAt(id, 0, 0, start, end);
        return null;
      case H.TE:
        this.takeTe(list, start, end);
        return null;
      default:
        return null;
    }
  }

  /** Judges the head as a whole, and removes what is not for the next hop. */
  finish(list: HeaderList, defaultHost: string): ProtocolFault | null {
    if (this.role === "trailers") return null;
    const wrong = this.framingFault() ?? (this.role === "request" ? this.hostFault(list, defaultHost) : null);
    if (wrong !== null) return wrong;
    const refused = this.nominates ? this.removeNominated(list) : null;
    if (this.connections > 0 || this.upgradeField) this.settleUpgrade(list);
    return refused;
  }

  private framingFault(): ProtocolFault | null {
    if (this.codings !== 0) {
      if (this.contentLength >= 0) return Faults.LENGTH_AND_CHUNKED;
      if (this.codings > 1 || !this.chunked || this.method === Method.Connect) return Faults.BAD_TRANSFER_ENCODING;
      if (this.minor === 0) return Faults.malformed("RFC 9112 §6.1");
    }
    return this.method === Method.Connect && this.contentLength > 0 ? Faults.CONNECT_WITH_LENGTH : null;
  }

  private hostFault(list: HeaderList, defaultHost: string): ProtocolFault | null {
    if (this.hosts > 0) return null;
    if (this.minor !== 0) return Faults.MISSING_HOST;
    if (this.authorityInTarget) return null;
    if (defaultHost === "") return Faults.MISSING_HOST;
    list.setText(H.PSEUDO_AUTHORITY, defaultHost);
    return null;
  }

  private takeHost(list: HeaderList, start: number, end: number): ProtocolFault | null {
    if (this.role === "response") return null;
    if (++this.hosts > 1) return Faults.malformed("RFC 9112 §3.2");
    if (!isAuthority(list.bytes, start, end)) return Faults.INVALID_AUTHORITY;
    if (!this.authorityInTarget) list.placeValueAt(AUTHORITY_INDEX, start, end);
    return null;
  }

  private takeLength(list: HeaderList, start: number, end: number): ProtocolFault | null {
    const arena = list.bytes;
    const digits = end - start;
    let length = 0;
    if (this.contentLength >= 0 || digits === 0 || digits > CONTENT_LENGTH_DIGITS_MAX) return BAD_LENGTH;
    for (let i = start; i < end; i++) {
      const digit = (arena[i] as number) - 0x30;
      if (digit < 0 || digit > 9) return BAD_LENGTH;
      length = length * 10 + digit;
    }
    if (length > Number.MAX_SAFE_INTEGER) return BAD_LENGTH;
    this.contentLength = length;
    list.addAt(H.CONTENT_LENGTH, 0, 0, start, end);
    return null;
  }

  /** TE is hop-by-hop; only `trailers` may go on, as gRPC asks (RFC 9110 §10.1.4). */
  private takeTe(list: HeaderList, start: number, end: number): void {
    const arena = list.bytes;
    for (let at = start; at < end; ) {
      const next = tokenEnd(arena, at, end);
      const last = trimEnd(arena, at, next);
      if (!list.has(H.TE) && equalsIgnoringCase(arena, trimStart(arena, at, last), last, TRAILERS))
        list.addText(H.TE, "trailers");
      at = next + 1;
    }
  }

  private takeConnection(list: HeaderList, start: number, end: number): void {
    const arena = list.bytes;
    let kept = false;
    for (let at = start; at < end; ) {
      const next = tokenEnd(arena, at, end);
      const last = trimEnd(arena, at, next);
      const first = trimStart(arena, at, last);
      if (equalsIgnoringCase(arena, first, last, KEEP_ALIVE)) this.keepAlive = true;
      else if (equalsIgnoringCase(arena, first, last, CLOSE)) this.close = true;
      else if (first < last) {
        if (equalsIgnoringCase(arena, first, last, UPGRADE)) this.upgradeToken = true;
        else this.nominates = true;
        kept = true;
      }
      at = next + 1;
    }
    if (!kept) return;
    this.connections++;
    list.addAt(H.CONNECTION, 0, 0, start, end);
  }

  /** Removes the fields that Connection names (RFC 9110 §7.6.1), but none that frames or routes the message. */
  private removeNominated(list: HeaderList): ProtocolFault | null {
    const names = (list.valueByName("connection") ?? "").toLowerCase().split(",", NOMINATED_FIELDS_MAX + 1);
    if (names.length > NOMINATED_FIELDS_MAX) return Faults.malformed("RFC 9110 §7.6.1");
    for (const part of names) {
      const name = part.trim();
      if (name.startsWith(":") || NEVER_NOMINATED.has(name)) return Faults.CONNECTION_NOMINATES;
      if (name !== "" && !NOT_NOMINATED.has(name)) list.removeName(name);
    }
    return null;
  }

  /** Keeps one Connection and the Upgrade field when this is an upgrade, and neither otherwise. */
  private settleUpgrade(list: HeaderList): void {
    const upgradeAt = list.find(H.UPGRADE);
    const asked = this.upgradeToken && upgradeAt >= 0 && this.minor === 1 && this.method !== Method.Connect;
    // A body and an upgrade in one request would leave two readings of the bytes that follow; RFC 9110 §7.8 lets us ignore the upgrade.
    const granted = asked && (this.role === "request" ? !this.chunked && this.contentLength <= 0 : list.status === 101);
    // Over cleartext h2 comes by prior knowledge only; Envoy ignores this one too.
    this.upgrade =
      granted && !equalsIgnoringCase(list.bytes, list.valueStart(upgradeAt), list.valueEnd(upgradeAt), H2C);
    if (!this.upgrade) {
      list.remove(H.CONNECTION);
      list.remove(H.UPGRADE);
      list.remove(H.HTTP2_SETTINGS);
    } else if (this.nominates || this.connections > 1) {
      list.setText(H.CONNECTION, "upgrade");
    }
  }
}

function tokenEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== COMMA) at++;
  return at;
}

function trimStart(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === SP || bytes[at] === HTAB)) at++;
  return at;
}

function trimEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && (bytes[at - 1] === SP || bytes[at - 1] === HTAB)) at--;
  return at;
}

function tableOf(ids: readonly number[]): Uint8Array {
  const table = new Uint8Array(KNOWN_NAME_COUNT);
  for (const id of ids) table[id] = 1;
  return table;
}

/** Where the parser puts `:authority` when the target does not carry it: after `:method` and `:scheme`. */
const AUTHORITY_INDEX = 2;
const COMMA = 0x2c;
const BAD_LENGTH = Faults.malformed("RFC 9110 §8.6");
const CHUNKED = Buffer.from("chunked", "latin1");
const CLOSE = Buffer.from("close", "latin1");
const KEEP_ALIVE = Buffer.from("keep-alive", "latin1");
const UPGRADE = Buffer.from("upgrade", "latin1");
const TRAILERS = Buffer.from("trailers", "latin1");
const H2C = Buffer.from("h2c", "latin1");
const HOP_BY_HOP = [H.CONNECTION, H.KEEP_ALIVE, H.PROXY_CONNECTION, H.TRANSFER_ENCODING, H.UPGRADE, H.TE];
/** Fields that `take` looks into. */
const SPECIAL = tableOf([...HOP_BY_HOP, H.HOST, H.CONTENT_LENGTH]);
/** Fields that a trailer section may not carry: framing, routing, identity, content (RFC 9110 §6.5.1). */
const NOT_IN_TRAILERS = tableOf([
  ...HOP_BY_HOP,
  H.HOST,
  H.CONTENT_LENGTH,
  H.TRAILER,
  H.EXPECT,
  H.AUTHORIZATION,
  H.COOKIE,
  H.SET_COOKIE,
  H.LOCATION,
  H.CACHE_CONTROL,
  H.CONTENT_ENCODING,
  H.CONTENT_TYPE,
  H.CONTENT_RANGE,
  H.RANGE,
  H.X_FORWARDED_FOR,
  H.X_FORWARDED_PROTO,
  H.X_FORWARDED_HOST,
  H.X_FORWARDED_PORT,
  H.X_FORWARDED_CLIENT_CERT,
]);
/** Names that tell the next hop who asked: Connection may not have them taken away. */
const NEVER_NOMINATED = new Set(["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"]);
/** Names that Connection may say without any effect on those fields. */
const NOT_NOMINATED = new Set(["close", "keep-alive", "upgrade", "te", "content-length", "host"]);
