// Endpoints of health checks that answer, lie, fall silent or go away as a test tells them to, on ports of loopback.
import { createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import { createServer, type Server, type Socket } from "node:net";

/** What checks an endpoint. */
export type CheckKind = "http" | "tcp" | "grpc";

/** One endpoint. It begins with `200`, which every kind takes for a pass. */
export class LyingEndpoint {
  /** Probes that said something. */
  probes: number = 0;
  private readonly port: number;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private word = "200";

  /** `onProbe` is called with every probe. */
  constructor(kind: CheckKind, port: number, onProbe: () => void) {
    this.port = port;
    this.server = SERVERS[kind](() => {
      onProbe();
      this.probes++;
      return this.word;
    });
    this.server.on("connection", (socket: Socket) => {
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
      socket.on("error", () => {}); // a probe that was given up
    });
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.server.listen(this.port, "127.0.0.1", resolve));
  }

  /** From now on it answers so; `closed`: nobody listens. */
  async say(word: string): Promise<void> {
    const wasClosed = this.word === "closed";
    this.word = word;
    if (word === "closed") await this.stop();
    else if (wasClosed) await this.listen();
  }

  stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}

type Ask = () => string;

/** HTTP/1.1 on bare sockets, for only they can lie. Paths that end with /fail are no probes. */
function httpServer(ask: Ask): Server {
  return createServer((socket) => {
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      for (let end = text.indexOf(HEAD_END); end >= 0; end = text.indexOf(HEAD_END)) {
        const path = text.split(" ", 2)[1] ?? "";
        text = text.slice(end + HEAD_END.length);
        if (path.endsWith("/fail")) socket.write(head("200", "x-envoy-immediate-health-check-fail: 1\r\n"));
        else if (path.startsWith("/hc")) answerHttp(socket, wordFor(path, ask()));
        else socket.write(head("200"));
      }
    });
  });
}

/** `200/503`: the first for /hc, the second for /hc-second. */
function wordFor(path: string, words: string): string {
  const [first = "", second = first] = words.split("/");
  return path === "/hc-second" ? second : first;
}

function answerHttp(socket: Socket, word: string): void {
  const lie = LIES.get(word);
  const [kind, service] = word.split(":");
  if (lie !== undefined) lie(socket);
  else if (kind === "svc") socket.write(head("200", `x-envoy-upstream-healthchecked-cluster: ${service}\r\n`));
  else socket.write(head(word));
}

const LIES: ReadonlyMap<string, (socket: Socket) => void> = new Map<string, (socket: Socket) => void>([
  ["hang", () => {}],
  ["reset", (socket: Socket) => socket.resetAndDestroy()],
  ["degraded", (socket: Socket) => void socket.write(head("200", "x-envoy-degraded: true\r\n"))],
  ["garbage", (socket: Socket) => void socket.end("\u0000\u0001garbage\r\n\r\n")],
  ["half", (socket: Socket) => void socket.write("HTTP/1.1 20")],
  ["flood", (socket: Socket) => void socket.end(head("200", `x-flood: ${"f".repeat(200_000)}\r\n`))],
]);

function head(status: string, more: string = ""): string {
  return `HTTP/1.1 ${status} Word\r\ncontent-length: 0\r\n${more}\r\n`;
}

/** Answers PING, and is probed by a connection alone when nothing is sent. */
function tcpServer(ask: Ask): Server {
  return createServer((socket) => {
    socket.on("data", () => socket.write(ask() === "bad" ? "NOPE" : "PONG"));
  });
}

/** grpc.health.v1.Health/Check. */
function grpcServer(ask: Ask): Server {
  const server = createHttp2Server();
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.on("error", () => {});
    stream.resume().on("end", () => answerGrpc(stream, ask()));
  });
  server.on("sessionError", () => {});
  return server as unknown as Server;
}

function answerGrpc(stream: ServerHttp2Stream, word: string): void {
  if (word === "HANG") return;
  const error = /^ERR_(\d+)$/.exec(word)?.[1];
  if (error !== undefined) {
    stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": error }, { endStream: true });
    return;
  }
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(Buffer.from([0, 0, 0, 0, 2, 8, SERVING_STATUS.get(word) ?? 1]));
}

const SERVERS: Readonly<Record<CheckKind, (ask: Ask) => Server>> = {
  http: httpServer,
  tcp: tcpServer,
  grpc: grpcServer,
};

const SERVING_STATUS: ReadonlyMap<string, number> = new Map([
  ["UNKNOWN", 0],
  ["SERVING", 1],
  ["NOT_SERVING", 2],
  ["SERVICE_UNKNOWN", 3],
]);

const HEAD_END = "\r\n\r\n";
