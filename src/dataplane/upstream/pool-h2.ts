// HTTP/2 in a pool: many requests at once, keepalive pings, and the codec's counts added to the cluster's. One object a connection.
import type { Channel } from "../../net/channel.ts";
import { Keepalive } from "../../protocol/h2/keepalive.ts";
import type { ClientCodec } from "../../protocol/message.ts";
import { CLUSTER } from "../../telemetry/cluster-stats.ts";
import { HTTP2_CODEC } from "../../telemetry/codec-stats.ts";
import type { ClusterHome, CountingCodec } from "./cluster-home.ts";
import type { PoolConnection } from "./pool-connection.ts";
import type { ProtocolPart } from "./protocol-part.ts";

/** The HTTP/2 part of one connection. */
export class Http2Part implements ProtocolPart {
  readonly protocol = "http2";
  readonly streamLimit: number;
  keepalive: Keepalive | null = null;
  private readonly home: ClusterHome;
  private codec: CountingCodec | null = null;
  private refused = 0;
  private readonly counted = new Float64Array(COUNTERS.length);
  private doneUntilCount = DONE_PER_COUNT;

  constructor(home: ClusterHome) {
    this.home = home;
    this.streamLimit = home.plan.http.http2.concurrentStreamsMax;
  }

  start(channel: Channel, connection: PoolConnection): ClientCodec {
    const { plan, services } = this.home;
    const codec = services.codecs.http2(channel, plan, connection);
    this.codec = codec;
    const { http2Stats } = this.home;
    http2Stats[CONNECTIONS] = (http2Stats[CONNECTIONS] as number) + 1;
    const { keepalive } = plan.http.http2;
    if (keepalive !== null) {
      const onSilent = (): void => this.onSilent(connection);
      this.keepalive = new Keepalive(codec, keepalive, services, services.clock.nowMs(), onSilent);
    }
    return codec;
  }

  onStreams(change: number): void {
    const { http2Stats } = this.home;
    http2Stats[STREAMS_ACTIVE] = (http2Stats[STREAMS_ACTIVE] as number) + change;
    if (change > 0) return;
    // The codec counts for itself; what it has is fetched now and then, and when the connection rests.
    this.doneUntilCount--;
    if (this.doneUntilCount > 0 && (this.codec as CountingCodec).openExchanges() > 0) return;
    this.doneUntilCount = DONE_PER_COUNT;
    this.fetchCounts();
  }

  onProtocolError(requests: number): void {
    // As Envoy: a request that a broken connection takes with it was reset by us.
    this.home.stats[RQ_TX_RESET] = (this.home.stats[RQ_TX_RESET] as number) + requests;
  }

  stop(): void {
    this.fetchCounts();
    this.keepalive?.stop();
  }

  /** Streams that the peer refused since the last call: Envoy does not count them as resets of requests. */
  private newlyRefused({ rx_refused: refused }: CountingCodec["counters"]): number {
    const more = refused - this.refused;
    this.refused = refused;
    return more;
  }

  private onSilent(connection: PoolConnection): void {
    const { http2Stats } = this.home;
    http2Stats[KEEPALIVE_TIMEOUT] = (http2Stats[KEEPALIVE_TIMEOUT] as number) + 1;
    connection.onUnresponsive();
  }

  private fetchCounts(): void {
    const { codec, counted } = this;
    if (codec === null) return;
    const { stats, http2Stats } = this.home;
    const counters = codec.counters;
    for (let i = 0; i < COUNTERS.length; i++) {
      const name = COUNTERS[i] as (typeof COUNTERS)[number];
      const more = counters[name] - (counted[i] as number);
      if (more === 0) continue;
      counted[i] = counters[name];
      const at = HTTP2_CODEC.at[name];
      http2Stats[at] = (http2Stats[at] as number) + more;
      if (name === "rx_reset") stats[RQ_RX_RESET] = (stats[RQ_RX_RESET] as number) + more - this.newlyRefused(counters);
      else if (name === "tx_reset") stats[RQ_TX_RESET] = (stats[RQ_TX_RESET] as number) + more;
    }
  }
}

/** Requests that may end before the codec's counts are fetched although the connection never rests. */
const DONE_PER_COUNT = 64;

const COUNTERS = [
  "dropped_headers_with_underscores",
  "goaway_sent",
  "header_overflow",
  "inbound_empty_frames_flood",
  "inbound_priority_frames_flood",
  "inbound_window_update_frames_flood",
  "outbound_control_flood",
  "requests_rejected_with_underscores_in_headers",
  "rx_messaging_error",
  "rx_reset",
  "stream_refused_errors",
  "tx_reset",
] as const;

const { upstream_rq_rx_reset: RQ_RX_RESET, upstream_rq_tx_reset: RQ_TX_RESET } = CLUSTER.at;
const {
  streams_active: STREAMS_ACTIVE,
  keepalive_timeout: KEEPALIVE_TIMEOUT,
  nghttp2_upstream_connections: CONNECTIONS,
} = HTTP2_CODEC.at;
