// A way between two servers that a test can break: a TCP relay.

import type { AddressInfo } from "node:net";
import { connect, createServer, type Server, type Socket } from "node:net";

/** `open`; `cut`: connections end and none is made; `stalled`: they stand, and what is sent waits. */
export type RelayState = "open" | "cut" | "stalled";

/** The relay. */
export class Relay {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private state: RelayState = "open";

  private constructor(to: number) {
    this.server = createServer((socket) => {
      if (this.state === "cut") socket.destroy();
      else this.join(socket, connect(to, "127.0.0.1"));
    });
  }

  /** Listens on a free port. */
  static async start(to: number): Promise<Relay> {
    const relay = new Relay(to);
    await new Promise<void>((resolve) => relay.server.listen(0, "127.0.0.1", resolve));
    return relay;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Whether any connection goes through it. */
  get isUsed(): boolean {
    return this.sockets.size > 0;
  }

  turn(state: RelayState): void {
    this.state = state;
    for (const socket of this.sockets) {
      if (state === "cut") socket.destroy();
      else if (state === "stalled") socket.pause();
      else socket.resume();
    }
  }

  stop(): Promise<void> {
    this.turn("cut");
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private join(one: Socket, other: Socket): void {
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      this.sockets.add(from);
      from.setNoDelay(true);
      from.on("data", (bytes) => to.write(bytes));
      from.on("error", () => {});
      from.on("close", () => {
        this.sockets.delete(from);
        to.destroy();
      });
      if (this.state === "stalled") from.pause();
    }
  }
}
