// Spans as Zipkin's API v2 takes them: lists of spans that were written where they ended.

/** The request's bytes. `spans`: as ZipkinJsonWriter or ZipkinProtoWriter writes them, one or several in each. */
export function zipkinRequest(isJson: boolean, spans: readonly Uint8Array[]): Uint8Array {
  if (!isJson) return Buffer.concat(spans);
  const body = Buffer.concat([OPEN, ...spans]);
  body[body.length - 1] = CLOSE; // in place of the last span's comma
  return body;
}

const OPEN: Uint8Array = Buffer.from("[");
const CLOSE = 0x5d;
