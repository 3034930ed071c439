// The embedded broker's sockets: one listening on the loopback address, and those of its clients. Called by embedded-bus.ts.
import { createServer, type Server, type Socket } from "node:net";
import { Timer, type TimerWheel } from "../../../../base/timer-wheel.ts";
import { Broker, type BrokerParts } from "./broker.ts";
import type { ClientOutput } from "./broker-client.ts";

/** An open server, or why there is none: `EADDRINUSE` when somebody else serves. */
export type ServeOutcome =
  | { readonly kind: "serving"; readonly server: BrokerServer }
  | { readonly kind: "fault"; readonly code: string };

/** Serves on 127.0.0.1; port 0 takes a free one. Never rejects. */
export function serveBroker(parts: BrokerParts, port: number): Promise<ServeOutcome> {
  const server = createServer({ noDelay: true });
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException): void =>
      resolve({ kind: "fault", code: error.code ?? error.message });
    server.once("error", failed);
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      server.off("error", failed);
      // A failed accept, as without descriptors: those who are connected stay.
      server.on("error", () => {});
      resolve({ kind: "serving", server: new BrokerServer(server, parts) });
    });
  });
}

/** A broker that listens. */
export class BrokerServer {
  readonly broker: Broker;
  readonly port: number;
  private readonly server: Server;
  private readonly outputs = new Set<SocketOutput>();

  constructor(server: Server, parts: BrokerParts) {
    const address = server.address();
    this.server = server;
    this.broker = new Broker(parts);
    this.port = typeof address === "object" && address !== null ? address.port : 0;
    server.on("connection", (socket) => this.accept(socket, parts.wheel));
  }

  /** Ends every connection and listens no more. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.broker.close();
      for (const output of [...this.outputs]) output.destroy();
    });
  }

  private accept(socket: Socket, wheel: TimerWheel): void {
    const output = new SocketOutput(socket, wheel);
    this.outputs.add(output);
    const client = this.broker.open(output, this.port);
    socket.on("data", (bytes: Buffer) => client.receive(bytes));
    // What went wrong does not matter: the connection is over either way.
    socket.on("error", () => {});
    socket.on("close", () => {
      this.outputs.delete(output);
      client.closed();
    });
  }
}

/** Writes what came in one turn of the loop at once. */
class SocketOutput implements ClientOutput {
  private readonly socket: Socket;
  private readonly wheel: TimerWheel;
  private readonly timer: Timer = new Timer(() => this.destroy());
  private chunks: Buffer[] = [];
  private chunkBytes = 0;
  private isEnding = false;

  constructor(socket: Socket, wheel: TimerWheel) {
    this.socket = socket;
    this.wheel = wheel;
  }

  get pendingBytes(): number {
    return this.chunkBytes + this.socket.writableLength;
  }

  write(bytes: Buffer): void {
    if (this.chunks.length === 0) setImmediate(() => this.flush());
    this.chunks.push(bytes);
    this.chunkBytes += bytes.length;
    if (this.chunkBytes >= FLUSH_BYTES) this.flush();
  }

  end(): void {
    if (this.isEnding) return;
    this.isEnding = true;
    this.flush();
    this.socket.end();
    this.wheel.arm(this.timer, LINGER_MS);
  }

  destroy(): void {
    this.isEnding = true;
    this.wheel.remove(this.timer);
    this.chunks = [];
    this.chunkBytes = 0;
    this.socket.destroy();
  }

  private flush(): void {
    if (this.chunks.length === 0) return;
    const bytes = this.chunks.length === 1 ? (this.chunks[0] as Buffer) : Buffer.concat(this.chunks, this.chunkBytes);
    this.chunks = [];
    this.chunkBytes = 0;
    if (!this.socket.destroyed) this.socket.write(bytes);
  }
}

/** Written without waiting for the end of the turn. */
const FLUSH_BYTES = 65_536;

/** How long a client that was turned away may take to read why. */
const LINGER_MS = 2_000;
