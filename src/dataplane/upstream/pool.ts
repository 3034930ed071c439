// The connections of one endpoint for one protocol and priority, and the requests that wait for one: Envoy's rules of when to connect,
// which connection to use, and who hears of a failed attempt. Made and asked by upstream-cluster.ts.
import type { Channel } from "../../net/channel.ts";
import type { DialOptions } from "../../net/dial.ts";
import type { ClientCodec } from "../../protocol/message.ts";
import { Resource } from "../../telemetry/breaker-columns.ts";
import { CLUSTER } from "../../telemetry/cluster-stats.ts";
import { HOST } from "../../telemetry/host-stats.ts";
import type { ClusterHome } from "./cluster-home.ts";
import { ConnectionList } from "./connection-list.ts";
import type { PoolProtocol } from "./dial-target.ts";
import type { UpstreamEndpoint } from "./endpoint.ts";
import { OpenStream } from "./open-stream.ts";
import { PendingQueue, PendingRequest } from "./pending-queue.ts";
import { type ConnectionOwner, ConnectionState, PoolConnection } from "./pool-connection.ts";
import { Http1Part } from "./pool-h1.ts";
import { Http2Part } from "./pool-h2.ts";
import type { ProtocolPart } from "./protocol-part.ts";
import type { OpenFailure, UpstreamRequest } from "./upstream.ts";

/** What tells one pool from another. */
export interface PoolIdentity {
  readonly endpoint: UpstreamEndpoint;
  readonly protocol: PoolProtocol;
  /** PriorityIndex. */
  readonly priority: number;
  /** The request's host for auto_sni; empty where it does not matter. */
  readonly requestName: string;
  /** Called when the pool holds neither connections nor requests any more. */
  readonly onEmpty: ((pool: Pool) => void) | null;
}

/** A pool. */
export class Pool implements ConnectionOwner {
  readonly home: ClusterHome;
  readonly endpoint: UpstreamEndpoint;
  readonly priority: number;
  readonly target: DialOptions;
  readonly expectedStreams: number;
  private readonly protocol: PoolProtocol;
  private readonly onEmpty: ((pool: Pool) => void) | null;
  private readonly http1: Http1Part;
  private readonly ready = new ConnectionList();
  /** Busy and draining ones. */
  private readonly busy = new ConnectionList();
  private readonly connecting = new ConnectionList();
  /** Requests that the connecting ones can take when they stand. */
  private connectingRoom = 0;
  private readonly pending = new PendingQueue();
  private isRetired = false;
  /** Whether it counts against the limit of pools: while it holds anything. */
  private isCounted = false;

  constructor(home: ClusterHome, identity: PoolIdentity) {
    const { endpoint, protocol } = identity;
    this.home = home;
    this.endpoint = endpoint;
    this.protocol = protocol;
    this.priority = identity.priority;
    this.onEmpty = identity.onEmpty;
    this.http1 = new Http1Part(home);
    this.target = home.targets.target(endpoint.address, endpoint.hostname, identity.requestName, protocol);
    this.expectedStreams = protocol === "http1" ? 1 : home.plan.http.http2.concurrentStreamsMax;
  }

  /** Connections in any state. */
  get connections(): number {
    return this.ready.size + this.busy.size + this.connecting.size;
  }

  /** Whether it holds connections or requests. */
  get isInUse(): boolean {
    return this.isCounted;
  }

  /** Opens a stream at once on a connection that has room, else queues the request and connects. */
  open(request: UpstreamRequest): void {
    const connection = this.firstReady();
    if (connection !== null) {
      this.attach(connection, request);
      return;
    }
    const { breakers } = this.home;
    const { priority } = this;
    if (breakers.isFull(priority, Resource.Pending)) {
      this.count(RQ_PENDING_OVERFLOW);
      this.home.drops.count("rq_dropped");
      request.onOpenFailed(PENDING_OVERFLOW);
      return;
    }
    if (!this.isCounted) {
      if (breakers.isFull(priority, Resource.Pools)) {
        // Envoy answers as if there were no endpoint.
        this.count(CX_POOL_OVERFLOW);
        request.onOpenFailed({ kind: "no_healthy_upstream", transportText: "", endpoint: null });
        return;
      }
      this.isCounted = true;
      this.home.pools.add(this);
      breakers.add(priority, Resource.Pools, 1);
    }
    const pending = new PendingRequest(request, this.cancelPending);
    this.pending.push(pending);
    this.home.pending.set(request, pending);
    breakers.add(priority, Resource.Pending, 1);
    this.count(RQ_PENDING_TOTAL);
    this.gauge(RQ_PENDING_ACTIVE, HOST_RQ_PENDING_ACTIVE, 1);
    this.connect();
  }

