// A collector of spans with moods: well, down, refusing, mute or lying, all on one port. What it has taken it counts.
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import { readSpans, type SeenSpan } from "./otlp-sink.ts";

/** `down`: nobody listens; `refusing`: 503; `mute`: takes a request and never answers; `lying`: answers with what is no HTTP. */
export type Mood = "well" | "down" | "refusing" | "mute" | "lying";

/** The collector. */
export class MoodyCollector {
  readonly port: number;
  /** Spans that it has said to have taken. */
  readonly spans: SeenSpan[] = [];
  /** Requests that came in each mood. */
  readonly requests: Map<Mood, number> = new Map();
  private mood: Mood = "down";
  private server: Server | null = null;
  private readonly http: HttpServer;
  private readonly sockets = new Set<Socket>();

  constructor(port: number) {
    this.port = port;
    this.http = createHttpServer((request, response) => this.take(request, response));
  }

  /** From now on it is like this; connections end. */
  async turn(mood: Mood): Promise<void> {
    this.mood = mood;
    for (const socket of this.sockets) socket.destroy();
    if (mood === "down") {
      const { server } = this;
      this.server = null;
      if (server !== null) await new Promise<void>((resolve) => server.close(() => resolve()));
    } else if (this.server === null) {
      const server = createServer((socket) => this.meet(socket));
      this.server = server;
      await new Promise<void>((resolve) => server.listen(this.port, "127.0.0.1", resolve));
    }
  }

  private meet(socket: Socket): void {
    this.sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.sockets.delete(socket));
    if (this.mood !== "lying") this.http.emit("connection", socket);
    else
      socket.once("data", () => {
        this.count();
        socket.end("\x16\x03\x01 certainly, all of them\r\n\r\n");
      });
  }

  private take(request: IncomingMessage, response: ServerResponse): void {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      this.count();
      if (this.mood === "mute") return;
      if (this.mood === "well") this.spans.push(...readSpans(Buffer.concat(parts)));
      response.writeHead(this.mood === "well" ? 200 : 503).end();
    });
  }

  private count(): void {
    this.requests.set(this.mood, (this.requests.get(this.mood) ?? 0) + 1);
  }
}
