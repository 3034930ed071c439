// One TLS listener and Node's own clients of it, for tests that look at a listener from outside.
import { connect as connectPlain, type Socket } from "node:net";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import type { ChainsPlan } from "../../src/net/chain-choice.ts";
import { standingNet } from "./net-peers.ts";
import { pem, type TlsDoor, tlsDoor } from "./tls-plans.ts";

/** Opened by each test, ended after each. */
export class TlsHarness {
  private readonly clients: Socket[] = [];
  private opened: TlsDoor | null = null;

  /** The listener of this test. */
  get door(): TlsDoor {
    if (this.opened === null) throw new Error("open first");
    return this.opened;
  }

  async open(plan: ChainsPlan): Promise<TlsDoor> {
    this.opened = await tlsDoor(standingNet().net, plan);
    return this.opened;
  }

  /** A client that asks for front.example and trusts the test CA. */
  client(options: ConnectionOptions = {}): TLSSocket {
    const route = { port: this.port(), host: "127.0.0.1", ca: pem("ca"), servername: "front.example" };
    const socket = connect({ ...route, ...options });
    this.clients.push(socket);
    return socket;
  }

  /** A client whose handshake is done; with TLS 1.3 the listener's may not be yet. */
  async secured(options: ConnectionOptions = {}): Promise<TLSSocket> {
    const socket = this.client(options);
    await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
    return socket;
  }

  /** The error code that a client gets, or `end`. */
  refused(options: ConnectionOptions = {}): Promise<string> {
    const socket = this.client(options);
    socket.resume();
    return new Promise((resolve) => {
      socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
      socket.once("end", () => resolve("end"));
    });
  }

  /** A connected client without TLS. */
  async plain(): Promise<Socket> {
    const socket = connectPlain(this.port(), "127.0.0.1");
    socket.on("error", () => {});
    this.clients.push(socket);
    await new Promise((resolve) => socket.once("connect", resolve));
    return socket;
  }

  /** Destroys clients and listener and waits until they are gone. */
  async end(): Promise<void> {
    const gone = this.clients.splice(0).map((client) => {
      client.on("error", () => {});
      client.destroy();
      return client.closed ? null : new Promise((resolve) => client.once("close", resolve));
    });
    await this.opened?.close();
    this.opened = null;
    await Promise.all(gone);
  }

  private port(): number {
    const { address } = this.door.listening;
    return address.kind === "socket" ? address.port : 0;
  }
}
