// Every answer that the proxy gives by itself: one table from what went wrong to status, body, response flag and response code details
// (README.md shows it). Codes, texts and flags are Envoy 1.40's. Builds heads; sends nothing.
import type { ProtocolFault } from "../../protocol/fault.ts";
import { grpcStatusOfHttp } from "../../protocol/grpc-status.ts";
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import type { OpenFailure } from "../upstream/upstream.ts";
import type { AttemptTime } from "./attempt-timers.ts";

/** One local answer. */
export interface LocalReply {
  readonly status: number;
  /** Text of the body; empty: none, or `bytes`. */
  readonly body: string;
  /** Body that is not text (direct_response); null: `body`. */
  readonly bytes: Uint8Array | null;
  /** Response flag of access logs, empty: none. */
  readonly flag: string;
  /** Response code details. */
  readonly details: string;
  /** gRPC status when the request is gRPC; -1: derived from `status`. */
  readonly grpcStatus: number;
}

const UPSTREAM_DURATION = "upstream max stream duration reached";

type ReplyName =
  | "routeNotFound"
  | "noHealthyUpstream"
  | "routeTimeout"
  | "routeTimeoutAlternative"
  | "streamIdleTimeout"
  | "streamIdleTimeoutRequest"
  | "streamDuration"
  | "streamDurationRequest"
  | "requestTimeout"
  | "missingHost"
  | "absolutePath"
  | "badPath"
  | "redirectPath"
  | "upgradeRefused"
  | "overloaded"
  | "headTooLarge"
  | "dropOverload"
  | "dropOverloadAlways"
  | "maintenance"
  | "requestTooLarge"
  | "responseTooLarge"
  | "perTryTimeout"
  | "perTryTimeoutAlternative"
  | "perTryIdleTimeout"
  | "perTryIdleTimeoutAlternative"
  | "upstreamDuration"
  | "upstreamDurationRequest"
  | "bodyTooLargeToRetry";

/** The answers that depend on nothing. */
export const REPLIES: Readonly<Record<ReplyName, LocalReply>> = {
  routeNotFound: reply(404, "", "NR", "route_not_found"),
  noHealthyUpstream: reply(503, "no healthy upstream", "UH", "no_healthy_upstream"),
  routeTimeout: reply(504, "upstream request timeout", "UT", "response_timeout"),
  routeTimeoutAlternative: reply(204, "", "UT", "response_timeout"),
  streamIdleTimeout: reply(504, "stream timeout", "SI", "stream_idle_timeout"),
  streamIdleTimeoutRequest: reply(408, "stream timeout", "SI", "stream_idle_timeout"),
  streamDuration: reply(504, "downstream duration timeout", "", "max_duration_timeout", 4),
  streamDurationRequest: reply(408, "downstream duration timeout", "", "max_duration_timeout", 4),
  requestTimeout: reply(408, "request timeout", "", "request_overall_timeout"),
  missingHost: reply(400, "", "", "missing_host_header"),
  absolutePath: reply(404, "", "", "absolute_path_rejected"),
  badPath: reply(400, "", "", "path_normalization_failed"),
  redirectPath: reply(307, "", "", "path_normalization_failed"),
  upgradeRefused: reply(403, "", "", "upgrade_failed"),
  overloaded: reply(503, "envoy overloaded", "OM", "overload"),
  headTooLarge: reply(500, "", "", "request_headers_too_large_after_mutation"),
  dropOverload: reply(503, "drop overload", "DO", "drop_overload"),
  dropOverloadAlways: reply(503, "unconditional drop overload", "UDO", "unconditional_drop_overload"),
  maintenance: reply(503, "maintenance mode", "UO", "maintenance_mode"),
  requestTooLarge: reply(413, "Payload Too Large", "", "request_payload_too_large"),
  responseTooLarge: reply(500, "Internal Server Error", "", "response_payload_too_large"),
  perTryTimeout: reply(504, "upstream request timeout", "UT", "upstream_per_try_timeout"),
  perTryTimeoutAlternative: reply(204, "", "UT", "upstream_per_try_timeout"),
  perTryIdleTimeout: reply(504, "upstream request timeout", "UT", "upstream_per_try_idle_timeout"),
  perTryIdleTimeoutAlternative: reply(204, "", "UT", "upstream_per_try_idle_timeout"),
  upstreamDuration: reply(504, UPSTREAM_DURATION, "UMSDR", "upstream_max_stream_duration_reached"),
  upstreamDurationRequest: reply(408, UPSTREAM_DURATION, "UMSDR", "upstream_max_stream_duration_reached"),
  bodyTooLargeToRetry: reply(
    507,
    "exceeded request buffer limit while retrying upstream",
    "",
    "request_payload_exceeded_retry_buffer_limit",
  ),
};

