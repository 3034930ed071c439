// Makes a HeaderList of the fields of a block and judges it as a message (RFC 9113 §8.2, §8.3), counting limits on the way. One per
// connection: `begin`, the decoder's calls, `finish`. A block that is only decoded for the table's sake is begun as Discard.
import type { ProtocolFault } from "../fault.ts";
import { acquireHeaderList, FIELD_OVERHEAD_BYTES, HeaderList, releaseHeaderList } from "../header-list.ts";
import { H } from "../header-names.ts";
import { FIELDS_TOO_LARGE, HEADERS_TOO_LARGE, malformedFault, TOO_MANY_HEADERS, UNDERSCORE } from "./faults.ts";
import { Flaw } from "./field-flaws.ts";
import {
  FIELD_CLASS,
  FieldClass,
  isConnect,
  Pseudo,
  parseContentLength,
  requestFlaw,
  sameText,
  statusOf,
} from "./field-rules.ts";
import type { FieldReceiver } from "./hpack/decoder.ts";
import { KNOWN_NAME_LENGTH } from "./hpack/static-table.ts";
import type { Http2Options } from "./options.ts";
import { Scratch } from "./scratch.ts";

/** What a block is read as. */
export const BlockKind = { Request: 0, Response: 1, Trailers: 2, Discard: 3 } as const;

/** The message head that is being read. */
export class HeadBuilder implements FieldReceiver {
  /** Declared length of the body, -1 when none is. */
  contentLength: number = -1;
  /** Whether a request is CONNECT without `:protocol`, whose body no length bounds. */
  plainConnect: boolean = false;
  /** Fields that were dropped for their underscore, so far on this connection. */
  underscoresDropped: number = 0;
  private readonly options: Http2Options;
  private list: HeaderList = NO_LIST;
  private kind: number = BlockKind.Discard;
  private sizeBytes = 0;
  private sizeBytesMax = 0;
  private count = 0;
  private pseudo = 0;
  private regular = false;
  private cite = "";
  private underscore = false;
  private over: ProtocolFault | null = null;
  private crumbs = 0;
  private hosts = 0;

  constructor(options: Http2Options) {
    this.options = options;
  }

  /** Gets ready for a block. */
  begin(kind: number): void {
    this.kind = kind;
    this.sizeBytes = 0;
    this.sizeBytesMax = kind === BlockKind.Trailers ? this.options.trailersBytesMax : this.options.headersBytesMax;
    this.count = 0;
    this.pseudo = 0;
    this.regular = false;
    this.cite = "";
    this.underscore = false;
    this.over = null;
    this.crumbs = 0;
    this.hosts = 0;
    this.contentLength = -1;
    this.plainConnect = false;
    if (kind !== BlockKind.Discard) this.list = acquireHeaderList();
  }

  onField(
    id: number,
    name: Uint8Array,
    nameStart: number,
    nameEnd: number,
    value: Uint8Array,
    start: number,
    end: number,
    flaws: number,
  ): void {
    if (this.kind === BlockKind.Discard || this.over !== null) return;
    const nameLength = id !== 0 ? (KNOWN_NAME_LENGTH[id] as number) : nameEnd - nameStart;
    this.sizeBytes += nameLength + end - start + FIELD_OVERHEAD_BYTES;
    this.count++;
    if (this.sizeBytes > this.sizeBytesMax || this.count > this.options.headersCountMax) {
      this.over = this.overLimit();
      return;
    }
    if (flaws !== 0 && !this.acceptFlaws(flaws)) return;
    if (id === 0) {
      this.regular = true;
      this.list.addUnknown(name, nameStart, nameEnd, value, start, end);
      return;
    }
    const kind = FIELD_CLASS[id] as number;
    if (kind === FieldClass.Plain) {
      this.regular = true;
      this.list.addKnown(id, value, start, end);
    } else if (kind < FieldClass.PseudoEnd) {
      this.onPseudo(id, 1 << kind, value, start, end);
    } else {
      this.regular = true;
      this.onSpecial(kind, id, value, start, end);
    }
  }

  /** Ends the block: null when it is a message, else its fault. */
  finish(): ProtocolFault | null {
    if (this.kind === BlockKind.Discard) return null;
    if (this.over !== null) return this.over;
    if (this.underscore) return UNDERSCORE;
    if (this.cite !== "") return malformedFault(this.cite);
    if (this.kind === BlockKind.Request) this.finishRequest();
    else if (this.kind === BlockKind.Response && this.pseudo !== Pseudo.Status) this.cite = "§8.3.2";
    return this.cite === "" ? null : malformedFault(this.cite);
  }

