// How a connection gets its codec: told by the plan, by ALPN, or by the first bytes (RFC 9113 §3.3, §3.4).
import type { HttpProtocolPlan } from "../../config/plan/http-protocol.ts";
import type { ByteSink, ServerCodec, ServerEvents } from "../../protocol/message.ts";

/** Makes the codecs of accepted connections. */
export interface ServerCodecs {
  http1(sink: ByteSink, plan: HttpProtocolPlan, events: ServerEvents, isTls: boolean): ServerCodec;
  http2(sink: ByteSink, plan: HttpProtocolPlan, events: ServerEvents): ServerCodec;
}

/** What the first bytes of a connection say; `undecided` while they could still be either. */
export function sniffProtocol(bytes: Uint8Array, start: number, end: number): "http1" | "http2" | "undecided" {
  const length = Math.min(end - start, PREFACE.length);
  for (let i = 0; i < length; i++) if (bytes[start + i] !== PREFACE[i]) return "http1";
  return length === PREFACE.length ? "http2" : "undecided";
}

/** Enough of the client connection preface that no HTTP/1 request begins so: `PRI` is no method. */
const PREFACE: Uint8Array = Buffer.from("PRI * HTTP/2", "latin1");
