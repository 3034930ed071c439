// One accepted connection and its connection upstream, tied together: bytes go both ways as they come, whichever side is slow pauses the
// other's source, and each direction ends by itself. Made by listener-service.ts. Nothing is allocated for a chunk.
import type { Bits64 } from "../../base/bits64.ts";
import { OneShots } from "../../base/one-shots.ts";
import { Timer } from "../../base/timer-wheel.ts";
import type { Channel, ChannelHandler, NetFault } from "../../net/channel.ts";
import { CLUSTER } from "../../telemetry/cluster-stats.ts";
import { add, count } from "../../telemetry/stats-add.ts";
import { TCP } from "../../telemetry/tcp-stats.ts";
import type { ConnectionKeeper, ServedConnection } from "../served-connection.ts";
import type { Cluster, OpenFailure, RawStream, RawWish } from "../upstream/upstream.ts";
import { highMark, type TcpProxy, type TcpTarget } from "./tcp-proxy.ts";
import { TcpRecord } from "./tcp-record.ts";

/** One connection through a TCP proxy. */
export class TcpConnection implements ChannelHandler, RawWish, ServedConnection {
  readonly protocol = "tcp";
  readonly exchanges = 0; // it carries bytes, no requests
  readonly hash: Bits64 | null;
  readonly metadataMatch: TcpTarget["metadataMatch"];
  place: number = -1;
  isDraining: boolean = false;
  private readonly proxy: TcpProxy;
  readonly record: TcpRecord;
  private readonly cluster: Cluster | null;
  private readonly channel: Channel;
  private readonly keeper: ConnectionKeeper;
  private upstream: RawStream | null = null; // connecting or open
  private isOpen = false;
  private early: Buffer[] = []; // what came before there was anywhere to send it: at most what was read before reading was paused
  private isClientPaused = false;
  private isUpstreamPaused = false;
  private clientEnded = false;
  private upstreamEnded = false;
  private isClientGone = false;
  private isFlushing = false; // the endpoint still takes what the client left behind
  private lastByteMs: number;
  private readonly highUp: number;
  private readonly idleTimer: Timer = new Timer(() => this.onIdle());
  private shots: OneShots | null = null; // made for a connection that needs one

  constructor(channel: Channel, proxy: TcpProxy, keeper: ConnectionKeeper) {
    this.channel = channel;
    this.proxy = proxy;
    this.keeper = keeper;
    this.hash = proxy.hashOf(channel.remoteAddress);
    const target = proxy.choose();
    this.cluster = target.cluster;
    this.metadataMatch = target.metadataMatch;
    this.record = new TcpRecord(channel, keeper.nextConnectionId(), this.cluster, proxy);
    this.lastByteMs = this.record.startMs;
    this.highUp = highMark(this.cluster?.plan.perConnectionBufferBytesMax ?? 0);
  }

  /** Looks for somewhere to send the bytes; the channel has its handler. */
  begin(): void {
    const { channel, proxy } = this;
    count(proxy.stats, TCP.at.downstream_cx_total);
    channel.pauseReading();
    channel.limitBuffers(proxy.bufferBytesMax);
    const durationMs = proxy.durationMs();
    if (durationMs !== Number.POSITIVE_INFINITY) this.after(durationMs, () => this.onDuration());
    if (this.cluster === null) {
      count(proxy.stats, TCP.at.downstream_cx_no_route);
      this.giveUp("NC");
    } else this.connect(this.cluster);
  }

  /** Gives it the time that a draining listener leaves its connections; nothing says when raw bytes are at a good place to end. */
  drain(): void {
    if (this.isDraining || this.isClientGone) return;
    this.isDraining = true;
    this.after(DRAIN_MS, () => this.abort());
  }

  abort(): void {
    this.channel.abort();
  }

  // The client's side.

  onConnect(): void {}

  onData(bytes: Uint8Array, start: number, end: number): void {
    if (!this.isOpen) {
      this.early.push(Buffer.from(bytes.subarray(start, end)));
      return;
    }
    this.sendUp(bytes, start, end);
    if (this.proxy.plan.checksDrain) this.checkDrain();
  }

