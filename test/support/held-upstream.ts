// A service that answers when the test says so.
import { createServer, type Server, type ServerResponse } from "node:http";
import { closeService } from "./hello-service.ts";

/** Requests wait here until released. */
export class HeldUpstream {
  readonly port: number;
  private readonly server: Server;
  private readonly held: { readonly path: string; readonly response: ServerResponse }[] = [];
  private wake: () => void = () => {};

  private constructor(server: Server, port: number) {
    this.server = server;
    this.port = port;
    server.on("request", (request, response) => {
      if (!(request.url ?? "").startsWith("/held")) {
        response.end("at once");
        return;
      }
      this.held.push({ path: request.url ?? "", response });
      this.wake();
    });
  }

  /** Paths that start with /held wait, all others are answered at once. */
  static async start(): Promise<HeldUpstream> {
    const server = createServer();
    server.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("not a TCP address");
    return new HeldUpstream(server, address.port);
  }

  /** Waits until so many requests are held. */
  async holds(count: number): Promise<void> {
    while (this.held.length < count) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** Answers those of a path. */
  release(path: string): void {
    for (const one of this.held.splice(0)) {
      if (one.path === path) one.response.end("held until now");
      else this.held.push(one);
    }
  }

  stop(): Promise<void> {
    return closeService(this.server);
  }
}
