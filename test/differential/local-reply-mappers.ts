// Mappers of local_reply_config, each with the request that it is meant for: local-reply-cases.ts takes them all. Data only.

/** A part of an Envoy file. */
export type Fields = Readonly<Record<string, unknown>>;

/** One request and the mapper that is meant for it. */
export interface ReplyCase {
  readonly name: string;
  /** Which of MANAGERS; default `plain`. */
  readonly manager?: string;
  /** Default `GET`. */
  readonly method?: string;
  /** Default `/none`: no route. */
  readonly path?: string;
  /** Header lines besides. */
  readonly lines?: readonly string[];
  /** Default `a`. */
  readonly host?: string;
  /** Behind the head. */
  readonly body?: string;
  /** The mapper without its filter; absent: none is meant for it. */
  readonly mapper?: Fields;
  /** Besides the case's name; absent: nothing. */
  readonly filter?: Fields;
  /** Instead of a request made of the fields above. */
  readonly raw?: string;
  /** Default HTTP/1.1. */
  readonly http2?: boolean;
}

/** A format. */
export const text = (inline_string: string): Fields => ({ text_format_source: { inline_string } });
const inline = (inline_string: string): Fields => ({ inline_string });
const add = (key: string, value: string, append_action?: string): Fields => ({
  header: { key, value },
  ...(append_action === undefined ? {} : { append_action }),
});
/** What is written of an answer. */
export const TELL: string =
  "%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %BYTES_SENT% %BYTES_RECEIVED% %GRPC_STATUS% %REQ(x-case)% " +
  "%RESP(:status)% %RESP(x-added)% %RESP(content-type)% %RESP(content-length)% %ROUTE_NAME% " +
  "%PROTOCOL% %ACCESS_LOG_TYPE% %REQ(x-none)% [%LOCAL_REPLY_BODY%]";

const FORMATTERS = ["metadata.v3.Metadata", "req_without_query.v3.ReqWithoutQuery"].map((type) => ({
  name: type,
  typed_config: { "@type": `type.googleapis.com/envoy.extensions.formatter.${type}` },
}));
/** Changes everything. */
export const EMPHATIC: Fields = {
  status_code: 418,
  body: inline("mapped"),
  headers_to_add: [add("x-added", "%RESPONSE_CODE%")],
};

/** Statuses and bodies. */
export const MAPPED: readonly ReplyCase[] = [
  { name: "a status", mapper: { status_code: 512 } },
  { name: "the status it has", mapper: { status_code: 404 } },
  { name: "a status of success", path: "/empty", mapper: { status_code: 200 } },
  { name: "a body", mapper: { body: inline("instead") } },
  { name: "a body instead of one", path: "/here", mapper: { body: inline("instead") } },
  { name: "an empty body", path: "/here", mapper: { body: inline("") } },
  {
    name: "a body of bytes",
    mapper: { body: { inline_bytes: Buffer.from([0xff, 0, 0xc3, 0xa9]).toString("base64") } },
  },
  { name: "a body of the environment", mapper: { body: { environment_variable: "REPLY_TEXT" } } },
  { name: "a body of percents", path: "/here", mapper: { body: inline("%LOCAL_REPLY_BODY% 100%") } },
  { name: "a body beyond ASCII", mapper: { body: inline("schön ☂") } },
  {
    name: "a body beyond ASCII and gRPC",
    lines: ["content-type: application/grpc"],
    mapper: { body: inline("schön\n%") },
  },
  { name: "both", path: "/empty", mapper: { status_code: 200, body: inline("all is well") } },
  { name: "both of gRPC", path: "/empty", lines: ["content-type: application/grpc"], mapper: EMPHATIC },
  { name: "status of gRPC", path: "/here", lines: ["content-type: application/grpc"], mapper: { status_code: 429 } },
  {
    name: "status of an abort of gRPC",
    path: "/grpcfault",
    lines: ["content-type: application/grpc"],
    mapper: EMPHATIC,
  },
  {
    name: "grpc-status of its own",
    lines: ["content-type: application/grpc"],
    mapper: { headers_to_add: [add("grpc-status", "9"), add("grpc-message", "mine"), add("content-length", "7")] },
  },
  { name: "body of HEAD", path: "/here", method: "HEAD", mapper: EMPHATIC },
  { name: "a redirect with a body", path: "/moved", mapper: EMPHATIC },
  { name: "a redirect with another status", path: "/moved", mapper: { status_code: 200 } },
  { name: "mapped dead endpoint", path: "/gone", mapper: EMPHATIC },
  { name: "mapped timeout", path: "/slow", mapper: EMPHATIC },
  { name: "mapped abort", path: "/fault", mapper: EMPHATIC },
  { name: "mapped limit", path: "/limited", mapper: EMPHATIC },
  { name: "mapped health check", path: "/check", mapper: EMPHATIC },
  {
    name: "mapped preflight",
    path: "/cors",
    method: "OPTIONS",
    lines: ["origin: a", "access-control-request-method: GET"],
    mapper: EMPHATIC,
  },
  { name: "mapped upgrade", path: "/up", lines: ["connection: upgrade", "upgrade: websocket"], mapper: EMPHATIC },
  {
    name: "mapped body too large",
    path: "/up",
    method: "POST",
    lines: ["content-length: 40"],
    body: "x".repeat(20),
    mapper: EMPHATIC,
  },
  { name: "mapped path", path: "up", mapper: EMPHATIC },
  { name: "mapped 400 ends", path: "/bad", mapper: EMPHATIC },
  { name: "200 to 400", path: "/fine", mapper: { status_code: 400 } },
  { name: "an upstream's 503 is none", path: "/up503", mapper: EMPHATIC },
  {
    name: "mapped slash",
    path: "/a%2Fb",
    mapper: { status_code: 308, headers_to_add: [add("location", "/else", "OVERWRITE_IF_EXISTS")] },
  },
  { name: "mapped HTTP/2", path: "/here", http2: true, mapper: EMPHATIC },
  {
    name: "mapped HTTP/2 gRPC",
    path: "/empty",
    http2: true,
    lines: ["content-type: application/grpc"],
    mapper: EMPHATIC,
  },
];

