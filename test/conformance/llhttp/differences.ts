// Where our HTTP/1 codec and llhttp (nodejs/llhttp, read at commit 01e105a3, June 2026) make something else of the same bytes, and why.
// All other strict cases of its Markdown agree: as many messages, refused or not. The bytes here are ours, as short as the point allows.

/** One point of difference. */
export interface LlhttpDifference {
  /** llhttp's cases that show it, as `file: title`. */
  readonly cases: readonly string[];
  readonly role: "request" | "response";
  /** Our own bytes for it, latin1. */
  readonly bytes: string;
  /** What llhttp makes of them. */
  readonly theirs: string;
  /** What our codec says: its calls, with default options. */
  readonly ours: readonly string[];
  readonly why: string;
}

/** Cases in the Markdown, and how many of them are in strict modes of llhttp. */
export const LLHTTP_CASES = { all: 272, strict: 235 } as const;

const HEAD = "head end :method=GET|:scheme=http|:authority=a|:path=/";
const MALFORMED = ["fault 400 http1.codec_error", "done 1", "closed http1.codec_error"];
const BROKEN = ["fault 0 http1.codec_error", "done 1", "closed http1.codec_error"];
const CODING = ["fault 501 http1.invalid_transfer_encoding", "done 1", "closed http1.invalid_transfer_encoding"];

/** A parser alone is not a proxy: what differs because of what ours is for. */
const proxying: LlhttpDifference[] = [
  {
    cases: [],
    role: "request",
    bytes: "GET / HTTP/1.1\r\n\r\n",
    theirs: "one message",
    ours: ["fault 400 missing_host_header", "done 1", "closed missing_host_header"],
    why: "RFC 9112 §3.2 asks servers to refuse; 91 of llhttp's cases leave Host out, and the comparison adds one",
  },
  {
    cases: [],
    role: "request",
    bytes: "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
    theirs: "one message",
    ours: ["fault 426 low_version", "done 1", "closed low_version"],
    why: "as Envoy; the comparison sets accept_http_10",
  },
  {
    cases: ["request/sample: No HTTP version"],
    role: "request",
    bytes: "GET /\r\n\r\n",
    theirs: "one message of HTTP/0.9",
    ours: ["fault 426 low_version", "done 1", "closed low_version"],
    why: "HTTP/0.9 has neither Host nor an end of its answer; Envoy answers 426 too",
  },
  {
    cases: [
      "request/connection: No restart when keep-alive is off (1.0)",
      "request/connection: CRLF between requests, explicit `close`",
      "request/connection: CRLF between requests, explicit `close` followed by tab",
    ],
    role: "request",
    bytes: "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\n",
    theirs: "an error at the byte behind the message",
    ours: [HEAD, "done 1", "closed -"],
    why: "the answer is still owed, so what follows it is thrown away (RFC 9112 §9.6); Envoy does the same",
  },
  {
    cases: ["request/connection: Upgrade POST request"],
    role: "request",
    bytes:
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: w\r\nContent-Length: 1\r\n\r\nxHot diggity dog",
    theirs: "a pause for the tunnel behind the body",
    ours: [
      "head :method=POST|:scheme=http|:authority=a|:path=/|content-length=1",
      "data x",
      "end",
      "done 1",
      "fault 400 http1.codec_error",
      "done 2",
      "closed http1.codec_error",
    ],
    why: "a request with a body is not upgraded (RFC 9110 §7.8 lets us ignore it): two readings of what follows the body would be two requests",
  },
  {
    cases: ["request/method: CONNECT with body"],
    role: "request",
    bytes: "CONNECT a:443 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
    theirs: "a pause for the tunnel behind the head",
    ours: ["fault 400 http1.body_disallowed", "done 1", "closed http1.body_disallowed"],
    why: "content of CONNECT has no meaning (RFC 9110 §9.3.6) but two framings; Envoy refuses it too",
  },
  {
    cases: [
      "request/content-length: Content-Length reset when no body is received",
      "response/content-length: Content-Length reset when no body is received",
    ],
    role: "request",
    bytes: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nGET / HTTP/1.1",
    theirs: "two messages, because the test's caller says that the first has no body",
    ours: [
      "head :method=POST|:scheme=http|:authority=a|:path=/|content-length=9",
      "data GET / HTT",
      "end",
      "done 1",
      ...malformed(2),
    ],
    why: "nobody can tell our codec to skip a body that the head announces",
  },
];

const targets: LlhttpDifference[] = [
  {
    cases: ["request/method: M-SEARCH request"],
    role: "request",
    bytes: "M-SEARCH * HTTP/1.1\r\nHost: a\r\n\r\n",
    theirs: "one message",
    ours: MALFORMED,
    why: "`*` is for OPTIONS only (RFC 9112 §3.2.4), and Envoy does not know the method",
  },
  {
    cases: [
      "request/method: SOURCE request with ICE",
      "request/method: OPTIONS request with RTSP",
      "request/method: ANNOUNCE request with RTSP",
    ],
    role: "request",
    bytes: "OPTIONS / RTSP/1.0\r\nHost: a\r\n\r\n",
    theirs: "one message",
    ours: MALFORMED,
    why: "neither protocol is HTTP",
  },
  {
    cases: ["request/method: PRI request HTTP2"],
    role: "request",
    bytes: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    theirs: "a pause",
    ours: MALFORMED,
    why: "the owner of a connection looks for the preface before it chooses this codec",
  },
  {
    cases: [
      "request/uri: `host:port` and basic auth",
      "url: Complex URL with basic auth from node.js url parser doc",
      "url: Proxy basic auth with url encoded space",
      "url: Proxy basic auth with unreserved chars",
    ],
    role: "request",
    bytes: "GET http://u:p@b/ HTTP/1.1\r\nHost: b\r\n\r\n",
    theirs: "one message",
    ours: ["fault 400 http.invalid_authority", "done 1", "closed http.invalid_authority"],
    why: "user information in an http URI is an error to treat as such (RFC 9110 §4.2.4): it serves to hide the host",
  },
];

