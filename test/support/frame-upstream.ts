// A server of HTTP/2 by prior knowledge: every request gets 200 and a body, all answers to one read leave in one write.
import { createServer, type Server } from "node:net";
import { CLIENT_PREFACE } from "../../src/protocol/h2/preface.ts";
import { frame, type ReadFrame } from "../protocol/h2/support/frame.ts";
import { FrameSocket } from "./frame-socket.ts";

/** The server. */
export class FrameUpstream {
  readonly port: number;
  /** Requests that came to their end. */
  requests: number = 0;
  private readonly server: Server;
  private readonly connections = new Set<FrameSocket>();

  private constructor(server: Server, port: number) {
    this.server = server;
    this.port = port;
    server.on("connection", (socket) =>
      this.connections.add(this.serve(new FrameSocket(socket, CLIENT_PREFACE.length))),
    );
  }

  /** Listens on a free port. */
  static async start(): Promise<FrameUpstream> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("not a TCP address");
    return new FrameUpstream(server, address.port);
  }

  /** Ends it with its connections. */
  stop(): Promise<void> {
    for (const connection of this.connections) connection.end();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private serve(connection: FrameSocket): FrameSocket {
    const answers: Buffer[] = [];
    connection.send(frame.settings({ maxConcurrentStreams: 1_000 }));
    connection.onFrame = (read) => {
      connection.frames.pop();
      if (isEnd(read)) answers.push(...this.answer(read.stream));
      else if (read.type === "SETTINGS" && (read.flags & 1) === 0) answers.push(frame.settingsAck());
    };
    connection.onRead = () => {
      if (answers.length > 0) connection.send(...answers.splice(0));
    };
    return connection;
  }

  private answer(stream: number): readonly Buffer[] {
    this.requests++;
    return [frame.headers({ stream, fields: [[":status", "200"]] }), frame.data({ stream, text: "ok", end: true })];
  }
}

function isEnd({ type, flags }: ReadFrame): boolean {
  return (type === "HEADERS" || type === "DATA") && (flags & 1) !== 0;
}
