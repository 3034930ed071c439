// Takes connections from a listening socket: chooses their filter chain, does their TLS handshake, and hands over finished channels.
// Made by listen.ts; never reads what a channel carries.
import type { AddressInfo, Server, Socket } from "node:net";
import { systemText } from "../base/system-text.ts";
import type { AddressPlan } from "../config/plan/address.ts";
import type { FilterChainPlan } from "../config/plan/listener.ts";
import { type ChainsPlan, chooseChain } from "./chain-choice.ts";
import type { ChannelHandler, NetFault } from "./channel.ts";
import { type ClearHello, readHello } from "./hello-reader.ts";
import type { Admission, ListenEvents, OnChannel } from "./listen-events.ts";
import type { NetContext } from "./net-context.ts";
import { adoptedSocket } from "./owned-socket.ts";
import { type ReadyChains, readyChains } from "./ready-chains.ts";
import { SocketChannel } from "./socket-channel.ts";
import { acceptTls } from "./tls-accept.ts";
import type { ServerContexts } from "./tls-contexts.ts";

/** An open listener. */
export interface Listening {
  /** The bound address, with the real port when 0 was asked for. */
  readonly address: AddressPlan;
  /** New connections are matched against these chains. A fault says which chain's certificate or ciphers are unusable: nothing changed. */
  applyChains(chains: ChainsPlan): NetFault | null;
  /** New sessions are ticketed with the first 48 bytes; sessions of further 48 resume too, others do not. */
  setTicketKeys(keys: Buffer): void;
  /** From now on another owner gets what comes: its chains, channels and events. A fault changes nothing. */
  handOver(owner: ListeningOwner): NetFault | null;
  /** Stops accepting and frees the address; channels live on. */
  close(): void;
}

/** Whose connections come in. */
export interface ListeningOwner {
  readonly chains: ChainsPlan;
  readonly events: ListenEvents;
  readonly onChannel: OnChannel;
}

/** What an acceptor starts with. */
export interface AcceptorOptions {
  /** As it was asked for. */
  readonly address: AddressPlan;
  readonly ready: ReadyChains;
  readonly events: ListenEvents;
  readonly onChannel: OnChannel;
}

/** One listening socket that accepts. */
export class Acceptor implements Listening {
  readonly address: AddressPlan;
  private readonly net: NetContext;
  private readonly server: Server;
  private events: ListenEvents;
  private onChannel: OnChannel;
  private readonly port: number;
  private ready: ReadyChains;

  constructor(net: NetContext, server: Server, options: AcceptorOptions) {
    this.net = net;
    this.server = server;
    this.events = options.events;
    this.onChannel = options.onChannel;
    this.ready = options.ready;
    this.address = boundAddress(server, options.address);
    this.port = this.address.kind === "socket" ? this.address.port : 0;
    server.on("connection", (socket) => this.accept(socket));
    server.on("error", (error) => this.events.onAcceptError(systemText(error)));
  }

  applyChains(chains: ChainsPlan): NetFault | null {
    const ready = readyChains(chains, this.ready.ticketKeys);
    if ("kind" in ready) return ready;
    this.ready = ready;
    return null;
  }

  setTicketKeys(keys: Buffer): void {
    const ready = readyChains(this.ready.chains, keys);
    if (!("kind" in ready)) this.ready = ready;
  }

  handOver({ chains, events, onChannel }: ListeningOwner): NetFault | null {
    const fault = this.applyChains(chains);
    if (fault !== null) return fault;
    this.events = events;
    this.onChannel = onChannel;
    return null;
  }

  close(): void {
    this.server.close();
  }

  private accept(accepted: Socket): void {
    const admission = this.events.onAccept(accepted);
    const { keepaliveS } = this.ready.chains;
    if (keepaliveS > 0) accepted.setKeepAlive(true, keepaliveS * 1_000);
    if (admission === null) accepted.destroy();
    else if (this.ready.needsHello) this.readHello(accepted, admission);
    else this.serve(accepted, admission, null);
  }

