// How a connection gets its codec: told by the plan, by ALPN, or by the first bytes (RFC 9113 §3.3, §3.4).
import type { Http1Plan, Http2Plan } from "../../config/plan/http-protocol.ts";
import { createH1Server, type Http1ServerCodec } from "../../protocol/h1/server-connection.ts";
import { createH2Server, type Http2ServerCodec } from "../../protocol/h2/server.ts";
import type { ByteSink, ServerCodec, ServerEvents } from "../../protocol/message.ts";

/** Makes the codecs of accepted connections. */
export interface ServerCodecs {
  http1(sink: ByteSink, plan: Http1Plan, events: ServerEvents): Pick<Http1ServerCodec, keyof ServerCodec | "counters">;
  http2(sink: ByteSink, plan: Http2Plan, events: ServerEvents): Http2ServerCodec;
}

/** The codecs of this program. */
export const serverCodecs: ServerCodecs = { http1: createH1Server, http2: createH2Server };

/** What the first bytes of a connection say; `undecided` while they could still be either. */
export function sniffProtocol(bytes: Uint8Array, start: number, end: number): "http1" | "http2" | "undecided" {
  const length = Math.min(end - start, PREFACE.length);
  for (let i = 0; i < length; i++) if (bytes[start + i] !== PREFACE[i]) return "http1";
  return length === PREFACE.length ? "http2" : "undecided";
}

/** Enough of the client connection preface that no HTTP/1 request begins so: `PRI` is no method. */
const PREFACE: Uint8Array = Buffer.from("PRI * HTTP/2", "latin1");
