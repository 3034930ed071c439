// Spans as Zipkin's API v2 has them, in JSON (zipkin2-api.yaml) or protobuf (zipkin.proto): objects with a comma behind each, or `spans` of a
// ListOfSpans. A span is put together as an object and written as a whole: Zipkin's is the rarer tracer.
import { type WordBytes, WordWriter } from "../base/byte-writer.ts";
import { parseIp } from "../base/ip-address.ts";
import { unicodeOf } from "../base/wire-text.ts";
import { LATE_LENGTH_BYTES, putFixed64, putLateLength, putText, putVarint, putWord, utf8Bytes } from "./proto-bytes.ts";
import { parentIdText, spanIdText, traceIdText } from "./span-ids.ts";
import type { SpanEvent, SpanHead, SpanKey, SpanWriter } from "./span-writer.ts";

/** Where spans were made, and how servers make theirs. */
export interface ZipkinPlace {
  readonly serviceName: string;
  /** An IP address. */
  readonly address: string;
  /** A server's span is its client's (shared_span_context). */
  readonly isShared: boolean;
}

/** What both ways of writing have in common: a span is collected, and written at its end. */
abstract class ZipkinWriter implements SpanWriter {
  protected readonly place: ZipkinPlace;
  protected to: WordWriter = NOWHERE;
  protected head: SpanHead = NO_HEAD;
  protected tags: [string, string][] = [];
  protected annotations: { readonly timestamp: number; readonly value: string }[] = [];

  constructor(place: ZipkinPlace) {
    this.place = place;
  }

  begin(to: WordWriter, head: SpanHead): void {
    this.to = to;
    this.head = head;
    this.tags = [];
    this.annotations = [];
  }

  text(key: SpanKey, value: string): void {
    this.tags.push([key.name, value]);
  }

  often(key: SpanKey, value: string): void {
    this.text(key, value);
  }

  bytes(key: SpanKey, from: WordBytes, start: number, end: number): void {
    this.text(key, unicodeOf(from.bytes.latin1Slice(start, end)));
  }

  number(key: SpanKey, value: number): void {
    this.tags.push([key.name, String(value)]);
  }

  event({ name, offsetUs, attribute, value }: SpanEvent): void {
    const text = attribute === "" ? name : `${name} ${attribute}=${value}`;
    this.annotations.push({ timestamp: this.head.startUs + offsetUs, value: text });
  }

  end(): void {
    const { durationUs, kind, startUs } = this.head;
    this.annotations.push({
      timestamp: startUs + durationUs,
      value: kind === "client" ? CLIENT_RECEIVED : SERVER_SENT,
    });
    this.write();
  }

  protected abstract write(): void;
}

/** HTTP_JSON */
export class ZipkinJsonWriter extends ZipkinWriter {
  protected write(): void {
    const { annotations, head, place, tags, to } = this;
    const parentId = parentIdText(head.ids);
    const text = JSON.stringify({
      traceId: traceIdText(head.ids, true),
      ...(parentId === "" ? {} : { parentId }),
      id: spanIdText(head.ids),
      kind: head.kind === "client" ? "CLIENT" : "SERVER",
      ...(head.name === "" ? {} : { name: head.name }),
      timestamp: head.startUs,
      duration: head.durationUs,
      ...(place.isShared && head.kind === "server" ? { shared: true } : {}),
      localEndpoint: {
        ...(place.serviceName === "" ? {} : { serviceName: place.serviceName }),
        [place.address.includes(":") ? "ipv6" : "ipv4"]: place.address,
        port: 0,
      },
      annotations,
      tags: Object.fromEntries(tags),
    });
    const length = utf8Bytes(text);
    to.reserve(length + 1);
    to.end = putText(to.bytes, to.end, text, length);
    to.bytes[to.end++] = COMMA;
  }
}

/** HTTP_PROTO */
export class ZipkinProtoWriter extends ZipkinWriter {
  private readonly endpoint: Uint8Array;

  constructor(place: ZipkinPlace) {
    super(place);
    this.endpoint = endpointBytes(place);
  }

