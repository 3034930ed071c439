// What spans for Zipkin say: Envoy's tags, under Envoy's names.
import { H } from "../../protocol/header-names.ts";
import { SpanKey, type SpanWriter } from "../../telemetry/span-writer.ts";
import { type SpanWords, statusOf, type TracedCluster, type TracedRequest } from "./traced-request.ts";

/** Of Zipkin's tracer. */
export const ENVOY_WORDS: SpanWords = {
  request(writer, request, original, pathLengthMax) {
    const { flags, request: head, response, router } = request;
    if (head !== null) {
      const { bytes } = head;
      const host = bytes.latin1Slice(original.authorityStart, original.authorityEnd);
      const path = bytes.latin1Slice(
        original.pathStart,
        Math.min(original.pathEnd, original.pathStart + pathLengthMax),
      );
      const scheme = head.value(H.X_FORWARDED_PROTO) ?? head.value(H.PSEUDO_SCHEME) ?? "http";
      writeIfAny(writer, KEY.requestId, head.value(H.X_REQUEST_ID));
      writer.text(KEY.url, `${scheme}://${host}${path}`);
      writer.text(KEY.method, head.value(H.PSEUDO_METHOD) ?? "");
      writer.text(KEY.downstreamCluster, head.valueByName("x-envoy-downstream-service-cluster") ?? "-");
      writer.text(KEY.userAgent, head.value(H.USER_AGENT) ?? "-");
      writer.text(KEY.protocol, PROTOCOLS[request.protocol]);
      writeIfAny(writer, KEY.peer, request.operator("DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT", NO_ARGUMENTS));
      writeIfAny(writer, KEY.clientTraceId, head.value(H.X_CLIENT_TRACE_ID));
      if (request.isGrpc) {
        writer.text(KEY.grpcPath, path);
        writer.text(KEY.grpcAuthority, host);
        writeIfAny(writer, KEY.grpcContentType, head.value(H.CONTENT_TYPE));
        writeIfAny(writer, KEY.grpcTimeout, head.valueByName("grpc-timeout"));
      }
    }
    writer.number(KEY.requestBytes, request.bytesReceived);
    writer.number(KEY.responseBytes, response.bytesSent);
    writeCommon(writer, router.cluster, statusOf(request), flags);
    writeIfAny(writer, KEY.grpcStatus, response.grpcStatus);
    if (isGrpcError(request)) writer.text(KEY.error, "true");
  },

  attempt(writer, { call, cluster, flags, number, status }) {
    if (number > 1) writer.number(KEY.retries, number - 1);
    const protocol = call.stream?.protocol ?? "raw";
    writer.text(KEY.protocol, protocol === "raw" ? "-" : PROTOCOLS[protocol]);
    if (call.endpoint !== null) {
      writer.text(KEY.upstream, call.endpoint.text);
      writer.text(KEY.peer, call.endpoint.text);
    }
    writeCommon(writer, cluster, status, flags);
  },
};

function writeCommon(writer: SpanWriter, cluster: TracedCluster | null, status: number, flags: string): void {
  writer.text(KEY.component, "proxy");
  if (cluster !== null) {
    writer.text(KEY.cluster, cluster.plan.name);
    writer.text(KEY.clusterName, cluster.plan.statName);
  }
  writer.number(KEY.status, status);
  writer.text(KEY.flags, flags || "-");
  if (status === 0 || status >= 500) writer.text(KEY.error, "true");
}

function writeIfAny(writer: SpanWriter, key: SpanKey, value: string | undefined): void {
  if (value !== undefined && value !== "") writer.text(key, value);
}

/** Codes that say that the upstream is at fault, not the caller. */
function isGrpcError({ isGrpc, response }: TracedRequest): boolean {
  return isGrpc && GRPC_FAULTS.has(response.grpcStatus ?? "") && response.status < 500;
}

const GRPC_FAULTS: ReadonlySet<string> = new Set(["2", "4", "8", "12", "13", "14", "15"]);
const PROTOCOLS = { http1: "HTTP/1.1", http2: "HTTP/2" } as const;
const NO_ARGUMENTS: readonly string[] = [];
const KEY = {
  component: new SpanKey("component"),
  requestId: new SpanKey("guid:x-request-id"),
  clientTraceId: new SpanKey("guid:x-client-trace-id"),
  url: new SpanKey("http.url"),
  method: new SpanKey("http.method"),
  protocol: new SpanKey("http.protocol"),
  status: new SpanKey("http.status_code"),
  downstreamCluster: new SpanKey("downstream_cluster"),
  userAgent: new SpanKey("user_agent"),
  peer: new SpanKey("peer.address"),
  upstream: new SpanKey("upstream_address"),
  requestBytes: new SpanKey("request_size"),
  responseBytes: new SpanKey("response_size"),
  flags: new SpanKey("response_flags"),
  cluster: new SpanKey("upstream_cluster"),
  clusterName: new SpanKey("upstream_cluster.name"),
  error: new SpanKey("error"),
  retries: new SpanKey("retry.count"),
  grpcPath: new SpanKey("grpc.path"),
  grpcAuthority: new SpanKey("grpc.authority"),
  grpcContentType: new SpanKey("grpc.content_type"),
  grpcTimeout: new SpanKey("grpc.timeout"),
  grpcStatus: new SpanKey("grpc.status_code"),
} as const;
