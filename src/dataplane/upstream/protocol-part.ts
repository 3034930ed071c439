// What differs between HTTP/1 and HTTP/2 connections of a pool: pool-h1.ts and pool-h2.ts are the two.
import type { Channel } from "../../net/channel.ts";
import type { Keepalive } from "../../protocol/h2/keepalive.ts";
import type { ClientCodec } from "../../protocol/message.ts";
import type { PoolConnection } from "./pool-connection.ts";

/** The protocol's part in one connection. */
export interface ProtocolPart {
  readonly protocol: "http1" | "http2";
  /** Requests at once, as far as we decide. */
  readonly streamLimit: number;
  /** From `start` on; null: none is configured. */
  readonly keepalive: Keepalive | null;
  /** The handshake is done: makes the codec. */
  start(channel: Channel, connection: PoolConnection): ClientCodec;
  /** So many requests more, or fewer, are open. */
  onStreams(change: number): void;
  /** The peer broke the protocol while so many requests were open. */
  onProtocolError(requests: number): void;
  /** The connection is over. */
  stop(): void;
}
