// Opens connections to upstreams. Called by the connection pools and the health probes; never resolves a name.
import { isIP, type NetConnectOpts } from "node:net";
import { type AddressPlan, addressText } from "../config/plan/address.ts";
import type { UpstreamTlsPlan } from "../config/plan/tls.ts";
import type { Channel, ChannelHandler, NetFault } from "./channel.ts";
import type { NetContext } from "./net-context.ts";
import { connectFault, streamFault } from "./net-fault.ts";
import { dialledSocket, type OwnedSocket, readNextInto } from "./owned-socket.ts";
import { pipePath } from "./pipe-path.ts";
import { SocketChannel } from "./socket-channel.ts";
import { dialTls, type TlsOutcome } from "./tls-dial.ts";
import { tlsErrorText } from "./tls-words.ts";

/** Where to and how. */
export interface DialOptions {
  /** An IP address with a port, or a unix socket. */
  readonly address: AddressPlan;
  /** Null: cleartext. Sessions are kept by the identity of the plan. */
  readonly tls: UpstreamTlsPlan | null;
  /** SNI; empty, or an address: none is sent. */
  readonly serverName: string;
  /** Covers the TLS handshake too; Infinity: none. */
  readonly connectTimeoutMs: number;
  /** Source address; empty: the system's choice. */
  readonly bindAddress: string;
  /** TCP keepalive after so many idle seconds; 0: off. */
  readonly keepaliveS: number;
}

/**
 * Starts a connection. The handler gets `onConnect`, or `onClose` with a fault whose text is the tail of Envoy's response code
 * details; nothing is called before this returns. What is written before `onConnect` leaves then.
 */
export function dial(net: NetContext, options: DialOptions, handler: ChannelHandler): Channel {
  readNextInto(net.reads.shared);
  const channel =
    options.tls === null ? dialCleartext(net, options, handler) : dialSecure(net, options, options.tls, handler);
  readNextInto(undefined);
  channel.connectWithin(options.connectTimeoutMs);
  return channel;
}

function dialCleartext(net: NetContext, options: DialOptions, handler: ChannelHandler): SocketChannel {
  const { address } = options;
  const socket = dialledSocket(options.keepaliveS);
  const channel = new SocketChannel(net, socket, handler, "connecting");
  channel.faultOf = (error) => connectFault(error, addressText(address));
  socket.once("connect", () => {
    channel.faultOf = streamFault;
    channel.connected(null);
  });
  if (isName(address)) channel.fail(nameFault(address));
  else socket.connect(routeOf(options));
  return channel;
}

function dialSecure(
  net: NetContext,
  options: DialOptions,
  plan: UpstreamTlsPlan,
  handler: ChannelHandler,
): SocketChannel {
  const { address, serverName } = options;
  if (isName(address)) return refused(net, handler, nameFault(address));
  const secured = (outcome: TlsOutcome): void => {
    channel.faultOf = streamFault;
    if (outcome.kind === "secure") channel.connected(outcome.tls);
    else channel.fail({ kind: "tls-failed", text: outcome.failure.text });
  };
  let socket: OwnedSocket;
  try {
    socket = dialTls({ plan, serverName, peer: addressText(address) }, routeOf(options), secured);
  } catch (error) {
    return refused(net, handler, { kind: "tls-failed", text: tlsErrorText(error as Error) });
  }
  const channel = new SocketChannel(net, socket, handler, "connecting");
  channel.faultOf = (error) => connectFault(error, addressText(address));
  socket.once("connect", () => {
    channel.faultOf = (error) => ({ kind: "tls-failed", text: tlsErrorText(error) });
  });
  return channel;
}

/** A channel that only says why it is none. */
function refused(net: NetContext, handler: ChannelHandler, fault: NetFault): SocketChannel {
  const channel = new SocketChannel(net, dialledSocket(0), handler, "connecting");
  channel.fail(fault);
  return channel;
}

function routeOf({ address, bindAddress, keepaliveS }: DialOptions): NetConnectOpts {
  if (address.kind === "pipe") return { path: pipePath(address.path) };
  return {
    host: address.host,
    port: address.port,
    noDelay: true,
    keepAlive: keepaliveS > 0,
    keepAliveInitialDelay: keepaliveS * 1_000,
    ...(bindAddress === "" ? {} : { localAddress: bindAddress }),
  };
}

function isName(address: AddressPlan): boolean {
  return address.kind === "socket" && isIP(address.host) === 0;
}

function nameFault(address: AddressPlan): NetFault {
  return { kind: "connect-failed", text: `not_an_IP_address:_${addressText(address)}` };
}
