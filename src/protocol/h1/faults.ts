// What can be wrong with an HTTP/1 peer, made once. Status and details are Envoy's for the same bytes.
import { ErrorCode, type FaultKind, fault, type ProtocolFault } from "../fault.ts";

/** Malformed bytes; `cite` says which rule they break. */
export function malformed(cite: string): ProtocolFault {
  return refusal("codec_error", 400, "http1.codec_error", cite);
}

/** Content-Length beside Transfer-Encoding. */
export const LENGTH_AND_CHUNKED: ProtocolFault = refusal(
  "content_length_and_chunked",
  400,
  "http1.content_length_and_chunked_not_allowed",
  "RFC 9112 §6.1",
);

/** A transfer coding other than exactly `chunked`. */
export const BAD_TRANSFER_ENCODING: ProtocolFault = refusal(
  "bad_transfer_encoding",
  501,
  "http1.invalid_transfer_encoding",
  "RFC 9112 §6.1",
);

/** CONNECT with a Content-Length. */
export const CONNECT_WITH_LENGTH: ProtocolFault = refusal(
  "codec_error",
  400,
  "http1.body_disallowed",
  "RFC 9110 §9.3.6",
);

/** Connection names a pseudo-header or what says who the client is: as Envoy, such a message is refused rather than stripped. */
export const CONNECTION_NOMINATES: ProtocolFault = refusal(
  "codec_error",
  400,
  "http1.connection_header_rejected",
  "RFC 9110 §7.6.1",
);

/** A control byte in a target or a field value. */
export const INVALID_CHARACTERS: ProtocolFault = refusal(
  "codec_error",
  400,
  "http1.invalid_characters",
  "RFC 9110 §5.5",
);

/** A request target that is none of the four forms, or the wrong one for the method. */
export const INVALID_URL: ProtocolFault = refusal("codec_error", 400, "http1.invalid_url", "RFC 9112 §3.2");

/** An absolute request target that is neither http nor https. */
export const INVALID_SCHEME: ProtocolFault = refusal("codec_error", 400, "http1.invalid_scheme", "RFC 9112 §3.2.2");

/** A host that no URI can have: white space, a slash, user information. */
export const INVALID_AUTHORITY: ProtocolFault = refusal("codec_error", 400, "http.invalid_authority", "RFC 9112 §3.2");

/** The head is longer than `headersBytesMax`. */
export const HEADERS_TOO_LARGE: ProtocolFault = refusal("headers_too_large", 431, "http1.headers_too_large", "");

/** The head has more fields than `headersCountMax`. */
export const TOO_MANY_HEADERS: ProtocolFault = refusal("too_many_headers", 431, "http1.too_many_headers", "");

/** The trailer section is longer than `trailersBytesMax`. */
export const TRAILERS_TOO_LARGE: ProtocolFault = refusal("headers_too_large", 431, "http1.trailers_too_large", "");

/** HTTP/1.0 without `acceptHttp10`. */
export const LOW_VERSION: ProtocolFault = refusal("low_version", 426, "low_version", "");

/** No Host. */
export const MISSING_HOST: ProtocolFault = refusal("missing_host", 400, "missing_host_header", "RFC 9112 §3.2");

/** A field name with an underscore while they are refused. */
export const UNDERSCORE: ProtocolFault = refusal("codec_error", 400, "http1.unexpected_underscore", "");

/** The client closed before its message or our answer was complete. */
export const DOWNSTREAM_CLOSED: ProtocolFault = fault("connection_closed", "downstream_remote_disconnect", {
  code: ErrorCode.NoError,
});

/** The upstream closed before its answer was complete. */
export const UPSTREAM_CLOSED: ProtocolFault = fault("connection_closed", "connection_termination", {
  code: ErrorCode.NoError,
});

/** The upstream closed in the middle of its answer: what came is no message. */
export const UPSTREAM_CUT: ProtocolFault = fault("codec_error", "http1.unfinished_answer", {
  cite: "RFC 9112 §8",
});

/** Our side gave the exchange up. */
export const LOCAL_RESET: ProtocolFault = fault("local_reset", "local_reset", { code: ErrorCode.NoError });

/** The writer of a message said less or more than its Content-Length promised, so the connection cannot carry another. */
export const LENGTH_NOT_KEPT: ProtocolFault = fault("local_reset", "http1.content_length_not_kept", {
  cite: "RFC 9110 §8.6",
});

/** The same fault with no answer to it: what a client role reports, or a server whose answer has begun. */
export function unanswered(of: ProtocolFault): ProtocolFault {
  return of.status === 0 ? of : Object.freeze({ ...of, status: 0 });
}

function refusal(kind: FaultKind, status: number, details: string, cite: string): ProtocolFault {
  const code = kind === "low_version" || kind === "missing_host" ? ErrorCode.NoError : ErrorCode.ProtocolError;
  return fault(kind, details, { code, status, cite });
}
