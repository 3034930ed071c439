// Why a probe failed, in words for people: short, one line, printable whatever the endpoint sent. Used by the talks and endpoint-probe.ts.
import type { NetFault } from "../../../net/channel.ts";
import type { ProtocolFault } from "../../../protocol/fault.ts";
import { UPSTREAM_CUT } from "../../../protocol/h1/faults.ts";

/** At most `REASON_LENGTH_MAX` printable ASCII characters. */
export function plain(text: string): string {
  const printable = text.replace(/[^ -~]+/g, ".");
  return printable.length <= REASON_LENGTH_MAX ? printable : `${printable.slice(0, REASON_LENGTH_MAX - 3)}...`;
}

/** A connection that never stood, or that broke. */
export function netReason(fault: NetFault | null): string {
  if (fault === null) return "connection closed";
  switch (fault.kind) {
    case "connect-refused":
      return "connection refused";
    case "connect-timeout":
    case "handshake-timeout":
      return "connection timed out";
    case "connect-failed":
      return plain(`cannot connect: ${systemWords(fault.text)}`);
    case "tls-failed":
      return plain(fault.text === "" ? "TLS: connection closed during the handshake" : `TLS: ${tlsWords(fault.text)}`);
    case "reset":
      return "connection reset";
    case "closed":
      return "connection closed";
    case "io":
      return plain(fault.text);
  }
}

/**
 * An HTTP answer that is none. `protocol`: what was spoken; `hasBegun`: bytes of an answer came; `said`: the bytes of the answer that are
 * at hand, when it was wrong from its start.
 */
export function protocolReason(
  fault: ProtocolFault,
  protocol: "http1" | "http2",
  hasBegun: boolean,
  said: Uint8Array | null,
): string {
  switch (fault.kind) {
    case "connection_closed":
      return hasBegun ? "connection closed in the middle of the answer" : "connection closed without an answer";
    case "headers_too_large":
      return "header fields too large";
    case "too_many_headers":
      return "too many header fields";
    case "remote_reset":
      return `stream reset with HTTP/2 error code ${fault.code}`;
    case "remote_refused":
      return "stream refused";
    case "goaway":
      return goawayReason(fault.code);
    case "flood":
      return plain(`flood of HTTP/2 frames: ${fault.details.replace(/^http2\./, "")}`);
    case "flow_control":
      return "more bytes than the HTTP/2 window";
    case "codec_error":
    case "low_version":
    case "missing_host":
    case "bad_transfer_encoding":
    case "content_length_and_chunked":
    case "head_timeout":
    case "local_reset":
      if (fault.details === UPSTREAM_CUT.details) return "connection closed in the middle of the answer";
      if (said !== null && (protocol === "http2" || !quoted(said).startsWith("HTTP/1."))) {
        return plain(`not ${protocol === "http1" ? "HTTP" : "HTTP/2"}: ${quoted(said)}`);
      }
      return plain(`malformed answer: ${fault.cite === "" ? fault.details : fault.cite}`);
  }
}

/** The peer ends an HTTP/2 connection because of an error. */
export function goawayReason(code: number): string {
  return `GOAWAY with HTTP/2 error code ${code}`;
}

/** The beginning of what was said. */
function quoted(said: Uint8Array): string {
  const start = Buffer.from(said.buffer, said.byteOffset, Math.min(said.length, QUOTED_BYTES_MAX));
  return start.toString("latin1").trim();
}

/** `delayed_connect_error:_No_route_to_host` as `No route to host`. */
function systemWords(text: string): string {
  return text
    .replace(/^\w+_connect_error:_/, "")
    .replace(/\|remote_address:.*$/, "")
    .replaceAll("_", " ");
}

/** `TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end` as `WRONG VERSION NUMBER`. */
function tlsWords(text: string): string {
  return text
    .replace(/^TLS_error:(\|\d+:SSL_routines:OPENSSL_internal:|\|\d+:system_library:OPENSSL_internal:)?_?/, "")
    .replace(/:TLS_error_end$/, "")
    .replaceAll("_", " ");
}

const REASON_LENGTH_MAX = 200;
const QUOTED_BYTES_MAX = 60;
