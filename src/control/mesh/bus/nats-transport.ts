// The client library's transport with its socket in our hands: the library leaves a socket open whose server never answers, and waits
// for ever to close one whose server takes no more bytes. Made for nats-dial.ts only.
import { createConnection, type Socket } from "node:net";
import {
  type ConnectionOptions,
  type NatsConnection,
  NatsConnectionImpl,
  setTransportFactory,
} from "@nats-io/transport-node";
import { NodeTransport, nodeResolveHost } from "@nats-io/transport-node/lib/node_transport.js";

/** A transport that its connection's owner can end and measure. */
export class OwnedTransport extends NodeTransport {
  /** Called when the library reads no more of a connection that is open: it does nothing else about it. */
  onUnreadable: () => void = () => {};
  private dialled: Socket | null = null;
  private isStarted = false;
  private isAbandoned = false;

  /** Bytes that the system has not taken yet. */
  get pendingBytes(): number {
    return this.socket?.writableLength ?? 0;
  }

  /** A TLS handshake was begun. */
  get hasBegunTls(): boolean {
    return this.isStarted;
  }

  override connect(server: Parameters<NodeTransport["connect"]>[0], options: ConnectionOptions): Promise<void> {
    (options as OwnedOptions).adopt(this);
    if (this.isAbandoned) return Promise.reject(new Error("abandoned"));
    this.isStarted = options.tls?.handshakeFirst === true;
    return super.connect(server, options);
  }

  override dial({ hostname, port }: { hostname: string; port: number }): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = createConnection({ host: hostname, port, noDelay: true });
      this.dialled = socket;
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("connection closed")));
      socket.once("connect", () => {
        socket.removeAllListeners();
        resolve(socket);
      });
    });
  }

  override startTLS(): ReturnType<NodeTransport["startTLS"]> {
    if (this.options.tls === null)
      return Promise.reject(new Error("the server requires TLS: its address must begin with tls://"));
    this.isStarted = true;
    return super.startTLS();
  }

  override async *iterate(): AsyncIterableIterator<Uint8Array> {
    let isRead = false;
    try {
      yield* super.iterate();
      isRead = true;
    } finally {
      if (!isRead) {
        this.onUnreadable();
        // Else the library would print the server's bytes; so its reader waits for ever, and goes with the rest of the connection.
        await new Promise(() => {});
      }
    }
  }

  /** Ends the connection at once, at whatever stage it is; the library hears of it as of a loss. */
  abandon(): void {
    this.isAbandoned = true;
    this.dialled?.on("error", () => {});
    this.dialled?.destroy();
    this.socket?.on("error", () => {});
    this.socket?.destroy();
  }
}

/** Connects with a transport that is handed to `adopt` before it dials. */
export function connectOwned(
  options: ConnectionOptions,
  adopt: (transport: OwnedTransport) => void,
): Promise<NatsConnection> {
  setTransportFactory({ factory: () => new OwnedTransport(), dnsResolveFn: nodeResolveHost });
  const owned: OwnedOptions = { ...options, adopt };
  return NatsConnectionImpl.connect(owned);
}

/** The library copies options that it does not know, so they reach the transport. */
interface OwnedOptions extends ConnectionOptions {
  readonly adopt: (transport: OwnedTransport) => void;
}
