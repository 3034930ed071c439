// An HTTP/2 upstream that breaks the protocol in the middle of an exchange, in the way that it was told to: every frame is written by hand.
import { createServer, type Server } from "node:net";
import { CLIENT_PREFACE } from "../../src/protocol/h2/preface.ts";
import { frame, type ReadFrame } from "../protocol/h2/support/frame.ts";
import { FrameSocket } from "./frame-socket.ts";

/** What it can do wrong, by name. */
export const WRONGS: Readonly<Record<string, (connection: FrameSocket, stream: number) => void>> = {
  "resets before its head": (to, stream) => to.send(frame.rstStream({ stream, code: 2 })),
  "resets in its body": (to, stream) => to.send(head(stream), part(stream), frame.rstStream({ stream, code: 2 })),
  "goes away with an error before its head": (to) => {
    to.send(frame.goaway({ last: 0x7fffffff, code: 2 }));
    to.socket.end();
  },
  "goes away with an error in its body": (to, stream) => {
    to.send(head(stream), part(stream), frame.goaway({ last: stream, code: 2 }));
    to.socket.end();
  },
  "goes away in peace and answers": (to, stream) =>
    to.send(frame.goaway({ last: stream, code: 0 }), head(stream), frame.data({ stream, text: "ok", end: true })),
  "sends a body before its head": (to, stream) => to.send(part(stream)),
  "ends with a pseudo-header": (to, stream) =>
    to.send(head(stream), part(stream), frame.headers({ stream, fields: [[":status", "200"]], end: true })),
  "promises more than it sends": (to, stream) =>
    to.send(
      frame.headers({
        stream,
        fields: [
          [":status", "200"],
          ["content-length", "9"],
        ],
      }),
      frame.data({ stream, text: "half", end: true }),
    ),
  "has no status": (to, stream) => to.send(frame.headers({ stream, fields: [["x-a", "b"]], end: true })),
  "sends a frame that is too large": (to, stream) =>
    to.send(head(stream), frame.data({ stream, text: "x".repeat(20_000) })),
  "ends its connection in its body": (to, stream) => {
    to.send(head(stream), part(stream));
    to.socket.end();
  },
};

/** Sends 32 MiB at once, whatever the window is. */
function floods(to: FrameSocket, stream: number): void {
  to.send(head(stream), ...Array.from({ length: 2_048 }, () => frame.data({ stream, text: "x".repeat(16_384) })));
}

function head(stream: number): Buffer {
  return frame.headers({ stream, fields: [[":status", "200"]] });
}

function part(stream: number): Buffer {
  return frame.data({ stream, text: "half" });
}

/** The server. */
export class WrongFrames {
  readonly port: number;
  /** What the next requests get: a name of WRONGS; another one: a flood. */
  doing: string = "";
  private readonly server: Server;
  private readonly connections = new Set<FrameSocket>();

  private constructor(server: Server, port: number) {
    this.server = server;
    this.port = port;
    server.on("connection", (socket) => {
      const connection = new FrameSocket(socket, CLIENT_PREFACE.length);
      this.connections.add(connection);
      socket.on("close", () => this.connections.delete(connection));
      connection.send(frame.settings({}));
      connection.onFrame = (read) => this.answer(connection, read);
    });
  }

  static async start(): Promise<WrongFrames> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("not a TCP address");
    return new WrongFrames(server, address.port);
  }

  /** Connections that proxies hold open. */
  get open(): number {
    return this.connections.size;
  }

  stop(): Promise<void> {
    for (const connection of this.connections) connection.end();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private answer(connection: FrameSocket, { flags, stream, type }: ReadFrame): void {
    if (type === "SETTINGS" && (flags & 1) === 0) connection.send(frame.settingsAck());
    if (type === "HEADERS") (WRONGS[this.doing] ?? floods)(connection, stream);
  }
}
