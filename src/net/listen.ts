// Accepts connections on one address, chooses their filter chain, does their TLS handshake, and hands over finished channels.
// Called by each worker for each listener address; it never reads what a channel carries.
import { chmodSync, unlinkSync } from "node:fs";
import {
  type AddressInfo,
  createServer,
  type ListenOptions as NodeListenOptions,
  type Server,
  type Socket,
} from "node:net";
import { type AddressPlan, addressText } from "../config/plan/address.ts";
import type { FilterChainPlan } from "../config/plan/listener.ts";
import { type ChainsPlan, chooseChain } from "./chain-choice.ts";
import type { Channel, ChannelHandler, NetFault, TlsFacts } from "./channel.ts";
import type { NetContext } from "./net-context.ts";
import { bindFault, systemText } from "./net-fault.ts";
import { adoptedSocket } from "./owned-socket.ts";
import { isSocketFile, pipePath } from "./pipe-path.ts";
import { SocketChannel } from "./socket-channel.ts";

/** Where to listen and how. */
export interface ListenOptions {
  readonly address: AddressPlan;
  /** Connections that may wait to be accepted; Envoy's default is 128. */
  readonly backlog: number;
  /** `reuse-port`: every worker binds the address and the kernel spreads connections. Unix sockets are always exclusive. */
  readonly sharing: "exclusive" | "reuse-port";
  readonly chains: ChainsPlan;
  /** 48 bytes that all workers share, so that a TLS session resumes on each of them; null: keys of this listener's own. */
  readonly ticketKeys: Buffer | null;
  readonly events: ListenEvents;
}

/** What a listener tells about connections that do not become channels, for its counters. */
export interface ListenEvents {
  /** A connection came: false refuses it (connection limits). */
  onAccept(): boolean;
  /** No filter chain matches: it was closed. */
  onNoChain(): void;
  /** The client did not say enough to choose a chain in time. */
  onChoiceTimeout(): void;
  /** accept(2) failed: out of file descriptors, for example. The listener goes on. */
  onAcceptError(text: string): void;
  /** A TLS handshake is done. `certificate`: whether the client showed one. The channel follows. */
  onHandshake(chain: FilterChainPlan, tls: TlsFacts, certificate: boolean): void;
  /** A TLS handshake failed: the connection was closed. */
  onHandshakeFailed(chain: FilterChainPlan, failure: HandshakeFailure): void;
}

/** Why a handshake failed: the ssl counter that counts it, or that time ran out. */
export interface HandshakeFailure {
  readonly reason:
    | "connection_error"
    | "fail_verify_cert_hash"
    | "fail_verify_error"
    | "fail_verify_no_cert"
    | "fail_verify_san"
    | "handshake_timeout";
  readonly text: string;
}

/** An open listener. */
export interface Listening {
  /** The bound address, with the real port when 0 was asked for. */
  readonly address: AddressPlan;
  /** New connections are matched against these chains. */
  applyChains(chains: ChainsPlan): void;
  /** Stops accepting and frees the address; channels live on. */
  close(): void;
}

/** An open listener, or why there is none: `cannot bind '127.0.0.1:80': Permission denied`. */
export type ListenOutcome =
  | { readonly kind: "listening"; readonly listening: Listening }
  | { readonly kind: "fault"; readonly fault: NetFault };

/** Takes over a channel: assigns its handler before it returns. */
export type OnChannel = (channel: Channel, chain: FilterChainPlan) => void;

/** Listens on the address. Never rejects. */
export function listen(net: NetContext, options: ListenOptions, onChannel: OnChannel): Promise<ListenOutcome> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true, highWaterMark: 1 });
  return new Promise((resolve) => {
    const failed = (error: Error): void => {
      server.close();
      resolve({ kind: "fault", fault: bindFault(error, addressText(options.address)) });
    };
    server.once("error", failed);
    const opened = (): void => {
      server.off("error", failed);
      try {
        setMode(options.address);
      } catch (error) {
        failed(error as Error);
        return;
      }
      resolve({ kind: "listening", listening: new Acceptor(net, server, options, onChannel) });
    };
    try {
      server.listen(bindOptions(options), opened);
    } catch (error) {
      failed(error as Error);
    }
  });
}

class Acceptor implements Listening {
  readonly address: AddressPlan;
  private readonly net: NetContext;
  private readonly server: Server;
  private readonly events: ListenEvents;
  private readonly onChannel: OnChannel;
  private readonly port: number;
  private chains: ChainsPlan;

  constructor(net: NetContext, server: Server, options: ListenOptions, onChannel: OnChannel) {
    this.net = net;
    this.server = server;
    this.events = options.events;
    this.onChannel = onChannel;
    this.chains = options.chains;
    this.address = boundAddress(server, options.address);
    this.port = this.address.kind === "socket" ? this.address.port : 0;
    server.on("connection", (socket) => this.accept(socket));
    server.on("error", (error) => this.events.onAcceptError(systemText(error)));
  }

  applyChains(chains: ChainsPlan): void {
    this.chains = chains;
  }

  close(): void {
    this.server.close();
  }

  private accept(accepted: Socket): void {
    if (!this.events.onAccept()) {
      accepted.destroy();
      return;
    }
    const chain = chooseChain(this.chains, {
      destinationPort: this.port,
      serverName: "",
      transportProtocol: "raw_buffer",
      applicationProtocols: [],
    });
    if (chain === null) {
      this.events.onNoChain();
      accepted.destroy();
      return;
    }
    if (chain.tls !== null) {
      this.events.onHandshakeFailed(chain, { reason: "connection_error", text: "TLS is not supported" });
      accepted.destroy();
      return;
    }
    this.openCleartext(accepted, chain);
  }

  private openCleartext(accepted: Socket, chain: FilterChainPlan): void {
    const socket = adoptedSocket(accepted, this.net.reads.shared);
    const channel = new SocketChannel(this.net, socket ?? accepted, UNOWNED, "open");
    this.onChannel(channel, chain);
    if (socket === null) channel.readByEvents();
  }
}

function bindOptions(options: ListenOptions): NodeListenOptions {
  const { address, backlog } = options;
  if (address.kind === "pipe") {
    // As Envoy: what a dead process left behind is in the way. A living one was found by checkAddressFree.
    if (isSocketFile(address.path)) unlinkSync(address.path);
    return { path: pipePath(address.path), backlog };
  }
  return {
    host: address.host,
    port: address.port,
    backlog,
    ipv6Only: !address.ipv4Compat,
    reusePort: options.sharing === "reuse-port",
  };
}

function setMode(address: AddressPlan): void {
  if (address.kind === "pipe" && address.mode !== 0 && !address.path.startsWith("@"))
    chmodSync(address.path, address.mode);
}

function boundAddress(server: Server, asked: AddressPlan): AddressPlan {
  if (asked.kind === "pipe") return asked;
  return { ...asked, port: (server.address() as AddressInfo).port };
}

/** Before an owner has taken a channel. */
const UNOWNED: ChannelHandler = {
  onConnect(): void {},
  onData(): void {},
  onEnd(): void {},
  onDrain(): void {},
  onClose(): void {},
};
