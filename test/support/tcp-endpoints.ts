// Endpoints of a TCP proxy under test: servers that do as they are told, and what they saw of the ends of connections.
import { createServer, type Server, type Socket } from "node:net";

/** Some servers. */
export class TcpEndpoints {
  /** One entry for each connection that was reset by the other side. */
  readonly ends: string[] = [];
  /** Connections that are open. */
  readonly open: Set<Socket> = new Set();
  private readonly servers: Server[] = [];

  /** One more on this port of 127.0.0.1, half-open connections allowed. */
  serve(port: number, act: (socket: Socket) => void): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      this.open.add(socket);
      socket.on("close", () => this.open.delete(socket));
      socket.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "ECONNRESET") this.ends.push("endpoint was reset");
      });
      act(socket);
    });
    this.servers.push(server);
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
  }

  /** Resets every connection. */
  reset(): void {
    for (const socket of this.open) socket.resetAndDestroy();
  }

  /** Takes no more. */
  stop(): void {
    for (const server of this.servers) server.close();
  }
}
