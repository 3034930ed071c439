// A collector of Zipkin for tests: takes API v2 in JSON and in protobuf, and answers 202.
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { bytesIn, fieldsOf, hexIn, numberIn, textIn } from "./wire-fields.ts";

/** A span as it came, in the words of Zipkin's JSON; what is missing is missing. */
export interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly timestamp?: number;
  readonly duration?: number;
  readonly shared?: boolean;
  readonly localEndpoint?: Readonly<Record<string, unknown>>;
  readonly annotations?: readonly { readonly timestamp: number; readonly value: string }[];
  readonly tags?: Readonly<Record<string, string>>;
}

/** The collector. */
export class ZipkinSink {
  readonly spans: ZipkinSpan[] = [];
  /** Fields of the heads that came, their paths included. */
  readonly heads: (IncomingHttpHeaders & { readonly path: string })[] = [];
  /** What it answers. */
  status: number = 202;
  readonly port: number;
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
    this.port = (server.address() as { port: number }).port;
  }

  /** Listens on a free port. */
  static async start(): Promise<ZipkinSink> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const sink = new ZipkinSink(server);
    server.on("request", (request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const body = Buffer.concat(parts);
        sink.heads.push({ ...request.headers, path: request.url ?? "" });
        const isJson = request.headers["content-type"] === "application/json";
        sink.spans.push(...(isJson ? (JSON.parse(body.toString("utf8")) as ZipkinSpan[]) : readZipkinSpans(body)));
        response.writeHead(sink.status).end();
      });
    });
    return sink;
  }

  stop(): void {
    this.server.close().closeAllConnections();
  }
}

/** Spans of a ListOfSpans (zipkin.proto). */
export function readZipkinSpans(body: Uint8Array): ZipkinSpan[] {
  return bytesIn(fieldsOf(body), 1).map((bytes) => {
    const fields = fieldsOf(bytes);
    const parentId = hexIn(fields, 2);
    const endpoint = fieldsOf(bytesIn(fields, 8)[0] ?? new Uint8Array(0));
    return {
      traceId: hexIn(fields, 1),
      id: hexIn(fields, 3),
      ...(parentId === "" ? {} : { parentId }),
      kind: numberIn(fields, 4) === 1n ? "CLIENT" : "SERVER",
      name: textIn(fields, 5),
      timestamp: Number(numberIn(fields, 6)),
      duration: Number(numberIn(fields, 7)),
      ...(numberIn(fields, 13) === 1n ? { shared: true } : {}),
      localEndpoint: { serviceName: textIn(endpoint, 1), ipv4: [...(bytesIn(endpoint, 2)[0] ?? [])].join(".") },
      annotations: bytesIn(fields, 10).map((bytes) => {
        const annotation = fieldsOf(bytes);
        return { timestamp: Number(numberIn(annotation, 1)), value: textIn(annotation, 2) };
      }),
      tags: Object.fromEntries(
        bytesIn(fields, 11).map((bytes) => {
          const pair = fieldsOf(bytes);
          return [textIn(pair, 1), textIn(pair, 2)];
        }),
      ),
    };
  });
}
