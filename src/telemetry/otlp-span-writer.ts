// Spans as OTLP has them: `spans` of a ScopeSpans (opentelemetry/proto/trace/v1), field by field because there are many.
import { type WordBytes, WordWriter } from "../base/byte-writer.ts";
import { unicodeOf } from "../base/wire-text.ts";
import {
  LATE_LENGTH_BYTES,
  PIECE_SPARE_BYTES,
  putFixed64,
  putLateLength,
  putPiece,
  putText,
  putVarint,
  putWord,
  utf8Bytes,
  varintBytes,
} from "./proto-bytes.ts";
import type { SpanEvent, SpanHead, SpanKey, SpanWriter } from "./span-writer.ts";

/** Writes spans for a collector of OpenTelemetry. */
export class OtlpSpanWriter implements SpanWriter {
  private to: WordWriter = NOWHERE;
  private startUs = 0;
  private isError = false;
  /** Where the span's length goes. */
  private lengthAt = 0;

  begin(to: WordWriter, head: SpanHead): void {
    const { ids, name, traceState } = head;
    const nameBytes = utf8Bytes(name);
    const stateBytes = utf8Bytes(traceState);
    to.reserve(HEAD_BYTES_MAX + nameBytes + stateBytes);
    const { bytes, view } = to;
    let at = to.end;
    this.to = to;
    this.startUs = head.startUs;
    this.isError = head.isError;
    this.lengthAt = at + 1;
    bytes[at] = SPANS;
    at += 1 + LATE_LENGTH_BYTES;
    bytes[at] = TRACE_ID;
    bytes[at + 1] = 16;
    at = putWord(view, at + 2, ids.traceA);
    at = putWord(view, at, ids.traceB);
    at = putWord(view, at, ids.traceC);
    at = putWord(view, at, ids.traceD);
    bytes[at] = SPAN_ID;
    bytes[at + 1] = 8;
    at = putWord(view, at + 2, ids.spanA);
    at = putWord(view, at, ids.spanB);
    if (stateBytes > 0) {
      bytes[at] = TRACE_STATE;
      at = putText(bytes, putVarint(bytes, at + 1, stateBytes), traceState, stateBytes);
    }
    if (ids.parentA !== 0 || ids.parentB !== 0) {
      bytes[at] = PARENT_ID;
      bytes[at + 1] = 8;
      at = putWord(view, at + 2, ids.parentA);
      at = putWord(view, at, ids.parentB);
    }
    bytes[at] = NAME;
    at = putText(bytes, putVarint(bytes, at + 1, nameBytes), name, nameBytes);
    bytes[at] = KIND;
    bytes[at + 1] = head.kind === "client" ? KIND_CLIENT : KIND_SERVER;
    bytes[at + 2] = START;
    at = putFixed64(view, at + 3, head.startUs, 1_000);
    bytes[at] = END;
    to.end = putFixed64(view, at + 1, head.startUs + head.durationUs, 1_000);
  }

  text(key: SpanKey, value: string): void {
    const { length } = value;
    if (length <= key.shortMax) {
      const at = this.beginShort(key, length);
      const { bytes } = this.to;
      let high = 0;
      for (let i = 0; i < length; i++) {
        const code = value.charCodeAt(i);
        high |= code;
        bytes[at + i] = code;
      }
      if (high < 128) {
        this.to.end = at + length;
        return;
      }
    }
    const long = utf8Bytes(value);
    const at = this.beginText(key, long);
    this.to.end = putText(this.to.bytes, at, value, long);
  }

  often(key: SpanKey, value: string): void {
    const { to } = this;
    const known = key.known.get(value);
    if (known !== undefined) {
      to.reserve(known.length + PIECE_SPARE_BYTES);
      to.end = putPiece(to.view, to.end, known);
      return;
    }
    const start = to.end;
    this.text(key, value);
    key.keep(value, to.bytes.subarray(start, to.end));
  }

  bytes(key: SpanKey, from: WordBytes, start: number, end: number): void {
    const length = end - start;
    const { view: source } = from;
    if (length <= key.shortMax && end + 3 <= source.byteLength) {
      const at = this.beginShort(key, length);
      const { view } = this.to;
      let high = 0;
      for (let i = 0; i < length; i += 4) {
        const word = source.getInt32(start + i, true);
        high |= word; // with what stands behind the text: at worst it is written the long way
        view.setInt32(at + i, word, true);
      }
      if ((high & BEYOND_ASCII) === 0) {
        this.to.end = at + length;
        return;
      }
    }
    this.text(key, unicodeOf(from.bytes.latin1Slice(start, end))); // over what was begun: `end` has not moved
  }

  number(key: SpanKey, value: number): void {
    if (key.shortMax < NUMBER_BYTES_MAX) {
      this.text(key, String(value)); // a name that long is a custom tag's only
      return;
    }
    const valueAt = this.beginShort(key, NUMBER_BYTES_MAX) - 2;
    const { bytes, end } = this.to;
    bytes[valueAt] = VALUE_NUMBER;
    const next = putVarint(bytes, valueAt + 1, value);
    bytes[valueAt - 1] = next - valueAt;
    bytes[end + 1] = next - end - 2;
    this.to.end = next;
  }