/** Details of the answers that the connection manager gives over the router's head: they say nothing of attempts. */
export const MANAGER_DETAILS: ReadonlySet<string> = new Set([
  REPLIES.streamIdleTimeout.details,
  REPLIES.streamDuration.details,
  REPLIES.requestTimeout.details,
]);

/** Details of the answers that a filter encodes itself (a CORS preflight's): local_reply_config does not see them, as in Envoy. */
export const FILTER_DETAILS: ReadonlySet<string> = new Set(["cors_response"]);

/** Answer when a route names a cluster that does not exist; `status` is the route's cluster_not_found_response_code. */
export function clusterNotFound(status: number): LocalReply {
  return reply(status, "", "NC", "cluster_not_found");
}

/** Answer to a header that strict_check_headers names and that says nothing that can be done. */
export function wrongOrder(name: string, value: string): LocalReply {
  const body = `invalid header '${name}' with value '${value}'`;
  return reply(400, body, "IH", `request_headers_failed_strict_check{${name}}`);
}

/** Answer of a route's direct_response or redirect. */
export function directReply(status: number, body: Uint8Array): LocalReply {
  return { ...reply(status, "", "", "direct_response"), bytes: body };
}

/** Answer when an attempt took too long. `alternative`: the client asked for 204. */
export function tryTimeoutReply(which: AttemptTime, alternative: boolean, requestEnded: boolean): LocalReply {
  switch (which) {
    case "try":
      return alternative ? REPLIES.perTryTimeoutAlternative : REPLIES.perTryTimeout;
    case "idle":
      return alternative ? REPLIES.perTryIdleTimeoutAlternative : REPLIES.perTryIdleTimeout;
    case "duration":
      return requestEnded ? REPLIES.upstreamDuration : REPLIES.upstreamDurationRequest;
  }
}

/** The bytes of an answer's body. */
export function replyBytes(answer: LocalReply): Uint8Array {
  return answer.bytes ?? Buffer.from(answer.body, "utf8");
}

/** Why an attempt failed, in the words of the body and of response code details. */
export interface AttemptFault {
  /** `connection termination`: the tail of the body, and with underscores of the details. */
  readonly reason: string;
  readonly flag: string;
  readonly status: number;
  /** What a retry policy calls it. */
  readonly class: "connect" | "overflow" | "refused" | "other";
  /** The transport's text, after a bar in the details; empty: none. */
  readonly transportText: string;
}

/** What a stream that was not opened means. */
export function openFault(failure: OpenFailure): AttemptFault {
  switch (failure.kind) {
    case "no_healthy_upstream":
      return attempt("no healthy upstream", "UH", 503);
    case "overflow":
      return attempt("overflow", "UO", 503, "overflow");
    case "connection_failure":
      return attempt("remote connection failure", "UF", 503, "connect", failure.transportText);
    case "connection_timeout":
      return attempt("connection timeout", "UF", 503, "connect");
  }
}

/** What the end of an open stream means. */
export function streamFault(fault: ProtocolFault): AttemptFault {
  switch (fault.kind) {
    case "connection_closed":
    case "goaway":
      return attempt("connection termination", "UC", 503);
    case "remote_reset":
      return attempt("remote reset", "UR", 503);
    case "remote_refused":
      return attempt("remote refused stream reset", "UR", 503, "refused");
    case "local_reset":
      return attempt("local reset", "LR", 503);
    case "codec_error":
    case "headers_too_large":
    case "too_many_headers":
    case "low_version":
    case "missing_host":
    case "bad_transfer_encoding":
    case "content_length_and_chunked":
    case "head_timeout":
    case "flood":
    case "flow_control":
      return attempt("protocol error", "UPE", 502);
  }
}

