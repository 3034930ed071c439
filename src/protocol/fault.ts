// What can be wrong with a peer, as values. Codecs report them; dataplane/exchange maps them to status, body and response flag in one place.

/** HTTP/2 error codes (RFC 9113 §7). */
export const ErrorCode = {
  NoError: 0,
  ProtocolError: 1,
  InternalError: 2,
  FlowControlError: 3,
  SettingsTimeout: 4,
  StreamClosed: 5,
  FrameSizeError: 6,
  RefusedStream: 7,
  Cancel: 8,
  CompressionError: 9,
  ConnectError: 10,
  EnhanceYourCalm: 11,
  InadequateSecurity: 12,
  Http11Required: 13,
} as const;

/**
 * What happened, in the words of Envoy's counters and response code details where it has one:
 * - `codec_error`: malformed bytes (400, DPE);
 * - `headers_too_large`, `too_many_headers` (431), `low_version` (426), `missing_host`, `bad_transfer_encoding` (501), `content_length_and_chunked`;
 * - `head_timeout`: the head did not come in time (408); the owner of the connection makes it;
 * - `flood`: a per-second or queue limit was passed; the connection ends with ENHANCE_YOUR_CALM;
 * - `remote_reset`: RST_STREAM came (code says which); `remote_refused`: REFUSED_STREAM, or above GOAWAY's last stream id: safe to retry;
 * - `goaway`: the peer ended the connection with an error; `connection_closed`: the socket ended or broke;
 * - `local_reset`: we reset; `flow_control`: a window was exceeded.
 */
export type FaultKind =
  | "codec_error"
  | "headers_too_large"
  | "too_many_headers"
  | "low_version"
  | "missing_host"
  | "bad_transfer_encoding"
  | "content_length_and_chunked"
  | "head_timeout"
  | "flood"
  | "remote_reset"
  | "remote_refused"
  | "goaway"
  | "connection_closed"
  | "local_reset"
  | "flow_control";

/** One fault of the world. */
export interface ProtocolFault {
  readonly kind: FaultKind;
  /** Whether only the stream ends or the whole connection. */
  readonly scope: "stream" | "connection";
  /** HTTP/2 error code; on HTTP/1 ProtocolError for malformed bytes, NoError otherwise. */
  readonly code: number;
  /** Status a server answers with when it still can; 0: no answer. */
  readonly status: number;
  /** Envoy's response code details, for example `http1.codec_error`. */
  readonly details: string;
  /** Where it is written, for example `RFC 9113 §6.9.1`; empty for faults that break no rule. */
  readonly cite: string;
  /** Whether no byte of an answer was processed by the peer, so that the request may be sent again whatever its method. */
  readonly retrySafe: boolean;
}

/** Builds a fault; everything but kind and details has the usual value unless told. */
export function fault(kind: FaultKind, details: string, more: Partial<ProtocolFault> = {}): ProtocolFault {
  return Object.freeze({
    kind,
    scope: "connection",
    code: ErrorCode.ProtocolError,
    status: 0,
    details,
    cite: "",
    retrySafe: false,
    ...more,
  });
}