  private readHello(accepted: Socket, admission: Admission): void {
    const { timeoutMs, continues } = this.ready.chains.inspection;
    readHello(this.net, accepted, timeoutMs, (outcome) => {
      if (outcome.kind === "timeout") this.events.onChoiceTimeout();
      if (outcome.kind === "hello" || outcome.kind === "not-tls") this.serve(accepted, admission, outcome);
      else if (outcome.kind === "timeout" && continues) this.serve(accepted, admission, { kind: "not-tls" });
      else {
        if (outcome.kind === "closed") this.events.onChoiceFailed();
        admission.end();
        accepted.destroy();
      }
    });
  }

  /** `reading` is null when nothing depends on it and the socket was not read. */
  private serve(accepted: Socket, admission: Admission, reading: ClearHello | null): void {
    const { chains, contexts, needsAddresses } = this.ready;
    const hello = reading?.kind === "hello" ? reading : null;
    const serverName = hello?.serverName ?? "";
    const chain = chooseChain(chains, {
      destinationPort: this.port,
      destination: needsAddresses ? (accepted.localAddress ?? "") : "",
      source: needsAddresses ? (accepted.remoteAddress ?? "") : "",
      sourcePort: needsAddresses ? (accepted.remotePort ?? 0) : 0,
      serverName,
      transportProtocol: hello === null ? "raw_buffer" : "tls",
      applicationProtocols: hello?.protocols ?? [],
    });
    const context = chain === null ? undefined : contexts.get(chain);
    if (chain === null || !this.events.onChain(chain, admission, serverName)) {
      if (chain === null) this.events.onNoChain(admission, serverName);
      admission.end();
      accepted.destroy();
    } else if (context === undefined) {
      this.openCleartext(accepted, reading === null ? null : (accepted.read() as Buffer | null), (channel) => {
        channel.serverName = serverName;
        this.onChannel(channel, chain, admission);
      });
    } else {
      this.openTls(accepted, { chain, admission, contexts: context, hello });
    }
  }

  /** `seen`: what was read already. */
  private openCleartext(accepted: Socket, seen: Buffer | null, opened: (channel: SocketChannel) => void): void {
    const socket = adoptedSocket(accepted, this.net.reads.shared);
    const channel = new SocketChannel(this.net, socket ?? accepted, UNOWNED, "open");
    opened(channel);
    if (seen !== null) channel.receivedChunk(seen);
    if (socket === null) channel.readByEvents();
  }

  private openTls(accepted: Socket, { chain, admission, contexts, hello }: Secured): void {
    // Envoy goes on without ALPN when the client offers nothing that is configured; the TLS library would end the handshake.
    const { alpn } = contexts.plan;
    const protocols = hello === null || alpn.some((protocol) => hello.protocols.includes(protocol)) ? alpn : [];
    acceptTls(
      this.net,
      accepted,
      { contexts, serverName: hello?.serverName ?? "", protocols, timeoutMs: chain.handshakeTimeoutMs },
      ({ socket, tls, tolerated }) => {
        const channel = new SocketChannel(this.net, socket, UNOWNED, "open");
        channel.tls = tls;
        channel.serverName = hello?.serverName ?? tls.serverName;
        this.events.onHandshake(chain, tls, tolerated);
        this.onChannel(channel, chain, admission);
        channel.readByEvents();
      },
      (failure) => {
        this.events.onHandshakeFailed(failure, admission);
        admission.end();
      },
    );
  }
}

/** A connection whose chain has TLS. */
interface Secured {
  readonly chain: FilterChainPlan;
  readonly admission: Admission;
  readonly contexts: ServerContexts;
  /** Null when nobody looked at what the client says. */
  readonly hello: { readonly serverName: string; readonly protocols: readonly string[] } | null;
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
