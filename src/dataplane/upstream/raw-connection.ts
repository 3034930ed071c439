// One connection of its own for one tunnel, from dial to close: bytes pass, nothing is parsed, and nobody uses it again. Counted as
// Envoy counts its TCP pools: a request that waits while it connects and runs until its end. Made by upstream-cluster.ts.
import type { Channel, ChannelHandler, NetFault } from "../../net/channel.ts";
import { PriorityIndex, Resource } from "../../telemetry/breaker-columns.ts";
import { CLUSTER } from "../../telemetry/cluster-stats.ts";
import { HOST } from "../../telemetry/host-stats.ts";
import { add, count } from "../../telemetry/stats-add.ts";
import type { ClusterHome } from "./cluster-home.ts";
import { ConnectionAccount } from "./connection-account.ts";
import type { UpstreamEndpoint } from "./endpoint.ts";
import type { RawStream, RawWish } from "./upstream.ts";

/** A raw connection. */
export class RawConnection implements RawStream, ChannelHandler {
  readonly endpoint: UpstreamEndpoint;
  readonly channel: Channel;
  private readonly home: ClusterHome;
  private readonly account: ConnectionAccount;
  /** Null: it was given up while it connected. */
  private wish: RawWish | null;
  private phase: "connecting" | "open" | "gone" = "connecting";
  /** Whose doing the end is: as Envoy has it, the side's that ended its direction last, or that gave up. */
  private endedBy: "local" | "remote" = "remote";
  private isFinished = false;

  constructor(home: ClusterHome, endpoint: UpstreamEndpoint, wish: RawWish) {
    const { breakers, plan, stats } = home;
    this.home = home;
    this.endpoint = endpoint;
    this.wish = wish;
    this.account = new ConnectionAccount(home, endpoint);
    home.raws.add(this);
    endpoint.raws++;
    breakers.add(PRIORITY, Resource.Connections, 1);
    endpoint.addConnections(1);
    breakers.add(PRIORITY, Resource.Pending, 1);
    count(stats, CLUSTER.at.upstream_rq_pending_total);
    this.addPending(1);
    const target = home.targets.target(endpoint.address, endpoint.hostname, "", "raw");
    this.channel = home.services.dial(target, this);
    this.channel.limitBuffers(plan.perConnectionBufferBytesMax);
  }

  finish(): void {
    this.isFinished = true;
    this.endedBy = "local";
    this.channel.finish();
  }

  close(): void {
    this.endHere();
    if (this.phase === "open") this.channel.close(0);
  }

  abort(how: "reset" | "close"): void {
    this.endHere();
    if (this.phase === "open") this.channel.abort(how);
  }

  onConnect(): void {
    const { home, endpoint } = this;
    this.phase = "open";
    this.account.connected();
    this.stopWaiting();
    count(home.stats, CLUSTER.at.upstream_rq_total);
    count(endpoint.stats, HOST.at.rq_total);
    home.breakers.add(PRIORITY, Resource.Requests, 1);
    this.addActive(1);
    this.wish?.onRawOpen(this);
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.account.bytes(this.channel.bytesRead, this.channel.bytesWritten);
    this.wish?.onRawData(bytes, start, end);
  }

  onEnd(): void {
    this.endedBy = "remote";
    this.wish?.onRawEnd();
  }

  onDrain(): void {
    this.wish?.onRawDrain();
  }

  onClose(fault: NetFault | null): void {
    const { phase, wish, endpoint } = this;
    this.phase = "gone";
    this.wish = null;
    if (phase === "open") {
      this.account.bytes(this.channel.bytesRead, this.channel.bytesWritten);
      this.home.breakers.add(PRIORITY, Resource.Requests, -1);
      this.addActive(-1);
      this.leave(true);
      wish?.onRawClosed(fault);
      return;
    }
    const isTimeout = fault !== null && (fault.kind === "connect-timeout" || fault.kind === "handshake-timeout");
    if (isTimeout) {
      this.account.connectTimedOut();
      this.endedBy = "local";
    }
    this.stopWaiting();
    // Given up by its owner, nobody's attempt failed.
    if (wish !== null) count(this.home.stats, CLUSTER.at.upstream_rq_pending_failure_eject);
    this.account.connectFailed();
    this.leave(false);
    wish?.onRawFailed({
      kind: isTimeout ? "connection_timeout" : "connection_failure",
      transportText: isTimeout || fault === null ? "" : fault.text,
      endpoint,
    });
  }

  /** The owner ends it. Where both directions had ended, that end stands; an attempt that still runs is cancelled. */
  private endHere(): void {
    if (!this.isFinished || !this.channel.peerEnded) this.endedBy = "local";
    if (this.phase !== "connecting" || this.wish === null) return;
    this.wish = null;
    count(this.home.stats, CLUSTER.at.upstream_rq_cancelled);
    this.channel.abort("close");
  }

  /** Out of every count, once. */
  private leave(isWithRequest: boolean): void {
    const { home, endpoint } = this;
    this.account.ended(this.endedBy, isWithRequest);
    home.breakers.add(PRIORITY, Resource.Connections, -1);
    endpoint.addConnections(-1);
    home.raws.delete(this);
    endpoint.raws--;
    endpoint.onPoolEmpty();
  }

  private stopWaiting(): void {
    this.home.breakers.add(PRIORITY, Resource.Pending, -1);
    this.addPending(-1);
  }

  private addPending(change: 1 | -1): void {
    add(this.home.stats, CLUSTER.at.upstream_rq_pending_active, change);
    add(this.endpoint.stats, HOST.at.rq_pending_active, change);
  }

  private addActive(change: 1 | -1): void {
    add(this.home.stats, CLUSTER.at.upstream_rq_active, change);
    add(this.endpoint.stats, HOST.at.rq_active, change);
    this.endpoint.addActive(change);
  }
}

/** Tunnels count at the default priority, as in Envoy. */
const PRIORITY = PriorityIndex.default;