  event({ name, offsetUs, attribute, value }: SpanEvent): void {
    const nameBytes = utf8Bytes(name);
    const pairBytes = attribute === "" ? 0 : utf8Bytes(attribute) + utf8Bytes(value) + EVENT_BYTES_MAX;
    this.to.reserve(nameBytes + pairBytes + EVENT_BYTES_MAX);
    const { bytes, end, view } = this.to;
    bytes[end] = EVENTS;
    let at = end + 1 + LATE_LENGTH_BYTES;
    bytes[at] = EVENT_TIME;
    at = putFixed64(view, at + 1, this.startUs + offsetUs, 1_000);
    bytes[at] = EVENT_NAME;
    at = putText(bytes, putVarint(bytes, at + 1, nameBytes), name, nameBytes);
    if (attribute !== "") at = putPair(bytes, at, attribute, value);
    putLateLength(bytes, end + 1, at);
    this.to.end = at;
  }

  end(): void {
    if (this.isError) {
      this.to.reserve(ERROR.length);
      this.to.end = putBytes(this.to.bytes, this.to.end, ERROR);
    }
    putLateLength(this.to.bytes, this.lengthAt, this.to.end);
    this.to = NOWHERE;
  }

  /** Everything of an attribute but its text, which is `length` bytes and short; where that goes. Does not move `end`. */
  private beginShort({ short }: SpanKey, length: number): number {
    const { to } = this;
    to.reserve(short.length + length + PIECE_SPARE_BYTES);
    const { bytes, end } = to;
    const at = putPiece(to.view, end, short);
    bytes[end + 1] = short.length - 2 + length;
    bytes[at - 3] = length + 2;
    bytes[at - 1] = length;
    return at;
  }

  /** The same for a text of any length. */
  private beginText(key: SpanKey, length: number): number {
    const { field } = key;
    const valueBytes = 1 + varintBytes(length) + length;
    const pairBytes = field.length + 1 + varintBytes(valueBytes) + valueBytes;
    this.to.reserve(pairBytes + TAG_BYTES_MAX);
    const { bytes, end } = this.to;
    bytes[end] = ATTRIBUTES;
    let at = putBytes(bytes, putVarint(bytes, end + 1, pairBytes), field);
    bytes[at] = PAIR_VALUE;
    at = putVarint(bytes, at + 1, valueBytes);
    bytes[at] = VALUE_TEXT;
    return putVarint(bytes, at + 1, length);
  }
}

function putBytes(bytes: Uint8Array, at: number, from: Uint8Array): number {
  bytes.set(from, at);
  return at + from.length;
}

/** An attribute of an event. */
function putPair(bytes: Buffer, start: number, name: string, value: string): number {
  const nameBytes = utf8Bytes(name);
  const length = utf8Bytes(value);
  bytes[start] = EVENT_ATTRIBUTES;
  let at = start + 1 + LATE_LENGTH_BYTES;
  bytes[at] = PAIR_NAME;
  at = putText(bytes, putVarint(bytes, at + 1, nameBytes), name, nameBytes);
  bytes[at] = PAIR_VALUE;
  const valueAt = at + 1;
  at = valueAt + LATE_LENGTH_BYTES;
  bytes[at] = VALUE_TEXT;
  at = putText(bytes, putVarint(bytes, at + 1, length), value, length);
  putLateLength(bytes, valueAt, at);
  putLateLength(bytes, start + 1, at);
  return at;
}

// Tags: number of the field times 8, and 2 for what has a length, 1 for eight bytes, 0 for a varint.
const SPANS = 0x12;
const TRACE_ID = 0x0a;
const SPAN_ID = 0x12;
const TRACE_STATE = 0x1a;
const PARENT_ID = 0x22;
const NAME = 0x2a;
const KIND = 0x30;
const START = 0x39;
const END = 0x41;
const ATTRIBUTES = 0x4a;
const EVENTS = 0x5a;
const EVENT_TIME = 0x09;
const EVENT_NAME = 0x12;
const EVENT_ATTRIBUTES = 0x1a;
const PAIR_NAME = 0x0a;
const PAIR_VALUE = 0x12;
const VALUE_TEXT = 0x0a;
const VALUE_NUMBER = 0x18;
/** status { code: STATUS_CODE_ERROR } */
const ERROR: Uint8Array = Uint8Array.of(0x7a, 2, 0x18, 2);
const KIND_SERVER = 2;
const KIND_CLIENT = 3;

/** What a head takes beside its texts. */
const HEAD_BYTES_MAX = 96;
const EVENT_BYTES_MAX = 48;
/** Of each byte of a word: it is no ASCII. */
const BEYOND_ASCII = 0x8080_8080;
const NUMBER_BYTES_MAX = 16;
const TAG_BYTES_MAX = 8;
const NOWHERE: WordWriter = new WordWriter(0);
