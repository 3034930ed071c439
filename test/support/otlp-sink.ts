// A collector of spans for tests: takes OTLP over HTTP/1.1 and over gRPC, reads what it is sent, and answers as it is told to.
import { createServer, type Server } from "node:http";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { Server as GrpcServer, ServerCredentials, type UntypedHandleCall } from "@grpc/grpc-js";
import { bytesMethod } from "../../src/control/grpc/bidi-server.ts";
import { eventually } from "./nodes.ts";

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
  /** Requests that came, taken or not. */
  requests: number = 0;
  /** Fields of the newest one's head. */
  headers: Readonly<Record<string, unknown>> = {};
  /** What it answers over HTTP; 0: nothing, ever. */
  status: number = 200;
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
        sink.requests++;
        sink.headers = request.headers;
        if (sink.status === 200) sink.spans.push(...readSpans(Buffer.concat(parts)));
        if (sink.status !== 0) response.writeHead(sink.status).end();
      });
    });
    const unary = { ...bytesMethod(PATH), requestStream: false, responseStream: false };
    const handle = (call: { readonly request: Uint8Array }, done: (error: null, answer: Uint8Array) => void): void => {
      sink.requests++;
      sink.spans.push(...readSpans(call.request));
      done(null, new Uint8Array(0));
    };
    grpc.addService({ export: unary }, { export: handle as UntypedHandleCall });
    return sink;
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

const PATH = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/** A message's fields by number: bytes, texts and numbers as they are on the wire. */
function fieldsOf(bytes: Uint8Array): Map<number, (Uint8Array | bigint)[]> {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, (Uint8Array | bigint)[]>();
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const list = fields.get(number) ?? [];
    fields.set(number, list);
    if (type === WireType.LengthDelimited) list.push(reader.bytes());
    else if (type === WireType.Bit64) list.push(BigInt(reader.fixed64()));
    else if (type === WireType.Varint) list.push(BigInt(reader.int64()));
    else reader.skip(type, number);
  }
  return fields;
}

function readSpans(request: Uint8Array): SeenSpan[] {
  return messages(request, 1).flatMap((resourceSpans) => {
    const resource = messages(resourceSpans, 1)[0] ?? new Uint8Array(0);
    const service = attributesOf(resource, 1).get("service.name") ?? "";
    return messages(resourceSpans, 2).flatMap((scope) => messages(scope, 2).map((span) => readSpan(span, service)));
  });
}

function readSpan(bytes: Uint8Array, service: string): SeenSpan {
  const fields = fieldsOf(bytes);
  const hex = (number: number): string => Buffer.from((fields.get(number)?.[0] as Uint8Array) ?? []).toString("hex");
  const whole = (number: number): bigint => (fields.get(number)?.[0] as bigint | undefined) ?? 0n;
  const status = messages(bytes, 15)[0];
  return {
    service,
    traceId: hex(1),
    spanId: hex(2),
    parentId: hex(4),
    name: Buffer.from((fields.get(5)?.[0] as Uint8Array) ?? []).toString(),
    kind: Number(whole(6)),
    attributes: attributesOf(bytes, 9),
    events: messages(bytes, 11).map((event) => Buffer.from(messages(event, 2)[0] ?? []).toString()),
    isError: status !== undefined && fieldsOf(status).get(3)?.[0] === 2n,
    startNs: whole(7),
    endNs: whole(8),
  };
}

function messages(bytes: Uint8Array, number: number): Uint8Array[] {
  return (fieldsOf(bytes).get(number) ?? []) as Uint8Array[];
}

function attributesOf(bytes: Uint8Array, number: number): Map<string, string> {
  return new Map(
    messages(bytes, number).map((pair) => {
      const [name, value] = [messages(pair, 1)[0], messages(pair, 2)[0]];
      const [[of] = []] = [...fieldsOf(value ?? new Uint8Array(0)).values()];
      return [
        Buffer.from(name ?? []).toString(),
        typeof of === "bigint" ? String(of) : Buffer.from(of ?? []).toString(),
      ];
    }),
  );
}
