// What one upstream connection counts, in Envoy's names: its cluster's and its endpoint's blocks and the two histograms. Called by
// pool-connection.ts at each turn of the connection's life.
import { CLUSTER } from "../../telemetry/cluster-stats.ts";
import { Doubt } from "../../telemetry/doubt-table.ts";
import { recordValue } from "../../telemetry/histogram.ts";
import { HOST } from "../../telemetry/host-stats.ts";
import type { ClusterHome } from "./cluster-home.ts";
import type { UpstreamEndpoint } from "./endpoint.ts";

/** The counts of one connection. */
export class ConnectionAccount {
  private readonly home: ClusterHome;
  private readonly endpoint: UpstreamEndpoint;
  private readonly begunMs: number;
  private received = 0;
  private sent = 0;

  /** The connection begins. */
  constructor(home: ClusterHome, endpoint: UpstreamEndpoint) {
    this.home = home;
    this.endpoint = endpoint;
    this.begunMs = home.services.clock.nowMs();
    home.services.traffic.mark(home.row);
    this.count(CX_TOTAL);
    this.add(CX_ACTIVE, 1);
    this.addHost(HOST_CX_TOTAL, 1);
    this.addHost(HOST_CX_ACTIVE, 1);
  }

  /** It stands: its handshake is done. */
  connected(): void {
    recordValue(this.home.connectMs, Math.round(this.home.services.clock.nowMs() - this.begunMs));
  }

  /** Bytes so far, both ways. */
  bytes(received: number, sent: number): void {
    this.add(CX_RX_BYTES, received - this.received);
    this.add(CX_TX_BYTES, sent - this.sent);
    this.received = received;
    this.sent = sent;
  }

  /** It never stood. */
  connectFailed(): void {
    this.count(CX_CONNECT_FAIL);
    this.addHost(HOST_CX_CONNECT_FAIL, 1);
    this.doubt(Doubt.Connect);
  }

  /** It is over. `isWithRequest`: a request ended with it. */
  ended(by: "local" | "remote", isWithRequest: boolean): void {
    recordValue(this.home.lengthMs, Math.round(this.home.services.clock.nowMs() - this.begunMs));
    this.add(CX_ACTIVE, -1);
    this.addHost(HOST_CX_ACTIVE, -1);
    this.count(CX_DESTROY);
    this.count(by === "local" ? CX_DESTROY_LOCAL : CX_DESTROY_REMOTE);
    if (!isWithRequest) return;
    if (by === "remote") this.doubt(Doubt.Reset);
    this.count(CX_DESTROY_WITH_RQ);
    this.count(by === "local" ? CX_DESTROY_LOCAL_WITH_RQ : CX_DESTROY_REMOTE_WITH_RQ);
  }

  connectTimedOut(): void {
    this.count(CX_CONNECT_TIMEOUT);
  }

  /** Streams went with it, as many as these: Envoy counts them so. */
  streamsCut(streams: number): void {
    this.add(RQ_PENDING_FAILURE_EJECT, streams);
  }

  /** `connection: close` or GOAWAY came. */
  closeAnnounced(): void {
    this.count(CX_CLOSE_NOTIFY);
  }

  idleTimedOut(): void {
    this.count(CX_IDLE_TIMEOUT);
  }

  durationReached(): void {
    this.count(CX_MAX_DURATION_REACHED);
  }

  requestsReached(): void {
    this.count(CX_MAX_REQUESTS);
  }

  protocolError(): void {
    this.count(CX_PROTOCOL_ERROR);
  }

  /** A mesh may want to probe it now. Of an endpoint that has left, the slot may be another's. */
  private doubt(doubt: Doubt): void {
    const { row, services } = this.home;
    if (!this.endpoint.isRetired) services.doubts.raise(row, this.endpoint.slot, doubt);
  }

  private count(at: number): void {
    this.add(at, 1);
  }

  private add(at: number, change: number): void {
    const { stats } = this.home;
    stats[at] = (stats[at] as number) + change;
  }

  private addHost(at: number, change: number): void {
    const { stats } = this.endpoint;
    stats[at] = (stats[at] as number) + change;
  }
}

const {
  upstream_cx_total: CX_TOTAL,
  upstream_cx_active: CX_ACTIVE,
  upstream_cx_close_notify: CX_CLOSE_NOTIFY,
  upstream_cx_connect_fail: CX_CONNECT_FAIL,
  upstream_cx_connect_timeout: CX_CONNECT_TIMEOUT,
  upstream_cx_destroy: CX_DESTROY,
  upstream_cx_destroy_local: CX_DESTROY_LOCAL,
  upstream_cx_destroy_remote: CX_DESTROY_REMOTE,
  upstream_cx_destroy_with_active_rq: CX_DESTROY_WITH_RQ,
  upstream_cx_destroy_local_with_active_rq: CX_DESTROY_LOCAL_WITH_RQ,
  upstream_cx_destroy_remote_with_active_rq: CX_DESTROY_REMOTE_WITH_RQ,
  upstream_cx_idle_timeout: CX_IDLE_TIMEOUT,
  upstream_cx_max_duration_reached: CX_MAX_DURATION_REACHED,
  upstream_cx_max_requests: CX_MAX_REQUESTS,
  upstream_cx_protocol_error: CX_PROTOCOL_ERROR,
  upstream_cx_rx_bytes_total: CX_RX_BYTES,
  upstream_cx_tx_bytes_total: CX_TX_BYTES,
  upstream_rq_pending_failure_eject: RQ_PENDING_FAILURE_EJECT,
} = CLUSTER.at;
const { cx_total: HOST_CX_TOTAL, cx_active: HOST_CX_ACTIVE, cx_connect_fail: HOST_CX_CONNECT_FAIL } = HOST.at;
