// What a stream to a server counts for its cluster and endpoint, as the data plane counts requests: `send_all_clusters` reports the
// server's own cluster too. One stream at a time. Called by server-stream.ts.
import { CLUSTER } from "../../telemetry/cluster-stats.ts";
import { HTTP2_CODEC } from "../../telemetry/codec-stats.ts";
import { HOST } from "../../telemetry/host-stats.ts";
import { add, count } from "../../telemetry/stats-add.ts";
import type { StatsWriter } from "../../telemetry/stats-memory.ts";

/** The counts of one stream after another to one endpoint. */
export class StreamAccount {
  private readonly stats: StatsWriter;
  private readonly prefix: string;
  private readonly cluster: Float64Array;
  private readonly host: Float64Array;

  /** `statName`: of the cluster in /stats. */
  constructor(
    stats: StatsWriter,
    names: { readonly cluster: string; readonly statName: string; readonly endpoint: string },
  ) {
    this.stats = stats;
    this.prefix = `cluster.${names.statName}.`;
    this.cluster = stats.block(CLUSTER, this.prefix);
    this.host = stats.block(HOST, `host.${names.cluster}.${names.endpoint}.`);
  }

  /** A connection begins, and with it a request waits. */
  connecting(): void {
    const { at } = CLUSTER;
    for (const one of [at.upstream_cx_total, at.upstream_cx_http2_total, at.upstream_rq_pending_total]) {
      count(this.cluster, one);
    }
    count(this.host, HOST.at.cx_total);
    this.move("cx_active", "upstream_cx_active", 1);
    this.move("rq_pending_active", "upstream_rq_pending_active", 1);
  }

  /** The connection never stood. */
  connectFailed(): void {
    count(this.cluster, CLUSTER.at.upstream_cx_connect_fail);
    count(this.cluster, CLUSTER.at.upstream_rq_pending_failure_eject);
    count(this.host, HOST.at.cx_connect_fail);
    this.move("rq_pending_active", "upstream_rq_pending_active", -1);
    this.failed();
    this.disconnected();
  }

  /** The connection stands, and the request is on it. */
  opened(): void {
    this.move("rq_pending_active", "upstream_rq_pending_active", -1);
    count(this.cluster, CLUSTER.at.upstream_rq_total);
    count(this.host, HOST.at.rq_total);
    this.move("rq_active", "upstream_rq_active", 1);
  }

  /** The response has begun. */
  answered(httpStatus: number): void {
    this.charge(httpStatus);
  }

  /** The server answered no PING. */
  keepaliveTimedOut(): void {
    count(this.stats.block(HTTP2_CODEC, `${this.prefix}http2.`), HTTP2_CODEC.at.keepalive_timeout);
  }

  /** The request is over. `by`: who ended the connection with it. */
  ended(by: "local" | "remote", outcome: "success" | "error" | "unanswered"): void {
    this.move("rq_active", "upstream_rq_active", -1);
    if (outcome === "success") count(this.host, HOST.at.rq_success);
    else if (outcome === "error") count(this.host, HOST.at.rq_error);
    else this.failed();
    count(this.cluster, by === "local" ? CLUSTER.at.upstream_cx_destroy_local : CLUSTER.at.upstream_cx_destroy_remote);
    this.disconnected();
  }

  private failed(): void {
    count(this.host, HOST.at.rq_error);
    this.charge(503);
  }

  private disconnected(): void {
    count(this.cluster, CLUSTER.at.upstream_cx_destroy);
    this.move("cx_active", "upstream_cx_active", -1);
  }

  /** Envoy's CodeStats::chargeResponseStat. */
  private charge(status: number): void {
    for (const name of ["completed", `${Math.floor(status / 100)}xx`, String(status)]) {
      const { values, at } = this.stats.counter(`${this.prefix}upstream_rq_${name}`);
      count(values, at);
    }
  }

  private move(host: "cx_active" | "rq_active" | "rq_pending_active", cluster: ClusterGauge, change: 1 | -1): void {
    add(this.host, HOST.at[host], change);
    add(this.cluster, CLUSTER.at[cluster], change);
  }
}

type ClusterGauge = "upstream_cx_active" | "upstream_rq_active" | "upstream_rq_pending_active";
