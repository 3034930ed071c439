// Endpoints that speak HTTP/2, for probes.full.test.ts: gRPC checks and HTTP checks with that codec, and what the endpoint answers.
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { ProbeCase } from "./probe-cases.ts";

type Answer = (stream: ServerHttp2Stream, session: ServerHttp2Session) => void;

/** A server that records the fields and the body of each request as text, in their order. */
const serves =
  (answer: Answer): ProbeCase["opens"] =>
  async (bench) => {
    const server = createServer();
    const door = await bench.serving(server);
    server.on("session", (session) => session.on("error", () => {}));
    server.on("stream", (stream, _headers, _flags, raw: string[]) => {
      const chunks: Buffer[] = [];
      stream.on("error", () => {});
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        door.requests.push(`${fieldsOf(raw)}\n\n${Buffer.concat(chunks).toString("hex")}`);
        answer(stream, stream.session as ServerHttp2Session);
      });
    });
    return door;
  };

const AUTHORITY = "hc.example";
const http = { check: { http_health_check: { path: "/livez", host: AUTHORITY, codec_client_type: "HTTP2" } } };

const OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

const grpc = (fields: Readonly<Record<string, unknown>> = {}): Pick<ProbeCase, "check" | "cluster"> => ({
  check: { grpc_health_check: { authority: AUTHORITY, ...fields } },
  cluster: {
    typed_extension_protocol_options: {
      [OPTIONS]: {
        "@type": `type.googleapis.com/${OPTIONS}`,
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
  },
});

/** Answers 200 with this body (hexadecimal) and these trailers. */
const grpcAnswer = (body: string, trailers: Readonly<Record<string, string>> = { "grpc-status": "0" }): Answer => {
  return (stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers(trailers));
    stream.end(Buffer.from(body, "hex"));
  };
};

/** A head and nothing else. */
const headOnly =
  (fields: Readonly<Record<string, string | number>>, endStream: boolean = true): Answer =>
  (stream) =>
    stream.respond(fields, { endStream });

const ok: Answer = (stream) => {
  stream.respond({ ":status": 200 });
  stream.end("ok");
};

const header = (key: string, value: string): unknown => ({ header: { key, value } });

/** One frame, status 1. */
const SERVING = "00000000020801";
/** The same with a field of 8,192 bytes before it that nobody knows. */
const LONG = `0000002005128040${"00".repeat(8_192)}0801`;
const GRPC = { ":status": 200, "content-type": "application/grpc" } as const;

/** All of them. */
export const HTTP2_PROBE_CASES: readonly ProbeCase[] = [
  { name: "HTTP/2", ...http, opens: serves(ok) },
  { name: "HTTP/2 and an unexpected status", ...http, opens: serves(headOnly({ ":status": 503 })) },
  {
    name: "HTTP/2 and an interim answer",
    ...http,
    opens: serves((stream, session) => {
      stream.additionalHeaders({ ":status": 103, link: "</a>" });
      ok(stream, session);
    }),
  },
  { name: "HTTP/2 and a reset", ...http, opens: serves((stream) => stream.close(2)) },
  {
    name: "HTTP/2 and GOAWAY before the answer",
    ...http,
    opens: serves((stream, session) => {
      session.goaway(0);
      ok(stream, session);
    }),
  },
  {
    name: "HTTP/2 and GOAWAY with an error before the answer",
    ...http,
    opens: serves((stream, session) => {
      session.goaway(2);
      ok(stream, session);
    }),
  },
  { name: "gRPC", ...grpc({ service_name: "svc" }), opens: serves(grpcAnswer(SERVING)) },
  {
    name: "gRPC and metadata",
    ...grpc({
      initial_metadata: [
        header("user-agent", "mine"),
        header("content-type", "application/x"),
        header("x-a", "1"),
        header("x-a", "2"),
        header("grpc-timeout", "9S"),
      ],
    }),
    opens: serves(grpcAnswer(SERVING)),
  },
  { name: "gRPC NOT_SERVING", ...grpc(), opens: serves(grpcAnswer("00000000020802")) },
  { name: "gRPC without a status in its message", ...grpc(), opens: serves(grpcAnswer("0000000000")) },
  { name: "gRPC without a message", ...grpc(), opens: serves(grpcAnswer("")) },
  { name: "gRPC with an error", ...grpc(), opens: serves(grpcAnswer("", { "grpc-status": "5" })) },
  { name: "gRPC with an error after a message", ...grpc(), opens: serves(grpcAnswer(SERVING, { "grpc-status": "5" })) },
  { name: "gRPC without grpc-status", ...grpc(), opens: serves(grpcAnswer(SERVING, { a: "b" })) },
  {
    name: "gRPC with a grpc-status that is none",
    ...grpc(),
    opens: serves(grpcAnswer(SERVING, { "grpc-status": "x" })),
  },
  { name: "gRPC trailers only, fine", ...grpc(), opens: serves(headOnly({ ...GRPC, "grpc-status": "0" })) },
  { name: "gRPC trailers only, an error", ...grpc(), opens: serves(headOnly({ ...GRPC, "grpc-status": "12" })) },
  { name: "gRPC and 503", ...grpc(), opens: serves(headOnly({ ":status": 503 }, false)) },
  { name: "gRPC and HTML", ...grpc(), opens: serves(headOnly({ ...GRPC, "content-type": "text/html" }, false)) },
  { name: "gRPC, compressed", ...grpc(), opens: serves(grpcAnswer("01000000020801")) },
  { name: "gRPC, flags that are none", ...grpc(), opens: serves(grpcAnswer("ff000000020801")) },
  { name: "gRPC, two messages", ...grpc(), opens: serves(grpcAnswer(SERVING + SERVING)) },
  { name: "gRPC, a message and an empty one", ...grpc(), opens: serves(grpcAnswer(`${SERVING}0000000000`)) },
  {
    name: "gRPC, a long message",
    ...grpc(),
    opens: serves(grpcAnswer(LONG)),
    differs: "its field of 8 KiB is not waited for: an answer to a check is short",
  },
  { name: "gRPC, half a frame", ...grpc(), opens: serves(grpcAnswer("0000000009")) },
  { name: "gRPC, no protobuf", ...grpc(), opens: serves(grpcAnswer("0000000002ffff")) },
  { name: "gRPC, a field of a later schema", ...grpc(), opens: serves(grpcAnswer("000000000a1203616263080118ff01")) },
  { name: "gRPC and a reset", ...grpc(), opens: serves((stream) => stream.close(2)) },
  { name: "gRPC and no answer", ...grpc(), opens: serves(() => {}), isSilent: true },
  {
    name: "gRPC and GOAWAY before the answer",
    ...grpc(),
    opens: serves((stream, session) => {
      session.goaway(0);
      grpcAnswer(SERVING)(stream, session);
    }),
  },
  {
    name: "gRPC and GOAWAY with an error before the answer",
    ...grpc(),
    opens: serves((stream, session) => {
      session.goaway(2);
      grpcAnswer(SERVING)(stream, session);
    }),
  },
];

/** `name: value` lines; those of the pseudo-headers sorted, because their order says nothing. */
function fieldsOf(raw: readonly string[]): string {
  const lines = Array.from({ length: raw.length / 2 }, (_, i) => `${raw[2 * i]}: ${raw[2 * i + 1]}`);
  const pseudo = lines.filter((line) => line.startsWith(":")).sort();
  return [...pseudo, ...lines.filter((line) => !line.startsWith(":"))].join("\n");
}
