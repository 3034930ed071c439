// Counters and gauges of one downstream connection. Every gauge that goes up here goes down in `onClosed`, which comes exactly once.
import type { ProtocolFault } from "../../protocol/fault.ts";
import type { Http1Counters } from "../../protocol/h1/counters.ts";
import type { Http2Counters } from "../../protocol/h2/counters.ts";
import { HTTP1_CODEC, HTTP2_CODEC } from "../../telemetry/codec-stats.ts";
import { recordValue } from "../../telemetry/histogram.ts";
import { HTTP } from "../../telemetry/http-stats.ts";
import type { Http2Use } from "../../telemetry/http2-use.ts";
import { add, count } from "../../telemetry/stats-add.ts";
import { CodecAccount } from "./codec-account.ts";
import type { ConnectionManager } from "./connection-manager.ts";

/** What is counted of one connection. Keeps the blocks it began with, also when the listener's plan changes. */
export class ConnectionStats {
  private readonly http: Float64Array;
  private readonly manager: ConnectionManager;
  private http2: Float64Array = NO_STREAMS;
  private readonly http2Use: Http2Use;
  private codec: Pick<CodecAccount<never>, "settle"> | null = null;
  private readonly times: Uint32Array;
  private readonly nowMs: () => number;
  private readonly startMs: number;
  private readonly isTls: boolean;
  private protocol: "http1" | "http2" | null = null;
  private written = 0;
  private faulted = false;
  private streams = 0;
  /** Whether the worker's HTTP/2 load counts this connection. */
  private isLoad = false;

  constructor(manager: ConnectionManager, startMs: number, isTls: boolean) {
    const { clock, http2Use } = manager.worker.services;
    this.http2Use = http2Use;
    this.http = manager.stats;
    this.manager = manager;
    this.times = manager.connectionTimes;
    this.nowMs = () => clock.nowMs();
    this.startMs = startMs;
    this.isTls = isTls;
    count(this.http, HTTP.at.downstream_cx_total);
    add(this.http, HTTP.at.downstream_cx_active, 1);
    if (!isTls) return;
    count(this.http, HTTP.at.downstream_cx_ssl_total);
    add(this.http, HTTP.at.downstream_cx_ssl_active, 1);
  }

  onRead(bytes: number): void {
    add(this.http, HTTP.at.downstream_cx_rx_bytes_total, bytes);
  }

  onHttp1(counters: Readonly<Http1Counters>): void {
    const { manager } = this;
    this.protocol = "http1";
    count(this.http, HTTP.at.downstream_cx_http1_total);
    add(this.http, HTTP.at.downstream_cx_http1_active, 1);
    const block = manager.http1Stats;
    // Its counters cannot move otherwise.
    if (manager.plan.http.http1.underscores !== "allow") this.codec = new CodecAccount(block, HTTP1_CODEC.at, counters);
  }

  onHttp2(counters: Readonly<Http2Counters>): void {
    this.protocol = "http2";
    count(this.http, HTTP.at.downstream_cx_http2_total);
    add(this.http, HTTP.at.downstream_cx_http2_active, 1);
    this.http2 = this.manager.http2Stats;
    count(this.http2, HTTP2_CODEC.at.nghttp2_downstream_connections);
    this.codec = new CodecAccount<Exclude<keyof Http2Counters, "rx_refused">>(this.http2, HTTP2_CODEC.at, counters);
    this.isLoad = true;
    this.http2Use.add(1, 0);
  }

  /** A stream begins (1) or ends (-1). */
  onStream(change: 1 | -1): void {
    add(this.http2, HTTP2_CODEC.at.streams_active, change);
    this.streams += change;
    if (this.isLoad) this.http2Use.addStreams(change);
  }

  /** The connection was asked to end, or has ended. */
  onLeaving(): void {
    if (!this.isLoad) return;
    this.isLoad = false;
    this.http2Use.add(-1, -this.streams);
  }

  onExchangeOver(bytesWritten: number): void {
    add(this.http, HTTP.at.downstream_cx_tx_bytes_total, bytesWritten - this.written);
    this.written = bytesWritten;
  }

  /** The connection rests, or its codec is done: what that counted meanwhile is added. */
  onIdle(): void {
    this.codec?.settle();
  }

  /** Counts, once per connection, the fault of the client that ends it. */
  onProtocolFault(fault: ProtocolFault): void {
    if (fault.scope === "stream" || this.faulted || HARMLESS.has(fault.kind)) return;
    this.faulted = true;
    const resets = fault.details === "http2.premature_reset_flood";
    const { downstream_rq_too_many_premature_resets, downstream_cx_protocol_error } = HTTP.at;
    count(this.http, resets ? downstream_rq_too_many_premature_resets : downstream_cx_protocol_error);
  }

  /** The client did not answer PING. */
  onSilent(): void {
    count(this.http2, HTTP2_CODEC.at.keepalive_timeout);
  }

  /** So many streams ended because the client did not take their answers. */
  onFlushTimeout(streams: number): void {
    if (streams === 0) return;
    add(this.http2, HTTP2_CODEC.at.tx_flush_timeout, streams);
    this.onIdle();
  }

  onClosed(bytesWritten: number, byUs: boolean, active: boolean): void {
    const { http } = this;
    this.onLeaving();
    this.onExchangeOver(bytesWritten);
    this.onIdle();
    count(http, HTTP.at.downstream_cx_destroy);
    count(http, byUs ? HTTP.at.downstream_cx_destroy_local : HTTP.at.downstream_cx_destroy_remote);
    if (active) {
      count(http, HTTP.at.downstream_cx_destroy_active_rq);
      count(
        http,
        byUs ? HTTP.at.downstream_cx_destroy_local_active_rq : HTTP.at.downstream_cx_destroy_remote_active_rq,
      );
    }
    add(http, HTTP.at.downstream_cx_active, -1);
    if (this.isTls) add(http, HTTP.at.downstream_cx_ssl_active, -1);
    if (this.protocol === "http1") add(http, HTTP.at.downstream_cx_http1_active, -1);
    if (this.protocol === "http2") add(http, HTTP.at.downstream_cx_http2_active, -1);
    recordValue(this.times, Math.round(this.nowMs() - this.startMs));
  }
}

const NO_STREAMS = new Float64Array(0);

/** Ends that break no rule of the protocol, or that Envoy does not count as such. */
const HARMLESS: ReadonlySet<ProtocolFault["kind"]> = new Set([
  "connection_closed",
  "head_timeout",
  "local_reset",
  "missing_host",
  "remote_reset",
]);
