// The services that the snippets of the health-check document check, each telling what its first probe was.
import { createServer, type Server } from "node:http";
import { createServer as createHttp2Server, type Http2Server } from "node:http2";
import { createServer as createTcpServer, type Server as TcpServer } from "node:net";

/** What a snippet checks with. */
export type SnippetKind = "http" | "tcp" | "grpc";

/** A listening service. */
export interface SnippetBackend {
  /** Resolves with what the first probe was, a line a fact. */
  readonly firstProbe: Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** Listens on a port of loopback. */
export async function snippetBackend(kind: SnippetKind, port: number): Promise<SnippetBackend> {
  const { promise, resolve } = Promise.withResolvers<readonly string[]>();
  const server = SERVERS[kind](resolve);
  await new Promise<void>((listens) => server.listen(port, "127.0.0.1", listens));
  // Connections that stay end with their client, which the test stops first.
  const stop = (): Promise<void> => new Promise((closed) => server.close(() => closed()));
  return { firstProbe: promise, stop };
}

type Told = (facts: readonly string[]) => void;

/** Answers 200. */
function httpServer(told: Told): Server {
  const server = createServer((request, response) => {
    const pairs = request.rawHeaders.flatMap((name, i, all) => (i % 2 === 0 ? [`${name}: ${all[i + 1]}`] : []));
    told([`${request.method} ${request.url}`, ...pairs]);
    response.end("fine");
  });
  return server;
}

/** Accepts and says nothing. */
function tcpServer(told: Told): TcpServer {
  return createTcpServer((socket) => {
    let bytes = 0;
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    socket.on("close", () => told([`a connection of ${bytes} bytes`]));
  });
}

/** Answers SERVING. */
function grpcServer(told: Told): Http2Server {
  const server = createHttp2Server();
  server.on("stream", (stream, headers) => {
    const message: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => message.push(chunk));
    stream.on("end", () => {
      // In any order: pseudo-headers have none.
      const named = Object.entries(headers)
        .map(([name, value]) => `${name}: ${value}`)
        .sort();
      told([...named, Buffer.concat(message).toString("latin1")]);
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(SERVING);
    });
  });
  return server;
}

const SERVERS: Readonly<Record<SnippetKind, (told: Told) => Server | TcpServer | Http2Server>> = {
  http: httpServer,
  tcp: tcpServer,
  grpc: grpcServer,
};

/** A gRPC frame with HealthCheckResponse { status: SERVING }. */
const SERVING: Buffer = Buffer.from([0, 0, 0, 0, 2, 8, 1]);
