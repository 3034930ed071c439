// One upstream connection in its pool: from dial to close, whatever it speaks. It owns the channel, the codec and the timers of the
// connection and counts its life; which request goes where is the pool's business.
import { Timer } from "../../base/timer-wheel.ts";
import type { Channel, ChannelHandler, NetFault } from "../../net/channel.ts";
import type { DialOptions } from "../../net/dial.ts";
import { ErrorCode, fault as makeFault, type ProtocolFault } from "../../protocol/fault.ts";
import type { Keepalive } from "../../protocol/h2/keepalive.ts";
import type { ClientCodec, ClientEvents } from "../../protocol/message.ts";
import { Resource } from "../../telemetry/breaker-columns.ts";
import type { ClusterHome } from "./cluster-home.ts";
import { ConnectionAccount } from "./connection-account.ts";
import type { UpstreamEndpoint } from "./endpoint.ts";
import type { ProtocolPart } from "./protocol-part.ts";
import type { OpenFailure } from "./upstream.ts";

/** Where a connection is in its life, as in Envoy's ActiveClient. `Draining`: finishes its requests and takes no new one. */
export const ConnectionState = { Connecting: 0, Ready: 1, Busy: 2, Draining: 3, Closed: 4 } as const;
/** One of ConnectionState. */
export type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState];

/** What a connection tells its pool. */
export interface ConnectionOwner {
  readonly home: ClusterHome;
  readonly endpoint: UpstreamEndpoint;
  /** PriorityIndex. */
  readonly priority: number;
  readonly target: DialOptions;
  /** Requests that a connection is expected to carry at once, before its handshake says what it speaks. */
  readonly expectedStreams: number;
  /** What a connection speaks whose handshake is done. */
  partOf(channel: Channel): ProtocolPart;
  /** Its state is to change: the owner moves it to the list of that state and sets it. */
  onState(connection: PoolConnection, state: ConnectionState): void;
  /** So many of its requests are over. */
  onStreamsDone(count: number): void;
  /** It can take requests: after the handshake, or because one is done. */
  onRoom(): void;
  /** It is gone. `failure`: it never stood. */
  onGone(failure: OpenFailure | null): void;
}

/** A connection of a pool. */
export class PoolConnection implements ChannelHandler, ClientEvents {
  /** Set by the owner only. */
  state: ConnectionState = ConnectionState.Connecting;
  /** Links of the owner's list. */
  next: PoolConnection | null = null;
  previous: PoolConnection | null = null;
  readonly channel: Channel;
  /** Null until the handshake is done. */
  codec: ClientCodec | null = null;
  /** Requests in flight. */
  active: number = 0;
  /** Requests that are over. */
  done: number = 0;
  /** Requests that wait for it and for nobody else, at most: what it counted for while it was connecting. */
  readonly expectedRoom: number;
  /** Bytes received so far. */
  received: number = 0;
  /** Of them before the newest request. */
  private receivedBefore = 0;
  private readonly owner: ConnectionOwner;
  private part: ProtocolPart | null = null;
  private keepalive: Keepalive | null = null;
  private streamLimit: number;
  /** Requests that it may still begin: max_requests_per_connection. */
  private remaining: number;
  private readonly account: ConnectionAccount;
  private readonly idle: Timer;
  private duration: Timer | null = null;
  /** Requests in flight when the bytes, or the end, came that are being looked at. */
  private activeBefore = 0;
  /** The time while bytes are being looked at, so that a request that ends there asks no clock. */
  private readMs = NOT_READING;
  private isEndedByPeer = false;
  /** An exchange ended in a way that leaves the connection of no further use. */
  private isBroken = false;
  /** The peer said that the connection will end: `connection: close`, GOAWAY. */
  private isAnnounced = false;

  constructor(owner: ConnectionOwner) {
    const { home, endpoint } = owner;
    this.owner = owner;
    this.streamLimit = owner.expectedStreams;
    this.remaining = home.plan.requestsPerConnectionMax;
    this.expectedRoom = this.room;
    this.idle = new Timer(() => this.onIdle());
    this.account = new ConnectionAccount(home, endpoint);
    home.breakers.add(owner.priority, Resource.Connections, 1);
    endpoint.addConnections(1);
    this.channel = home.services.dial(owner.target, this);
  }

  /** Requests that could begin on it now, were it ready. */
  get room(): number {
    return Math.min(this.remaining, this.streamLimit - this.active);
  }

  /** Whether the next request may begin on it. */
  canTake(): boolean {
    return this.room > 0 && this.codec !== null && this.codec.canOpen();
  }