  protected write(): void {
    const { annotations, head, place, tags, to } = this;
    const { ids } = head;
    const texts = [head.name, ...tags.flat(), ...annotations.map(({ value }) => value)];
    to.reserve(
      SPAN_BYTES_MAX + this.endpoint.length + texts.reduce((sum, text) => sum + 3 * text.length + TEXT_BYTES_MAX, 0),
    );
    const { bytes, end, view } = to;
    bytes[end] = SPANS;
    let at = end + 1 + LATE_LENGTH_BYTES;
    const isLong = ids.traceA !== 0 || ids.traceB !== 0;
    bytes[at] = TRACE_ID;
    bytes[at + 1] = isLong ? 16 : 8;
    at += 2;
    if (isLong) at = putWord(view, putWord(view, at, ids.traceA), ids.traceB);
    at = putWord(view, putWord(view, at, ids.traceC), ids.traceD);
    if (ids.parentA !== 0 || ids.parentB !== 0) at = putId(view, at, PARENT_ID, ids.parentA, ids.parentB);
    at = putId(view, at, ID, ids.spanA, ids.spanB);
    bytes[at] = KIND;
    bytes[at + 1] = head.kind === "client" ? 1 : 2;
    at = putString(bytes, at + 2, NAME, head.name);
    bytes[at] = TIMESTAMP;
    at = putFixed64(view, at + 1, head.startUs, 1);
    bytes[at] = DURATION;
    at = putVarint(bytes, at + 1, head.durationUs);
    bytes.set(this.endpoint, at);
    at += this.endpoint.length;
    for (const { timestamp, value } of annotations) {
      const lengthAt = at + 1;
      bytes[at] = ANNOTATIONS;
      bytes[lengthAt + LATE_LENGTH_BYTES] = ANNOTATION_TIME;
      at = putFixed64(view, lengthAt + LATE_LENGTH_BYTES + 1, timestamp, 1);
      at = putString(bytes, at, ANNOTATION_VALUE, value);
      putLateLength(bytes, lengthAt, at);
    }
    for (const [name, value] of tags) {
      const lengthAt = at + 1;
      bytes[at] = TAGS;
      at = putString(bytes, lengthAt + LATE_LENGTH_BYTES, TAG_NAME, name);
      at = putString(bytes, at, TAG_VALUE, value);
      putLateLength(bytes, lengthAt, at);
    }
    if (place.isShared && head.kind === "server") {
      bytes[at] = SHARED;
      bytes[at + 1] = 1;
      at += 2;
    }
    putLateLength(bytes, end + 1, at);
    to.end = at;
  }
}

/** local_endpoint, its tag included. */
function endpointBytes({ serviceName, address }: ZipkinPlace): Uint8Array {
  const ip = parseIp(address);
  const bytes = Buffer.alloc(64 + 3 * serviceName.length);
  bytes[0] = LOCAL_ENDPOINT;
  let at = 1 + LATE_LENGTH_BYTES;
  if (serviceName !== "") at = putString(bytes, at, SERVICE_NAME, serviceName);
  if (ip !== null) {
    bytes[at] = ip.length === 4 ? IPV4 : IPV6;
    bytes[at + 1] = ip.length;
    bytes.set(ip, at + 2);
    at += 2 + ip.length;
  }
  putLateLength(bytes, 1, at);
  return bytes.subarray(0, at);
}

function putId(view: DataView, at: number, tag: number, high: number, low: number): number {
  view.setUint8(at, tag);
  view.setUint8(at + 1, 8);
  return putWord(view, putWord(view, at + 2, high), low);
}

function putString(bytes: Buffer, at: number, tag: number, text: string): number {
  const length = utf8Bytes(text);
  bytes[at] = tag;
  return putText(bytes, putVarint(bytes, at + 1, length), text, length);
}

/** Zipkin's own words for the end of a span, which Envoy leaves in. */
const SERVER_SENT = "ss";
const CLIENT_RECEIVED = "cr";
const COMMA = 0x2c;
// Tags: number of the field times 8, and 2 for what has a length, 1 for eight bytes, 0 for a varint.
const SPANS = 0x0a;
const TRACE_ID = 0x0a;
const PARENT_ID = 0x12;
const ID = 0x1a;
const KIND = 0x20;
const NAME = 0x2a;
const TIMESTAMP = 0x31;
const DURATION = 0x38;
const LOCAL_ENDPOINT = 0x42;
const ANNOTATIONS = 0x52;
const TAGS = 0x5a;
const SHARED = 0x68;
const ANNOTATION_TIME = 0x09;
const ANNOTATION_VALUE = 0x12;
const TAG_NAME = 0x0a;
const TAG_VALUE = 0x12;
const SERVICE_NAME = 0x0a;
const IPV4 = 0x12;
const IPV6 = 0x1a;
const SPAN_BYTES_MAX = 128;
/** What a text takes beside itself: tags, lengths, and its place in an annotation. */
const TEXT_BYTES_MAX = 24;
const NOWHERE: WordWriter = new WordWriter(0);
const NO_IDS = { traceA: 0, traceB: 0, traceC: 0, traceD: 0, spanA: 0, spanB: 0, parentA: 0, parentB: 0 };
const NO_HEAD: SpanHead = {
  ...{ kind: "server", ids: NO_IDS, name: "", traceState: "", startUs: 0, durationUs: 0, isError: false },
};