const bodies: LlhttpDifference[] = [
  {
    cases: [
      "request/transfer-encoding: POST with `chunked` as last transfer-encoding",
      "request/transfer-encoding: POST with `chunked` as last transfer-encoding (multiple headers)",
    ],
    role: "request",
    bytes: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    theirs: "one message",
    ours: CODING,
    why: "a proxy that cannot decode a coding may not pass it on as if it were content; Envoy answers 501 too (RFC 9112 §6.1)",
  },
  {
    cases: [
      "request/transfer-encoding: No extension after semicolon",
      "response/transfer-encoding: No extension after semicolon",
    ],
    role: "request",
    bytes: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;\r\nx\r\n0\r\n\r\n",
    theirs: "an error",
    ours: ["head :method=POST|:scheme=http|:authority=a|:path=/", "data x", "end", "done 1"],
    why: "extensions are read to the end of their line, counted, and dropped; their own grammar moves no boundary. Envoy reads it too",
  },
  {
    cases: [
      "request/transfer-encoding: Unbalanced chunk extensions quoting",
      "response/transfer-encoding: Unbalanced chunk extensions quoting",
    ],
    role: "response",
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a="b\r\nx\r\n0\r\n\r\n',
    theirs: "an error",
    ours: ["head 200", "data x", "end", "done 1 reusable"],
    why: "as above: no quote reaches over the end of a line, since control bytes are refused",
  },
];

const responses: LlhttpDifference[] = [
  {
    cases: [
      "response/connection: HTTP/1.0 with keep-alive and 204 status",
      "response/connection: HTTP/1.1 with 204 status",
      "response/connection: HTTP 304 with Content-Length",
      "response/connection: HTTP 304 with Transfer-Encoding",
      "response/pipelining: Should parse multiple events",
    ],
    role: "response",
    bytes: "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    theirs: "two messages",
    ours: ["head 204 end", "done 1", "closed http1.codec_error"],
    why: "one request was sent, so a second response answers nothing: the connection is broken, and the first response stands",
  },
  {
    cases: [
      "response/connection: HTTP 101 response with Upgrade and Content-Length header",
      "response/connection: HTTP 101 response with Upgrade and Transfer-Encoding header",
    ],
    role: "response",
    bytes: "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: w\r\nContent-Length: 4\r\n\r\n",
    theirs: "a pause for the tunnel",
    ours: BROKEN,
    why: "nobody asked for an upgrade; a tunnel opens only for a request that did",
  },
  {
    cases: ["response/connection: HTTP 100 first, then 400", "response/sample: Response starting with CRLF"],
    role: "response",
    bytes: "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    theirs: "one message",
    ours: BROKEN,
    why: "RFC 9112 §2.2 forgives empty lines before a request line only; Envoy breaks here too",
  },
  {
    cases: ["response/sample: RTSP response", "response/sample: ICE response", "response/sample: HTTP version 0.9"],
    role: "response",
    bytes: "HTTP/0.9 200 OK\r\n\r\n",
    theirs: "a head",
    ours: BROKEN,
    why: "only HTTP/1.0 and HTTP/1.1 have this syntax",
  },
  {
    cases: [
      "response/transfer-encoding: `chunked` before other transfer-encoding",
      "response/transfer-encoding: multiple transfer-encoding where chunked is not the last one",
      "response/transfer-encoding: `chunkedchunked` transfer-encoding does not enable chunked enconding",
    ],
    role: "response",
    bytes: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, deflate\r\n\r\n",
    theirs: "a body until the connection ends",
    ours: ["fault 0 http1.invalid_transfer_encoding", "done 1", "closed http1.invalid_transfer_encoding"],
    why: "as for requests: what we cannot decode we do not pass on; Envoy answers 502",
  },
];

/** Every difference in strict mode. */
export const DIFFERENCES: readonly LlhttpDifference[] = [...proxying, ...targets, ...bodies, ...responses];

/** llhttp's lenient modes. We have none: each forgives what one of our rules refuses, and we refuse it always. */
export const LENIENT_MODES: Readonly<Record<string, string>> = {
  "request-lenient-keep-alive": "messages behind `close`: thrown away",
  "response-lenient-keep-alive": "messages behind `close`: the connection is broken",
  "request-lenient-headers": "folds, control bytes, space before the colon: 400",
  "response-lenient-headers": "folds, control bytes: broken",
  "request-lenient-header-value-relaxed": "control bytes in values: 400",
  "request-lenient-chunked-length": "Content-Length beside Transfer-Encoding: 400",
  "request-lenient-transfer-encoding": "codings behind chunked: 501",
  "request-lenient-optional-lf-after-cr": "CR without LF: 400",
  "response-lenient-optional-lf-after-cr": "CR without LF: broken",
  "response-lenient-optional-cr-before-lf": "LF without CR: broken",
  "request-lenient-optional-crlf-after-chunk": "a chunk without CRLF: 400",
  "request-lenient-spaces-after-chunk-size": "spaces behind a chunk size: 400",
  "request-lenient-version": "versions beyond 1.1: 426",
  "response-lenient-version": "versions beyond 1.1: broken",
  "response-lenient-data-after-close": "data behind `close`: broken",
  "request-lenient-all": "all of these",
  "response-lenient-all": "all of these",
};

function malformed(exchange: number): string[] {
  return ["fault 400 http1.codec_error", `done ${exchange}`, "closed http1.codec_error"];
}