  onEnd(): void {
    this.clientEnded = true;
    if (this.isOpen) this.upstream?.finish();
  }

  onDrain(): void {
    this.lastByteMs = this.proxy.services.clock.nowMs();
    if (!this.isUpstreamPaused) return;
    this.isUpstreamPaused = false;
    if (this.cluster !== null) count(this.cluster.stats, CLUSTER.at.upstream_flow_control_resumed_reading_total);
    this.upstream?.channel.resumeReading();
  }

  onClose(fault: NetFault | null): void {
    const { keeper, proxy, upstream } = this;
    this.isClientGone = true;
    this.shots?.stop();
    this.early = [];
    if (!proxy.logs.isEmpty) proxy.logs.write(this.record, "TcpConnectionEnd");
    if (upstream === null || !this.isOpen || fault?.kind === "reset") {
      proxy.services.wheel.remove(this.idleTimer);
      upstream?.abort("reset");
    } else this.flushUp(upstream);
    keeper.onConnectionClosed(this);
  }

  // The endpoint's side.

  onRawOpen(connection: RawStream): void {
    const { proxy, early } = this;
    const { plan, services } = proxy;
    this.isOpen = true;
    this.cluster?.outlier?.onTunnel(connection.endpoint);
    if (!proxy.logs.isEmpty) {
      const { localAddress, localPort } = connection.channel;
      this.record.upstreamLocal = { address: localAddress, port: localPort };
      if (plan.logsOnConnected) proxy.logs.write(this.record, "TcpUpstreamConnected");
      if (plan.logIntervalMs !== Number.POSITIVE_INFINITY) this.logAgain();
    }
    this.lastByteMs = services.clock.nowMs();
    services.wheel.arm(this.idleTimer, plan.idleTimeoutMs);
    this.early = [];
    for (const bytes of early) this.sendUp(bytes, 0, bytes.length);
    if (this.clientEnded) connection.finish();
    if (!this.isClientPaused) this.channel.resumeReading();
  }

  onRawFailed(failure: OpenFailure): void {
    const { cluster } = this;
    this.upstream = null;
    this.record.transportText = failure.transportText;
    this.record.addFlag("UF");
    if (failure.endpoint !== null) {
      this.record.endpoint = failure.endpoint;
      cluster?.outlier?.onLocalFailure(failure.endpoint, failure.kind === "connection_timeout" ? 504 : 503);
    }
    if (cluster === null) return;
    if (this.record.attempts < this.proxy.plan.connectAttemptsMax && this.proxy.plan.connectBackOffBaseMs > 0) {
      this.connectLater(cluster);
    } else this.connect(cluster);
  }

  onRawData(bytes: Uint8Array, start: number, end: number): void {
    const { channel, proxy } = this;
    // The client has gone: what still comes for it ends the flush, as a closed socket would.
    if (this.isClientGone) {
      this.upstream?.abort("reset");
      return;
    }
    this.record.sent += end - start;
    add(proxy.stats, TCP.at.downstream_cx_tx_bytes_total, end - start);
    this.lastByteMs = proxy.services.clock.nowMs();
    channel.writeThrough(bytes, start, end);
    if (!this.isUpstreamPaused && channel.queuedBytes() >= proxy.highDown) {
      this.isUpstreamPaused = true;
      if (this.cluster !== null) count(this.cluster.stats, CLUSTER.at.upstream_flow_control_paused_reading_total);
      this.upstream?.channel.pauseReading();
    }
    if (proxy.plan.checksDrain) this.checkDrain();
  }

  onRawEnd(): void {
    this.upstreamEnded = true;
    this.channel.finish();
  }

  onRawDrain(): void {
    this.lastByteMs = this.proxy.services.clock.nowMs();
    if (!this.isClientPaused) return;
    this.isClientPaused = false;
    count(this.proxy.stats, TCP.at.downstream_flow_control_resumed_reading_total);
    this.channel.resumeReading();
  }