/** headers_to_add. */
export const ADDED: readonly ReplyCase[] = [
  {
    name: "fields",
    path: "/typed",
    mapper: {
      headers_to_add: [
        add("x-route", "second"),
        add("x-if", "absent", "ADD_IF_ABSENT"),
        add("x-route-3", "third", "ADD_IF_ABSENT"),
        add("x-over", "new", "OVERWRITE_IF_EXISTS_OR_ADD"),
        add("x-exist", "no", "OVERWRITE_IF_EXISTS"),
        add("x-route-2", "replaced", "OVERWRITE_IF_EXISTS"),
        add("x-empty", ""),
        { ...add("x-kept", "%REQ(x-none)%"), keep_empty_value: true },
        add("x-tell", TELL),
        add("server", "mine"),
        add("date", "never"),
        add("via", "one"),
      ],
    },
  },
  { name: "a type", mapper: { headers_to_add: [add("content-type", "text/html")], body: inline("b") } },
  { name: "a type beside a type", path: "/typed", mapper: { headers_to_add: [add("content-type", "text/html")] } },
  {
    name: "a type over a type",
    path: "/type",
    mapper: { headers_to_add: [add("content-type", "text/html", "OVERWRITE_IF_EXISTS_OR_ADD")], body: inline("b") },
  },
  { name: "a body under a type", path: "/typed", mapper: { body: inline("b") } },
  { name: "no body under a type", path: "/typed", mapper: { body: inline("") } },
  { name: "an added type without a body", mapper: { headers_to_add: [add("content-type", "text/html")] } },
  { name: "a length", mapper: { headers_to_add: [add("content-length", "77")], body: inline("b") } },
  { name: "a length without a body", mapper: { headers_to_add: [add("content-length", "77")] } },
  { name: "hop by hop", mapper: { headers_to_add: [add("connection", "close"), add("transfer-encoding", "chunked")] } },
  {
    name: "another status as a field",
    mapper: { status_code: 499, headers_to_add: [add("x-status", "%RESP(:status)%")] },
  },
];