  /** The endpoint or the cluster went: idle connections close, busy ones after their requests, waiting requests are still served. */
  drain(): void {
    this.isRetired = true;
    this.drainConnections();
    this.tellEmpty();
  }

  /** Idle connections close, busy ones after their requests; who waits still gets one. */
  drainConnections(): void {
    for (const connection of [...this.ready.toArray(), ...this.busy.toArray()]) connection.drain();
    if (this.pending.size === 0) for (const connection of this.connecting.toArray()) connection.drain();
  }

  /** Ends everything now. */
  close(): void {
    this.isRetired = true;
    this.failPending({ kind: "connection_failure", transportText: "", endpoint: this.endpoint });
    const lists = [this.ready, this.busy, this.connecting];
    for (const connection of lists.flatMap((list) => list.toArray())) connection.close();
  }

  partOf(channel: Channel): ProtocolPart {
    const protocol = this.protocol === "alpn" ? (channel.tls?.alpn === "h2" ? "http2" : "http1") : this.protocol;
    if (this.protocol === "alpn") this.count(protocol === "http2" ? CX_HTTP2_TOTAL : CX_HTTP1_TOTAL);
    return protocol === "http1" ? this.http1 : new Http2Part(this.home);
  }

  onState(connection: PoolConnection, state: ConnectionState): void {
    if (connection.state === ConnectionState.Connecting) this.connectingRoom -= connection.expectedRoom;
    const from = this.listOf(connection.state);
    const to = this.listOf(state);
    connection.state = state;
    if (from === to) return;
    from?.remove(connection);
    to?.add(connection);
  }

  onStreamsDone(count: number): void {
    const { breakers } = this.home;
    this.gauge(RQ_ACTIVE, HOST_RQ_ACTIVE, -count);
    this.endpoint.addActive(-count);
    for (let i = 0; i < count; i++) breakers.add(this.priority, Resource.Requests, -1);
  }

  onRoom(): void {
    while (this.pending.size > 0) {
      const connection = this.firstReady();
      if (connection === null) break;
      this.attach(connection, this.taken(this.pending.shift() as PendingRequest));
    }
    if (this.pending.size > 0) this.connect();
    else if (this.isRetired) for (const connection of this.ready.toArray()) connection.drain();
  }

  onGone(failure: OpenFailure | null): void {
    if (failure !== null) this.failPending(failure);
    if (this.pending.size > 0) this.connect();
    this.tellEmpty();
  }

  /** Envoy: all that wait fail with one attempt to connect, other attempts notwithstanding. */
  private failPending(failure: OpenFailure): void {
    // They leave the queue first: a retry may come back at once and must not fail with them.
    const failed = this.pending.takeAll();
    for (let pending = failed.shift(); pending !== null; pending = failed.shift()) {
      this.count(RQ_PENDING_FAILURE_EJECT);
      this.taken(pending).onOpenFailed(failure);
    }
  }

  private readonly cancelPending = (pending: PendingRequest): void => {
    pending.queue?.remove(pending);
    this.taken(pending);
    this.count(RQ_CANCELLED);
    if (this.isRetired && this.pending.size === 0) this.drain();
  };

  /** The ready connection that was used last and has room; ones that turn out to be ending are put aside. */
  private firstReady(): PoolConnection | null {
    for (let connection = this.ready.first; connection !== null; connection = this.ready.first) {
      if (connection.canTake()) return connection;
      this.onState(connection, ConnectionState.Draining);
    }
    return null;
  }

