// Frames the body of one message after the other: by length, chunked, raw until the connection ends, or not at all. Copies small slices
// behind the head, hands large ones to the kernel. Used by both connections.
import type { HeaderList } from "../header-list.ts";
import { H } from "../header-names.ts";
import type { ByteSink } from "../message.ts";
import { put, writeTrailerFields } from "./head-writer.ts";
import { CONTENT_LENGTH_DIGITS_MAX, WRITE_THROUGH_BYTES } from "./limits.ts";
import type { Http1Options } from "./options.ts";

/** How the body of a message is written. */
export const Framing = {
  /** There is none, or it is thrown away (an answer to HEAD). */
  None: 0,
  Length: 1,
  Chunked: 2,
  /** As it is, until the connection ends; tunnels too. */
  Raw: 3,
} as const;
export type Framing = (typeof Framing)[keyof typeof Framing];

/** Writer of the bodies of one connection. */
export class BodyWriter {
  private readonly sink: ByteSink;
  private readonly options: Http1Options;
  private framing: Framing = Framing.None;
  private remaining = 0;

  constructor(sink: ByteSink, options: Http1Options) {
    this.sink = sink;
    this.options = options;
  }

  /** Begins a body; `length` counts for Framing.Length. */
  start(framing: Framing, length: number): void {
    this.framing = framing;
    this.remaining = length;
  }

  /** Appends `[start, end)`; says whether it fits what the head promised. Bytes beyond a Content-Length are never written. */
  write(bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (length === 0) return true;
    switch (this.framing) {
      case Framing.None:
        return true;
      case Framing.Length: {
        const kept = Math.min(length, this.remaining);
        this.remaining -= kept;
        this.append(bytes, start, start + kept);
        return kept === length;
      }
      case Framing.Raw:
        this.append(bytes, start, end);
        return true;
      case Framing.Chunked: {
        const out = this.sink.out;
        out.reserve(CHUNK_HEAD_BYTES_MAX);
        out.end = putChunkSize(out.bytes, out.end, length);
        this.append(bytes, start, end);
        this.text(CRLF);
        return true;
      }
    }
  }

  /** Ends the body; says whether it is as long as the head promised. */
  finish(): boolean {
    if (this.framing === Framing.Chunked) this.text(LAST_CHUNK);
    return this.framing !== Framing.Length || this.remaining === 0;
  }

  /** Ends the body with trailers; they are dropped unless it is chunked and the options want them. */
  finishWithTrailers(trailers: HeaderList): boolean {
    if (this.framing !== Framing.Chunked || !this.options.trailers) return this.finish();
    this.text(LAST_SIZE);
    writeTrailerFields(this.sink.out, trailers, this.options.properCase);
    this.sink.scheduleFlush();
    return true;
  }

  private append(bytes: Uint8Array, start: number, end: number): void {
    if (end - start >= WRITE_THROUGH_BYTES) {
      this.sink.writeThrough(bytes, start, end);
      return;
    }
    const out = this.sink.out;
    out.reserve(end - start);
    out.end = put(out.bytes, out.end, bytes, start, end);
    this.sink.scheduleFlush();
  }

  private text(text: Uint8Array): void {
    const out = this.sink.out;
    out.reserve(text.length);
    out.end = put(out.bytes, out.end, text, 0, text.length);
    this.sink.scheduleFlush();
  }
}

/** Content-Length of a list, -1 when it has none or one that is no number; only the first counts. */
export function declaredLength(list: HeaderList): number {
  const at = list.find(H.CONTENT_LENGTH);
  if (at < 0) return -1;
  const start = list.valueStart(at);
  const end = list.valueEnd(at);
  if (end === start || end - start > CONTENT_LENGTH_DIGITS_MAX) return -1;
  let length = 0;
  for (let i = start; i < end; i++) {
    const digit = (list.bytes[i] as number) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length;
}

function putChunkSize(bytes: Uint8Array, start: number, length: number): number {
  let digits = 1;
  for (let rest = Math.floor(length / 16); rest > 0; rest = Math.floor(rest / 16)) digits++;
  let rest = length;
  for (let at = start + digits - 1; at >= start; at--) {
    bytes[at] = HEX.charCodeAt(rest % 16);
    rest = Math.floor(rest / 16);
  }
  bytes[start + digits] = 0x0d;
  bytes[start + digits + 1] = 0x0a;
  return start + digits + 2;
}

const HEX = "0123456789abcdef";
const CHUNK_HEAD_BYTES_MAX = 18;
const CRLF = Buffer.from("\r\n", "latin1");
const LAST_SIZE = Buffer.from("0\r\n", "latin1");
const LAST_CHUNK = Buffer.from("0\r\n\r\n", "latin1");
