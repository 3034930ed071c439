// Opens connections to upstreams. Called by the connection pools and the health probes; never resolves a name.
import { isIP } from "node:net";
import type { AddressPlan } from "../config/plan/address.ts";
import type { UpstreamTlsPlan } from "../config/plan/tls.ts";
import type { Channel, ChannelHandler } from "./channel.ts";
import type { NetContext } from "./net-context.ts";
import { connectFault, streamFault } from "./net-fault.ts";
import { dialledSocket, readNextInto } from "./owned-socket.ts";
import { pipePath } from "./pipe-path.ts";
import { SocketChannel } from "./socket-channel.ts";

/** Where to and how. */
export interface DialOptions {
  /** An IP address with a port, or a unix socket. */
  readonly address: AddressPlan;
  /** Null: cleartext. */
  readonly tls: UpstreamTlsPlan | null;
  /** SNI and the name that sessions are kept by; empty: none. */
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
  const socket = dialledSocket(options.keepaliveS);
  const channel = new SocketChannel(net, socket, handler, "connecting");
  channel.faultOf = connectFault;
  socket.once("connect", () => {
    channel.faultOf = streamFault;
    channel.connected(null);
  });
  channel.connectWithin(options.connectTimeoutMs);
  const { address } = options;
  if (options.tls !== null) {
    channel.fail({ kind: "tls-failed", text: "TLS_to_upstreams_is_not_supported" });
    return channel;
  }
  readNextInto(net.reads.shared);
  if (address.kind === "pipe") {
    socket.connect({ path: pipePath(address.path) });
  } else if (isIP(address.host) === 0) {
    channel.fail({ kind: "connect-failed", text: `not_an_IP_address:_${address.host}` });
  } else {
    const local = options.bindAddress === "" ? {} : { localAddress: options.bindAddress };
    socket.connect({ host: address.host, port: address.port, ...local });
  }
  readNextInto(undefined);
  return channel;
}
