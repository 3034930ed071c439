// A service with a small answer and one without end, that writes no faster than it is read.
import { createServer, type Server } from "node:http";
import { closeService } from "./hello-service.ts";

/** `/large` never ends; everything else is 10 bytes once the request has ended. */
export class LargeUpstream {
  readonly port: number;
  private readonly server: Server;

  private constructor(server: Server, port: number) {
    this.server = server;
    this.port = port;
  }

  static async start(): Promise<LargeUpstream> {
    const piece = Buffer.alloc(65_536, "x");
    const server = createServer((request, response) => {
      request.resume();
      if (request.url !== "/large") {
        request.on("end", () => response.end("ten bytes\n"));
        return;
      }
      const pour = (): void => {
        while (!response.destroyed && response.write(piece));
      };
      response.on("drain", pour);
      pour();
    });
    server.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("not a TCP address");
    return new LargeUpstream(server, address.port);
  }

  stop(): Promise<void> {
    return closeService(this.server);
  }
}