  /** The finished list, which the caller owns from here on. */
  take(): HeaderList {
    const list = this.list;
    this.list = NO_LIST;
    return list;
  }

  /** Throws the list of a block away that nobody takes. */
  discard(): void {
    if (this.list !== NO_LIST) releaseHeaderList(this.take());
  }

  private finishRequest(): void {
    const list = this.list;
    if (this.crumbs > 0) list.addKnown(H.COOKIE, cookie.bytes, 0, cookie.length);
    if (this.hosts > 0) this.settleHost();
    this.plainConnect = (this.pseudo & Pseudo.Protocol) === 0 && isConnect(list);
    if (this.cite === "") this.cite = requestFlaw(list, this.pseudo, this.options.allowConnect);
  }

  /** `host` stands for a missing `:authority` and may not differ from one (RFC 9113 §8.3.1). */
  private settleHost(): void {
    if ((this.pseudo & Pseudo.Authority) === 0) {
      this.pseudo |= Pseudo.Authority;
      this.list.addKnown(H.PSEUDO_AUTHORITY, host.bytes, 0, host.length);
      return;
    }
    const at = this.list.find(H.PSEUDO_AUTHORITY);
    if (!sameText(host.bytes, 0, host.length, this.list.bytes, this.list.valueStart(at), this.list.valueEnd(at))) {
      this.cite = "§8.3.1";
    }
  }

  private overLimit(): ProtocolFault {
    if (this.kind !== BlockKind.Request) return FIELDS_TOO_LARGE;
    return this.sizeBytes > this.sizeBytesMax ? HEADERS_TOO_LARGE : TOO_MANY_HEADERS;
  }

  /** Whether the field is to be looked at further. */
  private acceptFlaws(flaws: number): boolean {
    if ((flaws & (Flaw.Name | Flaw.Value)) !== 0) {
      this.cite = "§8.2.1";
      return false;
    }
    if (this.options.underscores === "allow") return true;
    if (this.options.underscores === "reject") this.underscore = true;
    else this.underscoresDropped++;
    return false;
  }

  private onPseudo(id: number, bit: number, value: Uint8Array, start: number, end: number): void {
    const allowed =
      this.kind === BlockKind.Request ? Pseudo.Request : this.kind === BlockKind.Response ? Pseudo.Status : 0;
    if ((bit & allowed) === 0 || (this.pseudo & bit) !== 0 || this.regular) {
      this.cite = this.kind === BlockKind.Trailers ? "§8.1" : "§8.3";
      return;
    }
    this.pseudo |= bit;
    if (bit !== Pseudo.Status) {
      this.list.addKnown(id, value, start, end);
      return;
    }
    this.list.status = statusOf(value, start, end);
    if (this.list.status === 0) this.cite = "§8.3.2";
  }

  private onSpecial(kind: number, id: number, value: Uint8Array, start: number, end: number): void {
    switch (kind) {
      case FieldClass.Forbidden:
        this.cite = "§8.2.2";
        return;
      case FieldClass.Te:
        if (!sameText(value, start, end, TRAILERS, 0, TRAILERS.length)) this.cite = "§8.2.2";
        break;
      case FieldClass.ContentLength:
        if (this.contentLength >= 0) this.cite = "§8.1.1";
        this.contentLength = parseContentLength(value, start, end);
        if (this.contentLength < 0) this.cite = "§8.1.1";
        break;
      case FieldClass.Cookie:
        if (this.kind !== BlockKind.Request) break;
        // RFC 9113 §8.2.3: crumbs become one field, which stands where Envoy puts it, at the end.
        if (this.crumbs++ === 0) cookie.length = 0;
        else cookie.append(CRUMB_SEPARATOR, 0, CRUMB_SEPARATOR.length);
        cookie.append(value, start, end);
        return;
      case FieldClass.Host:
        if (this.kind !== BlockKind.Request) break;
        if (this.hosts++ > 0) this.cite = "§8.3.1";
        host.length = 0;
        host.append(value, start, end);
        return;
      default:
        break;
    }
    this.list.addKnown(id, value, start, end);
  }
}

const NO_LIST: HeaderList = new HeaderList();
const TRAILERS: Uint8Array = Buffer.from("trailers", "latin1");
const CRUMB_SEPARATOR: Uint8Array = Buffer.from("; ", "latin1");

// One each a thread: a block is decoded and finished in one go.
const cookie: Scratch = new Scratch();
const host: Scratch = new Scratch();