  /** A request begins: the owner asked `canTake`. */
  take(): void {
    const { room } = this;
    this.receivedBefore = this.received;
    this.active++;
    this.remaining--;
    if (this.remaining === 0) {
      this.account.requestsReached();
      this.owner.onState(this, ConnectionState.Draining);
    } else if (room === 1) {
      this.owner.onState(this, ConnectionState.Busy);
    }
    this.part?.onStreams(1);
    this.keepalive?.beforeStream(this.owner.home.services.clock.nowMs());
  }

  /** Takes no new request; closes when the last one is over, at once when there is none. */
  drain(): void {
    if (this.state === ConnectionState.Closed) return;
    if (this.active === 0) this.end("local", CLOSED_LOCALLY, null);
    else if (this.state !== ConnectionState.Draining) this.owner.onState(this, ConnectionState.Draining);
  }

  /** Ends now, with whatever is in flight. */
  close(): void {
    this.end("local", CLOSED_LOCALLY, null);
  }

  onConnect(): void {
    const { home } = this.owner;
    const { services } = home;
    this.account.connected();
    const part = this.owner.partOf(this.channel);
    this.part = part;
    this.streamLimit = part.streamLimit;
    this.codec = part.start(this.channel, this);
    this.keepalive = part.keepalive;
    this.owner.onState(this, this.room > 0 ? ConnectionState.Ready : ConnectionState.Busy);
    if (home.plan.connectionDurationMaxMs !== Number.POSITIVE_INFINITY) {
      this.duration = new Timer(() => this.onDuration());
      services.wheel.arm(this.duration, home.plan.connectionDurationMaxMs);
    }
    this.armIdle();
    this.owner.onRoom();
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    const { codec } = this;
    if (codec === null) return;
    this.received += end - start;
    this.activeBefore = this.active;
    const nowMs = this.owner.home.services.clock.nowMs();
    this.readMs = nowMs;
    codec.receive(bytes, start, end, nowMs);
    this.keepalive?.heard(nowMs);
    this.readMs = NOT_READING;
    this.account.bytes(this.received, this.channel.bytesWritten);
  }

  onEnd(): void {
    if (this.codec === null) return;
    this.isEndedByPeer = true;
    this.activeBefore = this.active;
    this.codec.receiveEnd();
    this.end("remote", CLOSED_BY_PEER, null);
  }

  onDrain(): void {
    this.codec?.onDrain();
  }

  onClose(fault: NetFault | null): void {
    if (this.codec !== null) {
      this.end("remote", CLOSED_BY_PEER, null);
      return;
    }
    const isTimeout = fault !== null && (fault.kind === "connect-timeout" || fault.kind === "handshake-timeout");
    if (isTimeout) this.account.connectTimedOut();
    this.end(isTimeout ? "local" : "remote", CLOSED_BY_PEER, {
      kind: isTimeout ? "connection_timeout" : "connection_failure",
      transportText: isTimeout || fault === null ? "" : fault.text,
      endpoint: this.owner.endpoint,
    });
  }

  onExchangeDone(_streamId: number, reusable: boolean): void {
    if (this.state === ConnectionState.Closed) return;
    this.active--;
    this.done++;
    this.part?.onStreams(-1);
    this.owner.onStreamsDone(1);
    if (!reusable) {
      // What it means is said by `onConnectionDone`, which comes next on HTTP/1 and with the last stream on HTTP/2.
      this.isBroken = true;
      if (this.state !== ConnectionState.Draining) this.owner.onState(this, ConnectionState.Draining);
      return;
    }
    if (this.active === 0) this.armIdle();
    if (this.state === ConnectionState.Draining) {
      if (this.active === 0) this.end("local", CLOSED_LOCALLY, null);
    } else if (this.state === ConnectionState.Busy && this.room > 0) {
      this.owner.onState(this, ConnectionState.Ready);
      this.owner.onRoom();
    }
  }

  onDraining(_lastStreamId: number): void {
    if (this.state === ConnectionState.Closed) return;
    if (!this.isAnnounced) this.account.closeAnnounced();
    this.isAnnounced = true;
    if (this.state !== ConnectionState.Draining) this.owner.onState(this, ConnectionState.Draining);
  }

  onCapacity(concurrentStreamsMax: number): void {
    if (this.part === null || this.state === ConnectionState.Closed) return;
    this.streamLimit = Math.min(this.part.streamLimit, concurrentStreamsMax);
    const { room } = this;
    if (this.state === ConnectionState.Ready && room <= 0) this.owner.onState(this, ConnectionState.Busy);
    else if (this.state === ConnectionState.Busy && room > 0) {
      this.owner.onState(this, ConnectionState.Ready);
      this.owner.onRoom();
    }
  }

