// Every fault an HTTP/2 peer can be told or reported with, as values: scope, error code, section. No other file of the room makes one.
import { ErrorCode, fault, type ProtocolFault } from "../fault.ts";

/** A connection error of the protocol itself. */
export function connectionFault(code: number, cite: string): ProtocolFault {
  const kind = code === ErrorCode.FlowControlError ? "flow_control" : "codec_error";
  return fault(kind, "http2.protocol_error", { code, cite: `RFC 9113 ${cite}` });
}

/** A stream error of the protocol itself. */
export function streamFault(code: number, cite: string): ProtocolFault {
  const kind = code === ErrorCode.FlowControlError ? "flow_control" : "codec_error";
  return fault(kind, "http2.protocol_error", { scope: "stream", code, cite: `RFC 9113 ${cite}` });
}

/** A header block that does not decode. */
export function compressionFault(cite: string): ProtocolFault {
  return fault("codec_error", "http2.compression_error", { code: ErrorCode.CompressionError, cite });
}

/** A message that breaks a rule of RFC 9113 §8; `cite` is the section. */
export function malformedFault(cite: string): ProtocolFault {
  const details = cite.endsWith("8.2.1") ? "http2.invalid.header.field" : "http2.violation.of.messaging.rule";
  return fault("codec_error", details, { scope: "stream", cite: `RFC 9113 ${cite}` });
}

/** A limit on frames was passed; `what` is the tail of Envoy's counter or ours in its manner. */
export function floodFault(what: string): ProtocolFault {
  return fault("flood", `http2.${what}`, { code: ErrorCode.EnhanceYourCalm, cite: "RFC 9113 §10.5" });
}

/** RST_STREAM came. */
export function remoteResetFault(code: number): ProtocolFault {
  const refused = code === ErrorCode.RefusedStream;
  return fault(refused ? "remote_refused" : "remote_reset", refused ? "http2.remote_refuse" : "http2.remote_reset", {
    scope: "stream",
    code,
    retrySafe: refused,
  });
}

/** The peer ended the connection with an error, for its streams that may have been worked on. */
export function goawayFault(code: number): ProtocolFault {
  return fault("goaway", "http2.goaway", { code });
}

/** More bytes in a head than allowed. */
export const HEADERS_TOO_LARGE: ProtocolFault = fault("headers_too_large", "http2.headers_too_large", {
  scope: "stream",
  status: 431,
  code: ErrorCode.EnhanceYourCalm,
  cite: "RFC 9113 §10.5.1",
});

/** More fields in a head than allowed. */
export const TOO_MANY_HEADERS: ProtocolFault = fault("too_many_headers", "http2.too_many_headers", {
  scope: "stream",
  status: 431,
  code: ErrorCode.EnhanceYourCalm,
  cite: "RFC 9113 §10.5.1",
});

/** Trailers above their limit, or a response head above its. */
export const FIELDS_TOO_LARGE: ProtocolFault = fault("headers_too_large", "http2.headers_too_large", {
  scope: "stream",
  code: ErrorCode.EnhanceYourCalm,
  cite: "RFC 9113 §10.5.1",
});

/** A name with an underscore where options refuse it: no rule of the protocol is broken. */
export const UNDERSCORE: ProtocolFault = fault("codec_error", "http2.unexpected_underscore", {
  scope: "stream",
  code: ErrorCode.InternalError,
});

/** GOAWAY said that this stream was not looked at. */
export const ABOVE_GOAWAY: ProtocolFault = fault("remote_refused", "http2.goaway", {
  scope: "stream",
  code: ErrorCode.RefusedStream,
  retrySafe: true,
  cite: "RFC 9113 §6.8",
});

/** The peer closed its sending side. */
export const ENDED: ProtocolFault = fault("connection_closed", "http2.remote_close", { code: ErrorCode.NoError });