  private attach(connection: PoolConnection, request: UpstreamRequest): void {
    const { home, endpoint, priority } = this;
    if (home.breakers.isFull(priority, Resource.Requests)) {
      this.count(RQ_ACTIVE_OVERFLOW);
      this.home.drops.count("rq_dropped");
      request.onOpenFailed({ kind: "overflow", transportText: "", endpoint });
      return;
    }
    const codec = connection.codec as ClientCodec;
    connection.take();
    this.count(RQ_TOTAL);
    this.gauge(RQ_ACTIVE, HOST_RQ_ACTIVE, 1);
    const { stats } = endpoint;
    stats[HOST_RQ_TOTAL] = (stats[HOST_RQ_TOTAL] as number) + 1;
    endpoint.addActive(1);
    home.breakers.add(priority, Resource.Requests, 1);
    request.onOpen(new OpenStream(codec.open(request.sink), endpoint, connection, codec.protocol));
  }

  private connect(): void {
    for (let i = 0; i < CONNECTS_AT_ONCE_MAX; i++) if (!this.connectOne()) return;
  }

  private connectOne(): boolean {
    if (this.pending.size <= this.connectingRoom) return false;
    const isAllowed = this.home.breakers.mayConnect(this.priority, this.endpoint);
    if (!isAllowed) this.count(CX_OVERFLOW);
    // An endpoint without any connection always gets one: its requests would wait for ever when others use up the limit.
    if (!isAllowed && this.connections > 0) return false;
    if (this.protocol !== "alpn") this.count(this.protocol === "http1" ? CX_HTTP1_TOTAL : CX_HTTP2_TOTAL);
    const connection = new PoolConnection(this);
    this.connecting.add(connection);
    this.connectingRoom += connection.expectedRoom;
    return isAllowed;
  }

  /** A request that waits no longer. */
  private taken(pending: PendingRequest): UpstreamRequest {
    const { request } = pending;
    this.home.pending.delete(request);
    this.home.breakers.add(this.priority, Resource.Pending, -1);
    this.gauge(RQ_PENDING_ACTIVE, HOST_RQ_PENDING_ACTIVE, -1);
    return request;
  }

  private tellEmpty(): void {
    if (!this.isCounted || this.connections > 0 || this.pending.size > 0) return;
    this.isCounted = false;
    this.home.pools.delete(this);
    this.home.breakers.add(this.priority, Resource.Pools, -1);
    this.onEmpty?.(this);
    this.endpoint.onPoolEmpty();
  }

  private listOf(state: ConnectionState): ConnectionList | null {
    switch (state) {
      case ConnectionState.Connecting:
        return this.connecting;
      case ConnectionState.Ready:
        return this.ready;
      case ConnectionState.Busy:
      case ConnectionState.Draining:
        return this.busy;
      case ConnectionState.Closed:
        return null;
    }
  }

  private count(at: number): void {
    const { stats } = this.home;
    stats[at] = (stats[at] as number) + 1;
  }

  private gauge(at: number, hostAt: number, change: number): void {
    const { stats } = this.home;
    stats[at] = (stats[at] as number) + change;
    const hostStats = this.endpoint.stats;
    hostStats[hostAt] = (hostStats[hostAt] as number) + change;
  }
}

/** As Envoy's, it is no endpoint's. */
const PENDING_OVERFLOW: OpenFailure = Object.freeze({ kind: "overflow", transportText: "", endpoint: null });

/** Envoy's cap on connections that one event starts. */
const CONNECTS_AT_ONCE_MAX = 3;

const {
  upstream_cx_http1_total: CX_HTTP1_TOTAL,
  upstream_cx_http2_total: CX_HTTP2_TOTAL,
  upstream_cx_overflow: CX_OVERFLOW,
  upstream_cx_pool_overflow: CX_POOL_OVERFLOW,
  upstream_rq_active: RQ_ACTIVE,
  upstream_rq_active_overflow: RQ_ACTIVE_OVERFLOW,
  upstream_rq_cancelled: RQ_CANCELLED,
  upstream_rq_pending_active: RQ_PENDING_ACTIVE,
  upstream_rq_pending_failure_eject: RQ_PENDING_FAILURE_EJECT,
  upstream_rq_pending_overflow: RQ_PENDING_OVERFLOW,
  upstream_rq_pending_total: RQ_PENDING_TOTAL,
  upstream_rq_total: RQ_TOTAL,
} = CLUSTER.at;
const { rq_active: HOST_RQ_ACTIVE, rq_pending_active: HOST_RQ_PENDING_ACTIVE, rq_total: HOST_RQ_TOTAL } = HOST.at;
