// A collector for tests: takes spans, metrics and logs over HTTP/1.1 and over gRPC, reads what it is sent, and answers as it is told to.
import { createServer, type Server } from "node:http";
import { Server as GrpcServer, ServerCredentials, type UntypedHandleCall } from "@grpc/grpc-js";
import { bytesMethod } from "../../src/control/grpc/bidi-server.ts";
import { eventually } from "./nodes.ts";
import { type Message, readExport } from "./otlp-proto.ts";
import { bytesIn, fieldsOf, hexIn, numberIn, textIn, type WireFields } from "./wire-fields.ts";

/** One span as it came. */
export interface SeenSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly name: string;
  /** 2: server, 3: client. */
  readonly kind: number;
  readonly attributes: ReadonlyMap<string, string>;
  readonly events: readonly string[];
  readonly isError: boolean;
  readonly startNs: bigint;
  readonly endNs: bigint;
}

/** The collector. */
export class OtlpSink {
  readonly spans: SeenSpan[] = [];
  /** Exports of metrics and of logs, each with how it came. */
  readonly metrics: Message[] = [];
  readonly logs: Message[] = [];
  /** Requests that came, taken or not. */
  requests: number = 0;
  /** Fields of the newest one's head. */
  headers: Readonly<Record<string, unknown>> = {};
  /** What it answers over HTTP; 0: nothing, ever. */
  status: number = 200;
  /** The body of its answers: an Export…ServiceResponse; by default an empty one. */
  answer: Uint8Array = new Uint8Array(0);
  private readonly http: Server;
  private readonly grpc: GrpcServer;
  readonly httpPort: number;
  readonly grpcPort: number;

  private constructor(http: Server, grpc: GrpcServer, grpcPort: number) {
    this.http = http;
    this.grpc = grpc;
    this.httpPort = (http.address() as { port: number }).port;
    this.grpcPort = grpcPort;
  }

  /** Listens on two free ports. */
  static async start(): Promise<OtlpSink> {
    const http = createServer();
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    const grpc = new GrpcServer();
    const port = await new Promise<number>((resolve, reject) =>
      grpc.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    const sink = new OtlpSink(http, grpc, port);
    http.on("request", (request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        sink.headers = request.headers;
        sink.take(request.url ?? "", Buffer.concat(parts), sink.status === 200);
        if (sink.status !== 0) response.writeHead(sink.status).end(sink.answer);
      });
    });
    for (const path of ["trace.v1.Trace", "metrics.v1.Metrics", "logs.v1.Logs"]) {
      const method = `/opentelemetry.proto.collector.${path}Service/Export`;
      const unary = { ...bytesMethod(method), requestStream: false, responseStream: false };
      const handle = (
        call: { readonly request: Uint8Array },
        done: (error: null, answer: Uint8Array) => void,
      ): void => {
        sink.take(method, call.request, true);
        done(null, sink.answer);
      };
      grpc.addService({ export: unary }, { export: handle as UntypedHandleCall });
    }
    return sink;
  }

  private take(path: string, body: Uint8Array, isTaken: boolean): void {
    this.requests++;
    if (!isTaken) return;
    if (/metrics/.test(path)) this.metrics.push(readExport("MetricsRequest", body));
    else if (/logs/.test(path)) this.logs.push(readExport("LogsRequest", body));
    else this.spans.push(...readSpans(body));
  }

  /** Waits until so many spans have come; answers them. */
  async until(count: number): Promise<readonly SeenSpan[]> {
    await eventually(() => Promise.resolve(this.spans.length >= count));
    return this.spans;
  }

  stop(): void {
    this.http.close().closeAllConnections();
    this.grpc.forceShutdown();
  }
}

/** Spans of an ExportTraceServiceRequest. */
export function readSpans(request: Uint8Array): SeenSpan[] {
  return bytesIn(fieldsOf(request), 1).flatMap((bytes) => {
    const resourceSpans = fieldsOf(bytes);
    const resource = fieldsOf(bytesIn(resourceSpans, 1)[0] ?? new Uint8Array(0));
    const service = attributesOf(resource, 1).get("service.name") ?? "";
    const spans = bytesIn(resourceSpans, 2).flatMap((scope) => bytesIn(fieldsOf(scope), 2));
    return spans.map((span) => readSpan(fieldsOf(span), service));
  });
}

function readSpan(fields: WireFields, service: string): SeenSpan {
  const status = fieldsOf(bytesIn(fields, 15)[0] ?? new Uint8Array(0));
  return {
    service,
    traceId: hexIn(fields, 1),
    spanId: hexIn(fields, 2),
    parentId: hexIn(fields, 4),
    name: textIn(fields, 5),
    kind: Number(numberIn(fields, 6)),
    attributes: attributesOf(fields, 9),
    events: bytesIn(fields, 11).map((event) => textIn(fieldsOf(event), 2)),
    isError: numberIn(status, 3) === 2n,
    startNs: numberIn(fields, 7),
    endNs: numberIn(fields, 8),
  };
}

/** KeyValues; a value is its text, whichever type it has. */
function attributesOf(fields: WireFields, number: number): Map<string, string> {
  return new Map(
    bytesIn(fields, number).map((bytes) => {
      const pair = fieldsOf(bytes);
      const [[value] = []] = fieldsOf(bytesIn(pair, 2)[0] ?? new Uint8Array(0)).values();
      return [textIn(pair, 1), typeof value === "bigint" ? String(value) : Buffer.from(value ?? []).toString()];
    }),
  );
}
