// What spans for OpenTelemetry say: its stable conventions for HTTP, and what only a proxy knows.
import type { HeaderList } from "../../protocol/header-list.ts";
import { H } from "../../protocol/header-names.ts";
import { SpanKey, type SpanWriter } from "../../telemetry/span-writer.ts";
import { type OriginalPlaces, type SpanWords, statusOf } from "./traced-request.ts";

/** Of OpenTelemetry's tracer. */
export const SEMANTIC_WORDS: SpanWords = {
  request(writer, request, original, pathLengthMax) {
    const { flags, request: head, response, router } = request;
    const status = statusOf(request);
    if (head !== null) writeHead(writer, head, original, pathLengthMax);
    if (request.clientAddress !== "") writer.text(KEY.client, request.clientAddress);
    writer.often(KEY.version, request.protocol === "http2" ? "2" : "1.1");
    writer.number(KEY.status, status);
    writer.number(KEY.requestBytes, request.bytesReceived);
    writer.number(KEY.responseBytes, response.bytesSent);
    if (status === 0 || status >= 500) writer.text(KEY.error, flags || String(status));
    if (request.isGrpc) writeGrpc(writer, response.grpcStatus);
    if (flags !== "") writer.text(KEY.flags, flags);
    if (router.cluster !== null) writer.often(KEY.cluster, router.cluster.plan.name);
    if (router.call.endpoint !== null) writer.often(KEY.upstream, router.call.endpoint.text);
    if (router.attempts > 1) writer.number(KEY.resent, router.attempts - 1);
  },

  attempt(writer, { call, cluster, flags, number, status }, { request: head }) {
    if (head !== null) writeField(writer, KEY.method, head, H.PSEUDO_METHOD);
    if (call.stream !== null && call.stream.protocol !== "raw")
      writer.often(KEY.version, call.stream.protocol === "http2" ? "2" : "1.1");
    if (status !== 0) writer.number(KEY.status, status);
    if (status === 0 || status >= 400) writer.text(KEY.error, flags || String(status || "reset"));
    if (flags !== "") writer.text(KEY.flags, flags);
    writer.often(KEY.cluster, cluster.plan.name);
    if (call.endpoint !== null) writer.often(KEY.upstream, call.endpoint.text);
    if (number > 1) writer.number(KEY.resent, number - 1);
  },
};

function writeHead(
  writer: SpanWriter,
  head: HeaderList,
  { pathStart, pathEnd, authorityStart, authorityEnd }: OriginalPlaces,
  lengthMax: number,
): void {
  const { bytes } = head;
  let queryStart = pathStart;
  while (queryStart < pathEnd && bytes[queryStart] !== QUESTION_MARK) queryStart++;
  writeField(writer, KEY.method, head, H.PSEUDO_METHOD);
  if (!writeField(writer, KEY.scheme, head, H.PSEUDO_SCHEME)) writeField(writer, KEY.scheme, head, H.X_FORWARDED_PROTO);
  writePart(writer, KEY.path, head, pathStart, Math.min(queryStart, pathStart + lengthMax));
  writePart(writer, KEY.query, head, queryStart + 1, Math.min(pathEnd, queryStart + 1 + lengthMax));
  writePart(writer, KEY.server, head, authorityStart, authorityEnd);
  writeField(writer, KEY.userAgent, head, H.USER_AGENT);
  writeField(writer, KEY.requestId, head, H.X_REQUEST_ID);
}

/** Says whether the field is there. What is empty is left out. */
function writeField(writer: SpanWriter, key: SpanKey, head: HeaderList, id: number): boolean {
  const at = head.find(id);
  if (at < 0) return false;
  writePart(writer, key, head, head.valueStart(at), head.valueEnd(at));
  return true;
}

function writePart(writer: SpanWriter, key: SpanKey, head: HeaderList, start: number, end: number): void {
  if (end > start) writer.bytes(key, head, start, end);
}

function writeGrpc(writer: SpanWriter, status: string | undefined): void {
  writer.text(KEY.rpc, "grpc");
  if (status === undefined || status === "") return;
  if (/^\d{1,9}$/.test(status)) writer.number(KEY.grpcStatus, Number(status));
  else writer.text(KEY.grpcStatus, status);
}

const QUESTION_MARK = 0x3f;
const KEY = {
  method: new SpanKey("http.request.method"),
  scheme: new SpanKey("url.scheme"),
  path: new SpanKey("url.path"),
  query: new SpanKey("url.query"),
  server: new SpanKey("server.address"),
  client: new SpanKey("client.address"),
  userAgent: new SpanKey("user_agent.original"),
  version: new SpanKey("network.protocol.version"),
  requestId: new SpanKey("request_id"),
  status: new SpanKey("http.response.status_code"),
  requestBytes: new SpanKey("http.request.body.size"),
  responseBytes: new SpanKey("http.response.body.size"),
  error: new SpanKey("error.type"),
  rpc: new SpanKey("rpc.system"),
  grpcStatus: new SpanKey("rpc.grpc.status_code"),
  flags: new SpanKey("response_flags"),
  cluster: new SpanKey("upstream_cluster"),
  upstream: new SpanKey("upstream_address"),
  resent: new SpanKey("http.request.resend_count"),
} as const;
