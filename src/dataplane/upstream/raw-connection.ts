// One connection of its own for one tunnel, from dial to close: bytes pass, nothing is parsed, and nobody uses it again. Counted as
// Envoy counts its TCP pools: a request that waits while it connects and runs until its end. Where the endpoint has all connections that
// it may have, the tunnel waits for the end of one. Made by upstream-cluster.ts.
import type { Channel, ChannelHandler, NetFault } from "../../net/channel.ts";
import { PriorityIndex, Resource } from "../../telemetry/breaker-columns.ts";
import { CLUSTER } from "../../telemetry/cluster-stats.ts";
import { HOST } from "../../telemetry/host-stats.ts";
import { add, count } from "../../telemetry/stats-add.ts";
import type { ClusterHome } from "./cluster-home.ts";
import { ConnectionAccount } from "./connection-account.ts";
import type { UpstreamEndpoint } from "./endpoint.ts";
import type { OpenFailure, RawStream, RawWish } from "./upstream.ts";

/** A raw connection. */
export class RawConnection implements RawStream, ChannelHandler {
  readonly endpoint: UpstreamEndpoint;
  private readonly home: ClusterHome;
  /** Null: it waits for its turn. */
  private line: Line | null = null;
  /** Null: it was given up while it waited or connected. */
  private wish: RawWish | null;
  private phase: "waiting" | "connecting" | "open" | "gone" = "waiting";
  /** Whose doing the end is: as Envoy has it, the side's that ended its direction last, or that gave up. */
  private endedBy: "local" | "remote" = "remote";
  private isFinished = false;

  constructor(home: ClusterHome, endpoint: UpstreamEndpoint, wish: RawWish) {
    this.home = home;
    this.endpoint = endpoint;
    this.wish = wish;
    home.raws.add(this);
    home.breakers.add(PRIORITY, Resource.Pending, 1);
    count(home.stats, CLUSTER.at.upstream_rq_pending_total);
    this.addPending(1);
    const { waitingRaws } = endpoint;
    if (waitingRaws.length === 0 && this.tryDial()) return;
    endpoint.waitingRaws = [...waitingRaws, this];
    if (waitingRaws.length > 0) dialWaiting(endpoint);
  }

  /** Of one that was dialled: nobody else's bytes are to go anywhere. */
  get channel(): Channel {
    if (this.line === null) throw new Error("a raw connection that waits has no channel");
    return this.line.channel;
  }

  /**
   * Dials, unless the endpoint has all connections that it may have; one that has none of this worker's tunnels gets one all the same, as
   * in the pools.
   */
  tryDial(): boolean {
    const { endpoint, home } = this;
    const { breakers } = home;
    const isAllowed = breakers.mayConnect(PRIORITY, endpoint);
    if (!isAllowed) count(home.stats, CLUSTER.at.upstream_cx_overflow);
    if (!isAllowed && endpoint.raws > 0) return false;
    this.phase = "connecting";
    endpoint.raws++;
    const account = new ConnectionAccount(home, endpoint);
    breakers.add(PRIORITY, Resource.Connections, 1);
    endpoint.addConnections(1);
    const channel = home.services.dial(home.targets.target(endpoint.address, endpoint.hostname, "", "raw"), this);
    channel.limitBuffers(home.plan.perConnectionBufferBytesMax);
    this.line = { account, channel };
    return true;
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
    this.line?.account.connected();
    this.stopWaiting();
    count(home.stats, CLUSTER.at.upstream_rq_total);
    count(endpoint.stats, HOST.at.rq_total);
    home.breakers.add(PRIORITY, Resource.Requests, 1);
    this.addActive(1);
    this.wish?.onRawOpen(this);
    dialWaiting(endpoint);
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.countBytes();
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
      this.countBytes();
      this.home.breakers.add(PRIORITY, Resource.Requests, -1);
      this.addActive(-1);
      this.leave(true);
      wish?.onRawClosed(fault);
      dialWaiting(endpoint);
      return;
    }
    const isTimeout = fault !== null && (fault.kind === "connect-timeout" || fault.kind === "handshake-timeout");
    if (isTimeout) {
      this.line?.account.connectTimedOut();
      this.endedBy = "local";
    }
    this.stopWaiting();
    // Given up by its owner, nobody's attempt failed.
    if (wish !== null) count(this.home.stats, CLUSTER.at.upstream_rq_pending_failure_eject);
    this.line?.account.connectFailed();
    this.leave(false);
    if (wish === null) {
      dialWaiting(endpoint);
      return;
    }
    const failure: OpenFailure = {
      kind: isTimeout ? "connection_timeout" : "connection_failure",
      transportText: isTimeout || fault === null ? "" : fault.text,
      endpoint,
    };
    // As in the pools, all that wait fail with it. They leave the line first: one that tries again must not fail with them.
    const failing = endpoint.waitingRaws;
    endpoint.waitingRaws = NOBODY;
    wish.onRawFailed(failure);
    for (const raw of failing) raw.failWaiting(failure);
  }

  /** It waited, and the connection that it waited for could not be made. */
  private failWaiting(failure: OpenFailure): void {
    const { wish } = this;
    if (wish === null) return;
    count(this.home.stats, CLUSTER.at.upstream_rq_pending_failure_eject);
    this.stopBeforeDial();
    wish.onRawFailed(failure);
  }

  /** The owner ends it. Where both directions had ended, that end stands; an attempt that still runs is cancelled. */
  private endHere(): void {
    const { phase } = this;
    if (phase === "open" && !(this.isFinished && this.channel.peerEnded)) this.endedBy = "local";
    if (this.wish === null || (phase !== "connecting" && phase !== "waiting")) return;
    count(this.home.stats, CLUSTER.at.upstream_rq_cancelled);
    if (phase === "waiting") {
      const { endpoint } = this;
      endpoint.waitingRaws = endpoint.waitingRaws.filter((raw) => raw !== this);
      this.stopBeforeDial();
      return;
    }
    this.wish = null;
    this.endedBy = "local";
    this.channel.abort("close");
  }

  /** Out of every count of one that was never dialled. */
  private stopBeforeDial(): void {
    this.phase = "gone";
    this.wish = null;
    this.stopWaiting();
    this.home.raws.delete(this);
    this.endpoint.onPoolEmpty();
  }

  /** Out of every count, once. */
  private leave(isWithRequest: boolean): void {
    const { home, endpoint } = this;
    this.line?.account.ended(this.endedBy, isWithRequest);
    home.breakers.add(PRIORITY, Resource.Connections, -1);
    endpoint.addConnections(-1);
    home.raws.delete(this);
    endpoint.raws--;
    endpoint.onPoolEmpty();
  }

  private countBytes(): void {
    const { line } = this;
    line?.account.bytes(line.channel.bytesRead, line.channel.bytesWritten);
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

interface Line {
  readonly account: ConnectionAccount;
  readonly channel: Channel;
}

/** Something about the endpoint's connections changed: who waits longest is next. */
function dialWaiting(endpoint: UpstreamEndpoint): void {
  for (let first = endpoint.waitingRaws[0]; first?.tryDial() === true; first = endpoint.waitingRaws[0]) {
    endpoint.waitingRaws = endpoint.waitingRaws.slice(1);
  }
}

const NOBODY: readonly RawConnection[] = [];

/** Tunnels count at the default priority, as in Envoy. */
const PRIORITY = PriorityIndex.default;
