// How a finished span is written: once, on the thread that served the request, as the bytes that its collector takes. Whoever exports puts
// written spans one behind the other and reads none of them.
import type { WordBytes, WordWriter } from "../base/byte-writer.ts";
import { type Piece, pieceOf } from "./proto-bytes.ts";
import type { SpanIds } from "./span-ids.ts";

/** What a span begins with; its attributes and events follow. */
export interface SpanHead {
  readonly kind: "server" | "client";
  readonly ids: SpanIds;
  readonly name: string;
  readonly traceState: string;
  /** Since 1970. */
  readonly startUs: number;
  readonly durationUs: number;
  readonly isError: boolean;
}

/** Something that happened in a span. */
export interface SpanEvent {
  readonly name: string;
  /** Since the span's start. */
  readonly offsetUs: number;
  /** Empty: it has none. */
  readonly attribute: string;
  readonly value: string;
}

/** Writes one span at a time: `begin`, attributes, events, `end`. */
export interface SpanWriter {
  begin(to: WordWriter, head: SpanHead): void;
  text(key: SpanKey, value: string): void;
  /** A text that many spans have. */
  often(key: SpanKey, value: string): void;
  /** A text of one byte a character. */
  bytes(key: SpanKey, from: WordBytes, start: number, end: number): void;
  number(key: SpanKey, value: number): void;
  event(event: SpanEvent): void;
  end(): void;
}

/** Name of an attribute, made once. */
export class SpanKey {
  readonly name: string;
  /** As protobuf has it in a pair of name and value: field 1. */
  readonly field: Uint8Array;
  /** All of an attribute of an OTLP span but its text, with room for three lengths of one byte: one copy is cheaper than its parts. */
  readonly short: Piece;
  /** Bytes of a text with which those lengths are a byte each; negative: the name alone is too long. */
  readonly shortMax: number;
  /** Attributes of this name as OTLP has them, by their texts. */
  readonly known: Map<string, Piece> = new Map();

  constructor(name: string) {
    const bytes = Buffer.from(name.slice(0, NAME_CHARACTERS_MAX), "utf8");
    this.name = name;
    this.field = Uint8Array.of(
      0x0a,
      ...(bytes.length < 128 ? [bytes.length] : [128 | (bytes.length & 127), bytes.length >> 7]),
      ...bytes,
    );
    this.short = pieceOf(Uint8Array.of(0x4a, 0, ...this.field, 0x12, 0, 0x0a, 0));
    this.shortMax = 127 + 2 - this.short.length;
  }

  /** Keeps a copy of an attribute; all are forgotten when there are too many. */
  keep(value: string, attribute: Uint8Array): void {
    if (this.known.size === KNOWN_MAX) this.known.clear();
    this.known.set(value, pieceOf(attribute));
  }
}

const NAME_CHARACTERS_MAX = 1024;
const KNOWN_MAX = 256;
