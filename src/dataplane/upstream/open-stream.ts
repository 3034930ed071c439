// A stream that a request got from a pool. Its writer knows what is over, so that late calls do no harm to later requests.
import type { Channel } from "../../net/channel.ts";
import type { MessageWriter } from "../../protocol/message.ts";
import type { PoolConnection } from "./pool-connection.ts";
import type { Endpoint, UpstreamStream } from "./upstream.ts";

/** A stream that a request got. */
export class OpenStream implements UpstreamStream {
  readonly writer: MessageWriter;
  readonly endpoint: Endpoint;
  readonly channel: Channel;
  readonly protocol: "http1" | "http2";
  readonly reused: boolean;
  private readonly connection: PoolConnection;
  private readonly receivedBefore: number;

  constructor(writer: MessageWriter, endpoint: Endpoint, connection: PoolConnection, protocol: "http1" | "http2") {
    this.writer = writer;
    this.endpoint = endpoint;
    this.channel = connection.channel;
    this.protocol = protocol;
    this.reused = connection.done > 0;
    this.connection = connection;
    this.receivedBefore = connection.received;
  }

  get unanswered(): boolean {
    return this.connection.received === this.receivedBefore;
  }
}