  onConnectionDone(fault: ProtocolFault | null): void {
    if (this.state === ConnectionState.Closed) return;
    if (fault !== null && !NO_PROTOCOL_ERRORS.has(fault.kind)) {
      this.account.protocolError();
      this.part?.onProtocolError(this.activeBefore);
    }
    const isHttp1 = this.part?.protocol === "http1";
    // As Envoy: an end in the middle of an answer is malformed HTTP/1, one before its first byte is only an end.
    const isMidAnswer = this.isEndedByPeer && this.activeBefore > 0 && this.received > this.receivedBefore;
    if (isHttp1 && isMidAnswer && fault?.kind === "connection_closed") this.account.protocolError();
    const isCutShort = isHttp1
      ? this.isBroken && (fault !== null || !this.isAnnounced)
      : this.isEndedByPeer && this.activeBefore > 0;
    this.end(this.isEndedByPeer ? "remote" : "local", fault ?? CLOSED_LOCALLY, null, isCutShort);
  }

  /** The end, once: out of the pool and the counts first, so that whoever hears of it finds the room that it leaves. */
  private end(
    by: "local" | "remote",
    fault: ProtocolFault,
    failure: OpenFailure | null,
    isCutShort: boolean = false,
  ): void {
    if (this.state === ConnectionState.Closed) return;
    const { owner, active, codec } = this;
    this.stopTimers();
    this.account.bytes(this.received, this.channel.bytesWritten);
    this.part?.onStreams(-active);
    this.part?.stop();
    this.keepalive = null;
    this.account.ended(by, active > 0 || isCutShort);
    if (failure !== null) this.account.connectFailed();
    const isCut = fault.kind === "connection_closed" || fault.kind === "goaway";
    if (isCut && this.part?.protocol === "http2") {
      this.account.streamsCut(this.isEndedByPeer ? this.activeBefore : active);
    }
    this.active = 0;
    if (active > 0) owner.onStreamsDone(active);
    owner.home.breakers.add(owner.priority, Resource.Connections, -1);
    owner.endpoint.addConnections(-1);
    owner.onState(this, ConnectionState.Closed);
    this.channel.handler = GONE;
    codec?.connectionLost(fault);
    // A codec that found a fault may have said so to the peer: that is to leave. What was given up here is not.
    if (codec === null || fault === CLOSED_LOCALLY || fault.kind === "local_reset") this.channel.abort("close");
    else this.channel.close(0);
    owner.onGone(failure);
  }

  private armIdle(): void {
    const { plan, services } = this.owner.home;
    const { idleTimeoutMs } = plan;
    if (idleTimeoutMs === Number.POSITIVE_INFINITY) return;
    // Never disarmed when a request begins: a timer that fires while one is open does nothing, and the next idle time arms it later.
    const nowMs = this.readMs === NOT_READING ? services.clock.nowMs() : this.readMs;
    services.wheel.armAt(this.idle, nowMs + idleTimeoutMs);
  }

  /** Closes it because the peer does not answer pings. */
  onUnresponsive(): void {
    this.end("local", UNRESPONSIVE, null);
  }

  private onIdle(): void {
    if (this.active > 0 || this.state === ConnectionState.Closed) return;
    this.account.idleTimedOut();
    this.end("local", CLOSED_LOCALLY, null);
  }

  private onDuration(): void {
    if (this.state === ConnectionState.Draining || this.state === ConnectionState.Closed) return;
    this.account.durationReached();
    this.drain();
  }

  private stopTimers(): void {
    const { wheel } = this.owner.home.services;
    wheel.remove(this.idle);
    if (this.duration !== null) wheel.remove(this.duration);
  }
}

const NOT_READING = -1;
const CLOSED_BY_PEER = makeFault("connection_closed", "connection_termination", { code: ErrorCode.NoError });
const CLOSED_LOCALLY = makeFault("connection_closed", "local_connection_close", { code: ErrorCode.NoError });

const UNRESPONSIVE = makeFault("connection_closed", "http2.ping_timeout", { code: ErrorCode.NoError });

const NO_PROTOCOL_ERRORS: ReadonlySet<string> = new Set([
  "connection_closed",
  "local_reset",
  "remote_reset",
  "remote_refused",
  "goaway",
]);

const GONE: ChannelHandler = Object.freeze({ onConnect() {}, onData() {}, onEnd() {}, onDrain() {}, onClose() {} });