/** body_format_override. */
export const FORMATS: readonly ReplyCase[] = [
  { name: "a format", mapper: { body_format_override: text(TELL) } },
  { name: "a format of a new body", mapper: { ...EMPHATIC, body_format_override: text(`${TELL}\n%START_TIME(%Y)%`) } },
  {
    name: "a format with a type",
    mapper: { body_format_override: { ...text("<p>%LOCAL_REPLY_BODY%</p>"), content_type: "text/html" } },
  },
  {
    name: "a format of JSON",
    path: "/here",
    mapper: { body_format_override: { json_format: { b: "%LOCAL_REPLY_BODY%", a: "%RESPONSE_CODE%" } } },
  },
  {
    name: "a format of JSON and gRPC",
    path: "/here",
    lines: ["content-type: application/grpc"],
    mapper: { body_format_override: { json_format: { b: "%LOCAL_REPLY_BODY%" } } },
  },
  {
    name: "a format of JSON with a type and gRPC",
    path: "/here",
    lines: ["content-type: application/grpc"],
    mapper: { body_format_override: { json_format: { b: "%LOCAL_REPLY_BODY%" }, content_type: "a/b" } },
  },
  {
    name: "a format of bytes",
    mapper: {
      body: { inline_bytes: Buffer.from([0xff, 0x41, 0xc3, 0xa9]).toString("base64") },
      body_format_override: text("ä%LOCAL_REPLY_BODY%|%REQ(x-say)%"),
    },
    lines: ["x-say: \xc3\xa9\xff"],
  },
  {
    name: "JSON of bytes",
    mapper: {
      body: { inline_bytes: Buffer.from([0x41, 0xc3, 0xa9, 0x22, 0x0a, 0x01, 0x7f, 0x5c, 0x2f]).toString("base64") },
      body_format_override: {
        json_format: { ä: "ö%LOCAL_REPLY_BODY%|%REQ(x-say)%", b: "%REQ(x-say)%", c: "%LOCAL_REPLY_BODY%" },
      },
    },
    lines: ["x-say: \xc3\xa9"],
  },
  {
    name: "JSON of no UTF-8",
    mapper: {
      body: { inline_bytes: Buffer.from([0xff, 0x41, 0xc3]).toString("base64") },
      body_format_override: { json_format: { c: "%LOCAL_REPLY_BODY%" } },
    },
  },
  { name: "a format over a length", path: "/typed", mapper: { body_format_override: text("of its own") } },
  {
    name: "a length of the body",
    path: "/here",
    mapper: { body_format_override: text("%LOCAL_REPLY_BODY%|%REQ(:path):2%") },
  },
  {
    name: "a format with formatters",
    path: "/none?a=b",
    mapper: {
      body_format_override: {
        ...text(
          "%REQ_WITHOUT_QUERY(:path)% %METADATA(ROUTE:ns:text)% %PATH(NQ)% %QUERY_PARAM(a)% %ENVIRONMENT(REPLY_TEXT)%",
        ),
        formatters: FORMATTERS,
      },
    },
  },
  {
    name: "a format with metadata",
    path: "/here",
    mapper: {
      body_format_override: { ...text("%METADATA(ROUTE:ns:text)% %METADATA(ROUTE:ns)%"), formatters: FORMATTERS },
    },
  },
  {
    name: "JSON with metadata",
    path: "/here",
    mapper: {
      body_format_override: {
        json_format: { all: "%METADATA(ROUTE:ns)%", one: "%METADATA(ROUTE:ns:text)%", no: "%METADATA(ROUTE:none)%" },
        formatters: FORMATTERS,
      },
    },
  },
  {
    name: "a format of the environment",
    mapper: { body_format_override: { text_format_source: { environment_variable: "REPLY_TEXT" } } },
  },
  { name: "an empty format", path: "/here", mapper: { body_format_override: text("") } },
  {
    name: "a field in a format",
    mapper: { ...EMPHATIC, body_format_override: text("%RESP(x-added)% %RESP(server)%") },
  },
  { name: "the manager's format of a new body", manager: "text", mapper: EMPHATIC },
  {
    name: "a format instead of the manager's",
    manager: "json",
    mapper: { body_format_override: text("%LOCAL_REPLY_BODY%") },
  },
  { name: "the manager's JSON of a new body", manager: "json", mapper: EMPHATIC },
  {
    name: "the manager's JSON and a type",
    manager: "json",
    mapper: { headers_to_add: [add("content-type", "text/html")] },
  },
];

/** Envoy sends a body behind these statuses, which have none: what a client of HTTP/1 reads as its next answer. */
export const BODILESS: readonly ReplyCase[] = [204, 304].map((status_code) => ({
  name: `mapped to ${status_code}`,
  path: "/here",
  mapper: { status_code },
}));
