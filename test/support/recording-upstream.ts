// An HTTP/1.1 server on a bare socket that reads requests in the strictest way there is, and remembers them with what it could not read.
import { createServer, type Server, type Socket } from "node:net";

/** One whole request. */
export interface SeenRequest {
  readonly startLine: string;
  /** Lines of the head as they came, without the start line. */
  readonly lines: readonly string[];
  readonly framing: "none" | "length" | "chunked";
  readonly body: string;
}

/** The server; every request gets 200 with a short body. */
export class RecordingUpstream {
  readonly port: number;
  /** Whole requests in the order in which they ended. */
  readonly requests: SeenRequest[] = [];
  /** What broke the strict reading: one entry a connection at most. */
  readonly violations: string[] = [];
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  private constructor(server: Server, port: number) {
    this.server = server;
    this.port = port;
    server.on("connection", (socket) => this.serve(socket));
  }

  /** Listens on a free port. */
  static async start(): Promise<RecordingUpstream> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("not a TCP address");
    return new RecordingUpstream(server, address.port);
  }

  /** Ends it with its connections. */
  stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private serve(socket: Socket): void {
    let text = "";
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      for (;;) {
        const read = readRequest(text);
        if (read === "more") return;
        if (typeof read === "string") {
          this.violations.push(`${read}: ${JSON.stringify(text)}`);
          socket.destroy();
          return;
        }
        text = text.slice(read.length);
        this.requests.push(read.request);
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
      }
    });
  }
}

type Read = "more" | `wrong ${string}` | { readonly request: SeenRequest; readonly length: number };

/** The first request of a text by the grammar of RFC 9112, without any of its leniences. */
function readRequest(text: string): Read {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return /(^|[^\r])\n|\r[^\n]/.test(text) ? "wrong line end" : "more";
  const head = text.slice(0, end);
  if (/[^\r]\n|\r[^\n]|[\0\x7f]/.test(head)) return "wrong byte in the head";
  const [startLine = "", ...lines] = head.split("\r\n");
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+ \S+ HTTP\/1\.1$/.test(startLine)) return "wrong start line";
  if (lines.some((line) => !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[ \t]*[^ \t]?/.test(line))) return "wrong field line";
  if (valuesOf(lines, "host").length !== 1) return "wrong number of Host";
  const lengths = valuesOf(lines, "content-length");
  const codings = valuesOf(lines, "transfer-encoding");
  const request = { startLine, lines };
  if (lengths.length + codings.length === 0)
    return { request: { ...request, framing: "none", body: "" }, length: end + 4 };
  if (lengths.length + codings.length > 1) return "wrong framing";
  if (codings.length === 1) return codings[0] === "chunked" ? readChunks(text, end + 4, request) : "wrong coding";
  if (!/^\d{1,15}$/.test(lengths[0] ?? "")) return "wrong length";
  const stop = end + 4 + Number(lengths[0]);
  if (text.length < stop) return "more";
  return { request: { ...request, framing: "length", body: text.slice(end + 4, stop) }, length: stop };
}

function readChunks(text: string, start: number, request: Pick<SeenRequest, "startLine" | "lines">): Read {
  let body = "";
  for (let at = start; ; ) {
    const line = text.indexOf("\r\n", at);
    if (line < 0) return "more";
    const size = text.slice(at, line);
    if (!/^[0-9a-fA-F]{1,8}$/.test(size)) return "wrong chunk size";
    const data = line + 2;
    const length = Number.parseInt(size, 16);
    if (length === 0) {
      const end = text.indexOf("\r\n\r\n", line);
      if (end < 0) return "more";
      return { request: { ...request, framing: "chunked", body }, length: end + 4 };
    }
    if (text.length < data + length + 2) return "more";
    if (text.slice(data + length, data + length + 2) !== "\r\n") return "wrong end of a chunk";
    body += text.slice(data, data + length);
    at = data + length + 2;
  }
}

function valuesOf(lines: readonly string[], name: string): string[] {
  return lines
    .filter((line) => line.slice(0, line.indexOf(":")).toLowerCase() === name)
    .map((line) => line.slice(line.indexOf(":") + 1).trim());
}
