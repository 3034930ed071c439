// An upstream that answers each attempt of a request as the request's own script says, and remembers every attempt: how proxies retry
// is seen from here. `x-case` names the request, `x-script` holds one word for each attempt, with `|` between.
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Stream } from "node:http2";
import { createServer, type Server, type Socket } from "node:net";

/** One attempt as the upstream saw it. */
export interface SeenAttempt {
  /** Value of x-case. */
  readonly of: string;
  /** performance.now() when its head was complete. */
  readonly atMs: number;
  /** Lower-case names and values. */
  readonly headers: ReadonlyMap<string, string>;
  /** Body bytes that were read before the answer. */
  readonly bodyBytes: number;
}

/**
 * The server. A word is a status with header fields behind it (`503 retry-after=1`), or a lie: `close`, `reset`, `hang`; `cut` breaks off in
 * the head, `half` in the body, `late` answers after a while, `held` when it is released, `stall` falls silent in it, `hint` sends 103 before it resets. HTTP/2 knows `rst7` (RST_STREAM with that code), `goaway2`,
 * and `grpc14` (trailers only) and `late14` (in trailers) instead of `half`.
 */
export class LyingUpstream {
  readonly port: number;
  readonly attempts: SeenAttempt[] = [];
  /** Connections that are open. */
  readonly sockets: Set<Socket> = new Set();
  private readonly server: Server;
  private readonly counts = new Map<string, number>();
  private readonly gates = new Map<string, PromiseWithResolvers<void>>();

  private constructor(protocol: "http1" | "http2", port: number) {
    this.server = protocol === "http1" ? this.http1() : this.http2();
    this.port = port;
    this.server.on("connection", (socket: Socket) => {
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
      socket.on("error", () => {});
    });
  }

  /** Listens on a free port, or on this one. */
  static async start(protocol: "http1" | "http2", port: number = 0): Promise<LyingUpstream> {
    const bare = new LyingUpstream(protocol, port);
    await new Promise<void>((resolve) => bare.server.listen(port, "127.0.0.1", resolve));
    const address = bare.server.address();
    if (address === null || typeof address === "string") throw new Error("not a TCP address");
    return Object.assign(bare, { port: address.port });
  }

  /** Attempts of one request, in their order. */
  of(name: string): SeenAttempt[] {
    return this.attempts.filter((one) => one.of === name);
  }

  /** Answers what is held of one request, and what comes. */
  release(name: string): void {
    this.gate(name).resolve();
  }

  stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  /** Remembers an attempt; answers the word of its script. */
  private see(headers: ReadonlyMap<string, string>, bodyBytes: number): string {
    const of = headers.get("x-case") ?? "";
    const index = this.counts.get(of) ?? 0;
    this.counts.set(of, index + 1);
    this.attempts.push({ of, atMs: performance.now(), headers, bodyBytes });
    const words = (headers.get("x-script") ?? "200").split("|");
    return words[index] ?? words.at(-1) ?? "200";
  }

  private gate(name: string): PromiseWithResolvers<void> {
    const gate = this.gates.get(name) ?? Promise.withResolvers<void>();
    this.gates.set(name, gate);
    return gate;
  }

  private http1(): Server {
    return createServer((socket) => {
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk.toString("latin1");
        for (let request = wholeRequest(text); request !== null; request = wholeRequest(text)) {
          text = text.slice(request.length);
          const word = this.see(request.headers, request.bodyBytes);
          if (word === "held") void this.gate(request.headers.get("x-case") ?? "").promise.then(() => socket.write(OK));
          else answerHttp1(socket, word);
        }
      });
    });
  }

  private http2(): Http2Server {
    const server = createHttp2Server();
    server.on("sessionError", () => {});
    server.on("stream", (stream: ServerHttp2Stream, fields) => {
      let bodyBytes = 0;
      const headers = new Map(Object.entries(fields).map(([name, value]) => [name, String(value)]));
      stream.on("error", () => {});
      stream.on("data", (chunk: Buffer) => {
        bodyBytes += chunk.length;
      });
      stream.on("end", () => answerHttp2(stream, this.see(headers, bodyBytes)));
    });
    return server;
  }
}

interface WholeRequest {
  readonly headers: ReadonlyMap<string, string>;
  readonly bodyBytes: number;
  readonly length: number;
}

/** The first request of a text; null: there is more to come. */
function wholeRequest(text: string): WholeRequest | null {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const lines = text.slice(0, end).split("\r\n").slice(1);
  const headers = new Map(lines.map((line) => split(line.toLowerCase(), ": ")));
  const start = end + 4;
  if (headers.get("transfer-encoding") === "chunked") {
    const last = text.indexOf("0\r\n\r\n", start);
    return last < 0 ? null : { headers, bodyBytes: last - start, length: last + 5 };
  }
  const bodyBytes = Number(headers.get("content-length") ?? 0);
  return text.length < start + bodyBytes ? null : { headers, bodyBytes, length: start + bodyBytes };
}

function answerHttp1(socket: Socket, word: string): void {
  const lie = LIES.get(word);
  if (lie !== undefined) {
    lie(socket);
    return;
  }
  const [status = "", ...fields] = word.split(" ");
  const lines = fields.map((field) => `${split(field, "=").join(": ")}\r\n`).join("");
  socket.write(`HTTP/1.1 ${status} Word\r\n${lines}content-length: 4\r\n\r\nbody`);
}

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody";

const LIES: ReadonlyMap<string, (socket: Socket) => void> = new Map<string, (socket: Socket) => void>([
  ["close", (socket: Socket) => void socket.end()],
  ["reset", (socket: Socket) => socket.resetAndDestroy()],
  ["hang", () => {}],
  ["late", (socket: Socket) => void setTimeout(() => socket.write(OK), 1_500)],
  ["half", (socket: Socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")],
  ["cut", (socket: Socket) => void socket.end("HTTP/1.1 20")],
  ["stall", (socket: Socket) => void socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")],
  ["hint", (socket: Socket) => void socket.end("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n")],
]);

function answerHttp2(stream: ServerHttp2Stream, word: string): void {
  const [, kind = "", number = ""] = /^([a-z]+)(\d*)$/.exec(word) ?? [];
  const code = Number(number);
  if (kind === "rst") stream.close(code);
  else if (kind === "goaway") {
    stream.session?.goaway(code);
    stream.session?.destroy(undefined, code);
  } else if (kind === "close" || kind === "reset") stream.session?.destroy();
  else if (kind === "grpc") {
    stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": number }, { endStream: true });
  } else if (kind === "late") {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": number }));
    stream.end(Buffer.from([0, 0, 0, 0, 0]));
  } else if (kind !== "hang") {
    const [status = "", ...fields] = word.split(" ");
    stream.respond({ ...Object.fromEntries(fields.map((field) => split(field, "="))), ":status": Number(status) });
    stream.end("body");
  }
}

function split(text: string, by: string): [string, string] {
  const at = text.indexOf(by);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + by.length)];
}