/** The answer to a failed attempt without a head. `hasBegun`: the client has got an interim answer of it. */
export function attemptReply(fault: AttemptFault, isRetry: boolean, hasBegun: boolean): LocalReply {
  if (fault.flag === "UH") return REPLIES.noHealthyUpstream;
  const retried = isRetry ? "retried and the latest " : "";
  const body = `upstream connect error or disconnect/reset before headers. ${retried}reset reason: ${fault.reason}`;
  return reply(fault.status, body, fault.flag, attemptDetails(hasBegun ? "after" : "before", fault));
}

/** Response code details of a failed attempt. */
export function attemptDetails(when: "before" | "after", fault: AttemptFault): string {
  const tail = fault.transportText === "" ? "" : `|${fault.transportText}`;
  return `upstream_reset_${when}_response_started{${fault.reason.replaceAll(" ", "_")}${tail}}`;
}

/** The answer to a request that breaks the protocol; the codec's fault carries status and details. */
export function protocolReply(fault: ProtocolFault): LocalReply {
  const isPlain = fault.kind === "missing_host" || fault.kind === "head_timeout";
  return reply(
    fault.status,
    PROTOCOL_BODIES[fault.kind] ?? statusBody(fault.status),
    isPlain ? "" : "DPE",
    fault.details,
  );
}

/** Adds the field that tells a client why, where there is one for this flag. */
export function addReason(head: HeaderList, flag: string): void {
  if (flag === "UO") head.addText(H.X_ENVOY_OVERLOADED, "true");
  else if (flag === "DO") head.add("x-envoy-drop-overload", "true");
  else if (flag === "UDO") head.add("x-envoy-unconditional-drop-overload", "true");
}

/** Fills `head` for a body of `length` bytes; status and more fields (location …) are already in it. `isStale`: its type is another body's. */
export function fillReplyHead(head: HeaderList, length: number, contentType: string, isStale: boolean): void {
  if (length === 0) {
    head.remove(H.CONTENT_LENGTH);
    head.remove(H.CONTENT_TYPE);
    return;
  }
  head.setText(H.CONTENT_LENGTH, String(length));
  if (!head.has(H.CONTENT_TYPE)) head.addText(H.CONTENT_TYPE, contentType);
  else if (isStale) head.setText(H.CONTENT_TYPE, contentType);
}

/** Makes `head` an answer to a gRPC request: trailers only, status 200, the body as message; `own`: its gRPC status, -1 by the status. */
export function fillGrpcHead(head: HeaderList, own: number, body: Uint8Array, contentType: string): void {
  const { status } = head;
  head.status = 200;
  head.setText(H.CONTENT_TYPE, "application/grpc");
  if (!head.has(H.GRPC_STATUS)) head.addText(H.GRPC_STATUS, String(own >= 0 ? own : grpcStatusOfHttp(status)));
  if (body.length > 0) head.setText(H.GRPC_MESSAGE, percentEncoded(withoutLineEnd(body, contentType)));
  head.remove(H.CONTENT_LENGTH);
}

/** Bytes outside printable ASCII, and the percent sign, are escaped (gRPC over HTTP/2, Percent-Encoded). */
export function percentEncoded(bytes: Uint8Array): string {
  let encoded = "";
  for (const byte of bytes) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/** A body of JSON ends with its line, a message does not. */
function withoutLineEnd(body: Uint8Array, contentType: string): Uint8Array {
  return contentType === "application/json" && body.at(-1) === LINE_END ? body.subarray(0, -1) : body;
}

function reply(status: number, body: string, flag: string, details: string, grpcStatus: number = -1): LocalReply {
  return Object.freeze({ status, body, bytes: null, flag, details, grpcStatus });
}

function attempt(
  reason: string,
  flag: string,
  status: number,
  kind: AttemptFault["class"] = "other",
  transportText: string = "",
): AttemptFault {
  return { reason, flag, status, class: kind, transportText };
}

function statusBody(status: number): string {
  return STATUS_BODIES[status] ?? "";
}

const LINE_END = 0x0a;

const PROTOCOL_BODIES: { readonly [Kind in ProtocolFault["kind"]]?: string } = {
  missing_host: "",
  head_timeout: "request header timeout",
};

const STATUS_BODIES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  426: "Upgrade Required",
  431: "Request Header Fields Too Large",
  501: "Not Implemented",
};