  onRawClosed(fault: NetFault | null): void {
    const { proxy } = this;
    this.upstream = null;
    this.isOpen = false;
    proxy.services.wheel.remove(this.idleTimer);
    if (this.isFlushing) add(proxy.stats, TCP.at.upstream_flush_active, -1);
    this.isFlushing = false;
    if (this.isClientGone) return;
    if (fault?.kind === "reset") {
      this.record.addFlag("UR");
      this.channel.abort("reset");
    } else if (!this.clientEnded || !this.upstreamEnded) this.channel.close(); // else it ends by itself with its last byte
  }

  private sendUp(bytes: Uint8Array, start: number, end: number): void {
    const { proxy, upstream } = this;
    if (upstream === null) return;
    this.record.received += end - start;
    add(proxy.stats, TCP.at.downstream_cx_rx_bytes_total, end - start);
    this.lastByteMs = proxy.services.clock.nowMs();
    upstream.channel.writeThrough(bytes, start, end);
    if (this.isClientPaused || upstream.channel.queuedBytes() < this.highUp) return;
    this.isClientPaused = true;
    count(proxy.stats, TCP.at.downstream_flow_control_paused_reading_total);
    this.channel.pauseReading();
  }

  /** One attempt more, if there may be one. */
  private connect(cluster: Cluster): void {
    if (this.isClientGone) return;
    if (this.record.attempts >= this.proxy.plan.connectAttemptsMax) {
      count(cluster.stats, CLUSTER.at.upstream_cx_connect_attempts_exceeded);
      this.giveUp("URX");
      return;
    }
    const outcome = cluster.connect(this);
    if (!("kind" in outcome)) {
      this.record.attempts++;
      this.upstream = outcome;
      this.record.endpoint = outcome.endpoint;
    } else if (outcome.endpoint === null) this.giveUp(outcome.kind === "overflow" ? "UO" : "UH");
    else {
      // Refused before it began, so that the next one may be too: never in the same turn.
      this.record.attempts++;
      this.connectLater(cluster);
    }
  }

  private connectLater(cluster: Cluster): void {
    this.after(this.proxy.backOffMs(this.record.attempts), () => this.connect(cluster));
  }

  /** The client has left; what it sent still goes to the endpoint. */
  private flushUp(upstream: RawStream): void {
    upstream.close();
    if (upstream.channel.queuedBytes() === 0) return;
    this.isFlushing = true;
    count(this.proxy.stats, TCP.at.upstream_flush_total);
    add(this.proxy.stats, TCP.at.upstream_flush_active, 1);
  }

  private checkDrain(): void {
    if (this.isClientGone || !this.keeper.isDraining()) return;
    count(this.proxy.stats, TCP.at.downstream_cx_drain_close);
    this.channel.close();
    this.upstream?.close();
  }

  private logAgain(): void {
    this.after(this.proxy.plan.logIntervalMs, () => {
      this.proxy.logs.write(this.record, "TcpPeriodic");
      this.logAgain();
    });
  }

  private onIdle(): void {
    const { plan, services, stats } = this.proxy;
    const dueMs = this.lastByteMs + plan.idleTimeoutMs;
    if (services.clock.nowMs() < dueMs) {
      services.wheel.armAt(this.idleTimer, dueMs);
      return;
    }
    count(stats, TCP.at.idle_timeout);
    this.endBoth();
  }

  private onDuration(): void {
    this.record.addFlag("DT");
    count(this.proxy.stats, TCP.at.max_downstream_connection_duration);
    this.endBoth();
  }

  /** Now, whatever is queued. */
  private endBoth(): void {
    const { upstream } = this;
    if (!this.isFlushing) this.upstream = null;
    this.channel.abort();
    upstream?.abort("close");
  }

  private after(delayMs: number, callback: () => void): void {
    this.shots ??= new OneShots(this.proxy.services.wheel);
    this.shots.after(delayMs, callback);
  }

  private giveUp(flag: string): void {
    this.record.addFlag(flag);
    this.channel.abort();
  }
}

/** Envoy's --drain-time-s: how long connections of a listener that is gone may go on. */
const DRAIN_MS = 600_000;
