// Where Starling answers otherwise than Envoy 1.40, on purpose. What differs and does not stand here fails the comparison, and so does
// what stands here and does not differ.

import { STALL_CASE } from "./edge-cases.ts";

/** One deliberate difference. */
export interface Deviation {
  /** Name of the case in edge-cases.ts or connection-limit-cases.ts. */
  readonly case: string;
  readonly theirs: string;
  readonly ours: string;
  readonly why: string;
  /** Field of the file, or flag, that brings theirs back; empty: none does. */
  readonly restoredBy: string;
  /** The file beside this one that shows it; absent: it is a case in one of those. */
  readonly shownBy?: string;
}

/** All of them. */
export const DEVIATIONS: readonly Deviation[] = [
  {
    case: "two Hosts",
    theirs: "both are joined to `a,b` and go upstream",
    ours: "400",
    why: "RFC 9112 §3.2: more than one Host is refused; the next hop may route by the other one",
    restoredBy: "",
  },
  {
    case: "a list in two fields",
    theirs: "of some fifty names both are joined to `a,b`",
    ours: "both go upstream as they came",
    why: "RFC 9110 §5.3: they mean the same; only what a configuration adds to such a field is joined to it",
    restoredBy: "",
  },
  {
    case: "a Host with user information",
    theirs: "goes upstream as it is",
    ours: "400",
    why: "RFC 9112 §3.2: Host is host and port; what stands before an @ misleads whoever routes by it",
    restoredBy: "",
  },
  {
    case: "a folded value",
    theirs: "the fold becomes a space",
    ours: "400",
    why: "RFC 9112 §5.2 lets a server refuse obs-fold; it hides fields from those who read line by line",
    restoredBy: "",
  },
  {
    case: "LF alone ends a field",
    theirs: "taken as a line end",
    ours: "400",
    why: "who takes LF for a line end and who does not see different fields",
    restoredBy: "",
  },
  {
    case: "a long chunk extension",
    theirs: "read and dropped",
    ours: "400 above 256 bytes",
    why: "extensions carry nothing anybody reads, and cost who parses them",
    restoredBy: "--compat envoy",
  },
  {
    case: "HTTP/1.0 with a coding",
    theirs: "the chunks are read",
    ours: "400",
    why: "RFC 9112 §6.1: a server of HTTP/1.0 does not know the coding, so the message has two readings",
    restoredBy: "",
  },
  {
    case: "expect: 100-continue without a body",
    theirs: "100, then the answer",
    ours: "the answer alone",
    why: "RFC 9110 §10.1.1: no 100 is needed where the framing says that no content follows",
    restoredBy: "",
  },
  {
    case: "two spaces in the request line",
    theirs: "taken as one",
    ours: "400",
    why: "RFC 9112 §3: one space; who reads an empty target sees another request",
    restoredBy: "",
  },
  {
    case: "plain path http://b?x",
    theirs: "404: the path ?x matches no prefix",
    ours: "goes upstream as /?x",
    why: "RFC 9110 §4.2.3: an empty path is /",
    restoredBy: "",
  },
  {
    case: "connection that names host",
    theirs: "Host is removed, and the request refused because it is missing",
    ours: "Connection's word about Host is ignored",
    why: "RFC 9110 §7.6.1: what the origin must have cannot be taken away; the request has one reading",
    restoredBy: "",
  },
  {
    case: "an upgrade beside a body",
    theirs: "403 where no upgrade is configured",
    ours: "the upgrade is ignored and the body read by its length",
    why: "RFC 9110 §7.8 lets a server ignore an upgrade; one with a body leaves two readings of what follows",
    restoredBy: "",
  },
  {
    case: STALL_CASE,
    theirs: "its stream is reset, and the connection may go on asking and not taking for ever",
    ours: "its stream is reset; the connection gets GOAWAY(ENHANCE_YOUR_CALM) when it takes nothing more, or has many of these",
    why: "every such answer is held in memory for a stall time, and costs the upstream a whole request",
    restoredBy: "--compat envoy",
  },
  {
    case: "count-h2",
    theirs: "RST_STREAM(INTERNAL_ERROR)",
    ours: "431",
    why: "RFC 6585 §5: the client is told what is wrong, as over HTTP/1",
    restoredBy: "",
  },
  {
    case: "kb-h2",
    theirs: "RST_STREAM(INTERNAL_ERROR), and http2.header_overflow does not move",
    ours: "431, and it moves",
    why: "RFC 6585 §5: the client is told what is wrong, as over HTTP/1",
    restoredBy: "",
  },
  {
    case: "silent",
    theirs: "downstream_cx_destroy_remote_active_rq",
    ours: "downstream_cx_destroy_local_active_rq",
    why: "it was the proxy that ended the connection, as downstream_cx_destroy_local says on both sides",
    restoredBy: "",
  },
  {
    case: "up-requests-h2",
    theirs: "upstream_cx_protocol_error moves when the connection has carried its requests",
    ours: "it does not",
    why: "nobody broke the protocol",
    restoredBy: "",
  },
  {
    case: "up-count-h2",
    theirs: "503, remote reset (UR)",
    ours: "502, protocol error (UPE)",
    why: "the upstream reset nothing; over HTTP/1 both say 502",
    restoredBy: "",
  },
  {
    case: "up-kb-h2",
    theirs: "503, remote reset (UR)",
    ours: "502, protocol error (UPE)",
    why: "the upstream reset nothing; over HTTP/1 both say 502",
    restoredBy: "",
  },
  {
    case: "informational answers",
    theirs: "1xx answers of the upstream are swallowed",
    ours: "all but 100 go to the client",
    why: "RFC 9110 §15.2: a proxy forwards 1xx that it did not ask for itself; early hints are of use early only",
    restoredBy: "",
    shownBy: "kinder.full.test.ts",
  },
  {
    case: "informational answers with proxy_100_continue",
    theirs: "the first 1xx goes to the client, further ones are swallowed",
    ours: "all go to the client",
    why: "RFC 9110 §15.2 as above: a second set of early hints is as good as the first",
    restoredBy: "",
    shownBy: "kinder.full.test.ts",
  },
  {
    case: "a pooled connection that ended meanwhile",
    theirs: "503 unless a retry policy says otherwise",
    ours: "an idempotent request is sent again on another connection, before any retry policy; upstream_rq_reconnect counts",
    why: "RFC 9112 §9.3.1: nobody saw the request; a server that closes idle connections is no failure",
    restoredBy: "",
    shownBy: "kinder.full.test.ts",
  },
  {
    case: "a tunnel whose client has said all",
    theirs: "the client's FIN ends both directions",
    ours: "it goes on as a FIN, and the other direction stays open until its own",
    why: "TCP's half-close is the tunnel's: what the upstream still says would be lost",
    restoredBy: "",
    shownBy: "kinder.full.test.ts",
  },
  {
    case: "a malformed HTTP/2 message",
    theirs: "ends the connection, with all its streams",
    ours: "ends its stream",
    why: "RFC 9113 §8.1.1: it is a stream error; others on the connection did nothing wrong",
    restoredBy: "",
    shownBy: "kinder.full.test.ts",
  },
  {
    case: "the route in the line of a redirect",
    theirs: "%ROUTE_NAME% and %UPSTREAM_CLUSTER% are those that the redirect leads to, whether it was followed or not",
    ours: "those whose upstream answered with the redirect",
    why: "the line has that answer, its endpoint and its attempts; where it leads is in location and in the next line",
    restoredBy: "",
    shownBy: "internal-redirects.full.test.ts",
  },
  {
    case: "fewer than five bytes before tls_inspector",
    theirs: "it waits for five bytes, and for no longer than listener_filters_timeout, whatever they are",
    ours: "a first byte that begins no TLS record is enough: the connection is cleartext at once",
    why: "protocols whose first message is shorter need not wait for the timeout",
    restoredBy: "",
    shownBy: "kinder.full.test.ts",
  },
  {
    case: "upgrade-refused",
    theirs: "the log counts what came behind the head of a refused upgrade as received",
    ours: "0 received",
    why: "it is no body, and is thrown away unread",
    restoredBy: "",
    shownBy: "tunnels.full.test.ts",
  },
  {
    case: "upgrade-ended-above",
    theirs: "the log gives other details of a tunnel that its upstream ended, and a response flag",
    ours: "via_upstream and no flag",
    why: "an upstream that has said all ended its answer in order",
    restoredBy: "",
    shownBy: "tunnels.full.test.ts",
  },
  {
    case: "an empty tracestate",
    theirs: "the upstream of a traced request gets a tracestate without a value where its client sent none",
    ours: "none",
    why: "it says nothing",
    restoredBy: "",
    shownBy: "tracing.full.test.ts",
  },
  {
    case: "names of OpenTelemetry's attributes",
    theirs: "http.method, http.status_code, upstream_cluster and so on, whichever tracer it is",
    ours: "OpenTelemetry's stable names (http.request.method) for its tracer, Envoy's for Zipkin's",
    why: "what reads OTLP groups by the names of the semantic conventions",
    restoredBy: "",
    shownBy: "tracing.full.test.ts",
  },
  {
    case: "Zipkin's ids in protobuf",
    theirs:
      "bytes of a span's id and of its parent's are in the order of the machine: the collector sees another id than the upstream",
    ours: "in the order that zipkin.proto asks for",
    why: "spans of one trace find each other by these ids",
    restoredBy: "",
    shownBy: "zipkin.full.test.ts",
  },
  {
    case: "per_endpoint_stats beside load_stats_config",
    theirs: "the file is refused",
    ours: "both work, with a warning",
    why: "a report takes no count away from /stats here",
    restoredBy: "--compat envoy",
    shownBy: "lrs.full.test.ts",
  },
  {
    case: "REQ_WITHOUT_QUERY without its formatter",
    theirs: "the file is refused",
    ours: "the operator has its value",
    why: "it means the same with and without envoy.formatter.req_without_query",
    restoredBy: "",
    shownBy: "log-operators.full.test.ts",
  },
  {
    case: "a body mapped to 204 or 304",
    theirs: "the body follows the head",
    ours: "the head is the whole answer",
    why: "RFC 9112 §6.3: these statuses have no body, and a client takes what follows for its next answer",
    restoredBy: "",
    shownBy: "local-replies.full.test.ts",
  },
];
