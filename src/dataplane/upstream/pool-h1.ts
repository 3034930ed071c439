// HTTP/1 in a pool: one request at a time, and nothing to keep between them. One object serves all connections of a pool.
import type { Channel } from "../../net/channel.ts";
import type { ClientCodec } from "../../protocol/message.ts";
import type { ClusterHome } from "./cluster-home.ts";
import type { PoolConnection } from "./pool-connection.ts";
import type { ProtocolPart } from "./protocol-part.ts";

/** The HTTP/1 part of connections. */
export class Http1Part implements ProtocolPart {
  readonly protocol = "http1";
  readonly streamLimit = 1;
  readonly keepalive = null;
  private readonly home: ClusterHome;

  constructor(home: ClusterHome) {
    this.home = home;
  }

  start(channel: Channel, connection: PoolConnection): ClientCodec {
    return this.home.services.codecs.http1(channel, this.home.plan, connection);
  }

  onStreams(_change: number): void {}

  onProtocolError(_requests: number): void {}

  stop(): void {}
}
