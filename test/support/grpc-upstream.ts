// An HTTP/2 server that answers gRPC calls by the method's name, and remembers what it was asked: neither grpc-js nor ours, so that odd
// answers can be given.
import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";

/** The server. */
export class GrpcUpstream {
  readonly port: number;
  /** Each request as a text: its fields sorted, for proxies order them differently, then the body in hex. */
  readonly requests: string[] = [];
  private readonly server: Http2Server;
  private readonly sessions: Set<ServerHttp2Session>;

  private constructor(server: Http2Server, sessions: Set<ServerHttp2Session>, port: number) {
    this.server = server;
    this.sessions = sessions;
    this.port = port;
    server.on("stream", (stream: ServerHttp2Stream, headers, _flags, raw: readonly string[]) => {
      stream.on("error", () => {});
      const parts: Buffer[] = [];
      stream.on("data", (bytes: Buffer) => parts.push(bytes));
      stream.on("end", () => {
        const body = Buffer.concat(parts);
        this.requests.push(`${fieldLines(raw).split("\n").sort().join("\n")}\nbody ${body.toString("hex")}`);
        answer(stream, headers, body);
      });
    });
  }

  /** Listens on a free port. */
  static async start(): Promise<GrpcUpstream> {
    const server = createServer();
    const sessions = new Set<ServerHttp2Session>();
    server.on("session", (session) => {
      sessions.add(session);
      session.on("error", () => {});
      session.once("close", () => sessions.delete(session));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("not a TCP address");
    return new GrpcUpstream(server, sessions, address.port);
  }

  /** Ends it with its connections. */
  async stop(): Promise<void> {
    for (const session of this.sessions) session.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

/** `name: value` lines of a raw field list. */
export function fieldLines(raw: readonly string[]): string {
  return raw.flatMap((text, i) => (i % 2 === 0 ? [`${text}: ${raw[i + 1]}`] : [])).join("\n");
}

/** A message with its prefix. */
export function grpcMessage(payload: string | Uint8Array): Buffer {
  const bytes = Buffer.from(payload);
  const frame = Buffer.alloc(5 + bytes.length);
  frame.writeUInt32BE(bytes.length, 1);
  frame.set(bytes, 5);
  return frame;
}

function answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, body: Buffer): void {
  const method = /\/(\w+)(?:\?.*)?$/.exec(String(headers[":path"]))?.[1] ?? "";
  const say = ANSWERS[method] ?? echo;
  if (!stream.destroyed) say(stream, body);
}

type Answer = (stream: ServerHttp2Stream, body: Buffer) => void;

const GRPC = { ":status": 200, "content-type": "application/grpc" };

function withTrailers(stream: ServerHttp2Stream, trailers: Readonly<Record<string, string>>, body: Uint8Array): void {
  stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  stream.respond(GRPC, { waitForTrailers: true });
  stream.end(body);
}

const echo: Answer = (stream, body) => withTrailers(stream, { "grpc-status": "0", "x-tail": "t" }, body);

const ANSWERS: Readonly<Record<string, Answer>> = {
  Echo: echo,
  Empty: (stream) => withTrailers(stream, { "grpc-status": "0" }, Buffer.alloc(0)),
  /** Trailers only. */
  Fail: (stream) => stream.respond({ ...GRPC, "grpc-status": "5", "grpc-message": "none here" }, { endStream: true }),
  /** An answer that fails at its end. */
  Late: (stream) => withTrailers(stream, { "grpc-status": "13", "grpc-message": "broke%20off" }, grpcMessage("a")),
  Odd: (stream) => withTrailers(stream, { "grpc-status": "what" }, grpcMessage("a")),
  Ten: (stream) => withTrailers(stream, { "grpc-status": "0" }, Buffer.concat(Array(10).fill(grpcMessage("abc")))),
  Big: (stream) => withTrailers(stream, { "grpc-status": "0" }, grpcMessage(Buffer.alloc(300_000, 7))),
  Huge: (stream) => withTrailers(stream, { "grpc-status": "0" }, grpcMessage(Buffer.alloc(1_200_000, 7))),
  Plain: (stream) => {
    stream.respond({ ":status": 503, "content-type": "text/plain" });
    stream.end("busy: 100%");
  },
  Html: (stream) => {
    stream.respond({ ":status": 200, "content-type": "text/html", "content-length": "4" });
    stream.end("<p/>");
  },
  /** More text than a message takes. */
  Long: (stream) => {
    stream.respond({ ":status": 404, "content-type": "text/plain" });
    stream.end("é".repeat(20_000));
  },
  Reset: (stream) => stream.close(2),
};
