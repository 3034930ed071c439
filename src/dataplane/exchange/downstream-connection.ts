// One accepted connection: chooses its codec once, gives it bytes, owns its timeouts and its end, and makes an exchange for every
// message. Requests are the exchange's business; this never looks at a header.
import { Timer } from "../../base/timer-wheel.ts";
import type { Channel, ChannelHandler, NetFault } from "../../net/channel.ts";
import { ErrorCode, fault as makeFault, type ProtocolFault } from "../../protocol/fault.ts";
import { Keepalive } from "../../protocol/h2/keepalive.ts";
import {
  type MessageSink,
  type MessageWriter,
  QUEUED_LOW_BYTES,
  type ServerCodec,
  type ServerEvents,
} from "../../protocol/message.ts";
import { HTTP } from "../../telemetry/http-stats.ts";
import { count } from "../../telemetry/stats-add.ts";
import type { ConnectionFacts } from "../connection-operators.ts";
import type { ConnectionKeeper, ConnectionRecord, ServedConnection } from "../served-connection.ts";
import { ClientCertificate } from "./client-certificate.ts";
import { type ServerCodecs, sniffProtocol } from "./codecs.ts";
import type { ConnectionManager } from "./connection-manager.ts";
import { ConnectionStats } from "./connection-stats.ts";
import { Exchange } from "./exchange.ts";
import type { ExchangeOwner } from "./exchange-owner.ts";
import { isLoopback } from "./remote-address.ts";
import type { Peer } from "./request-headers.ts";

/** The listener that a connection belongs to. */
export interface ConnectionOwner extends ConnectionKeeper {
  readonly codecs: ServerCodecs;
}

/** One accepted connection. */
export class DownstreamConnection
  implements ChannelHandler, ServerEvents, ExchangeOwner, ServedConnection, ConnectionRecord
{
  manager: ConnectionManager;
  readonly peer: Peer;
  readonly facts: ConnectionFacts;
  protocol: "http1" | "http2" = "http1";
  readMs: number;
  readonly record: ConnectionRecord = this;
  place: number = -1;
  /** Exchanges that are not over. */
  exchanges: number = 0;
  private readonly channel: Channel;
  private readonly owner: ConnectionOwner;
  private readonly stats: ConnectionStats;
  private codec: ServerCodec | null = null;
  /** First bytes that do not tell the protocol yet; null: none. */
  private firstBytes: Buffer | null = null;
  private requests = 0;
  /** Whether it was asked to end. */
  isDraining: boolean = false;
  /** What it was accepted under is no more: its next answer is its last. */
  isOutdated: boolean = false;
  private isClosing = false;
  /** The client broke the protocol. */
  private isBroken = false;
  /** Whether the client closed its side before we did, and whether it left requests behind. */
  private isEndedByClient = false;
  private isLeftActive = false;
  /** The answer to a whole request was the last, as somebody had asked: nothing of the client's was waited for. */
  private isAnswered = false;
  private isRequestWhole = false;
  /** It ends without a word that the client could answer by ending it first. */
  private isEndUnsaid = false;
  /** Bytes written when the flush timer was armed. */
  private writtenSeen = 0;
  private readonly idleTimer: Timer = new Timer(() => this.onIdle());
  private readonly headTimer: Timer = new Timer(() => this.onHeadTimeout());
  private readonly durationTimer: Timer = new Timer(() => this.onDuration());
  private readonly flushTimer: Timer = new Timer(() => this.onStallTime());
  private keepalive: Keepalive | null = null;
  private readonly drainTimer: Timer = new Timer(() => this.codec?.drain(true));

  constructor(channel: Channel, manager: ConnectionManager, owner: ConnectionOwner) {
    this.channel = channel;
    this.manager = manager;
    this.owner = owner;
    const { tls } = channel;
    this.facts = {
      id: owner.nextConnectionId(),
      remoteAddress: channel.remoteAddress,
      remotePort: channel.remotePort,
      localAddress: channel.localAddress,
      localPort: channel.localPort,
      tls,
      serverName: channel.serverName,
    };
    this.peer = {
      remoteAddress: channel.remoteAddress,
      isLoopback: isLoopback(channel.remoteAddress),
      isTls: tls !== null,
      localPort: channel.localPort,
      certificate: tls === null || tls.shown === null ? null : new ClientCertificate(tls.shown),
    };
    this.readMs = manager.worker.services.clock.nowMs();
    this.stats = new ConnectionStats(manager, this.readMs, tls !== null);
    const { plan } = manager;
    const { wheel } = manager.worker.services;
    wheel.arm(this.idleTimer, plan.idleTimeoutMs);
    if (plan.connectionDurationMaxMs !== Number.POSITIVE_INFINITY) {
      this.armSpread(this.durationTimer, plan.connectionDurationMaxMs, plan.connectionDurationJitterPercent);
    }
    if (plan.codec !== "auto") this.useCodec(plan.codec);
    else if (tls?.alpn === "h2") this.useCodec("http2");
    else if (tls?.alpn === "http/1.1") this.useCodec("http1");
  }

  get id(): number {
    return this.facts.id;
  }

  get flags(): string {
    return this.isBroken ? "DPE" : "";
  }

  operator(): undefined {}

  typed(): undefined {}

  /** Asks the client to end the connection when its requests are done; ends an idle one. */
  drain(): void {
    if (this.isDraining || this.isClosing) return;
    this.isDraining = true;
    this.stats.onLeaving();
    const { plan } = this.manager;
    if (this.codec === null) this.close();
    else if (this.protocol === "http1") this.codec.drain(true);
    else {
      this.codec.drain(false);
      this.armSpread(this.drainTimer, plan.drainTimeoutMs, plan.drainTimeoutJitterPercent);
    }
  }

  /** Ends now, whatever is open. */
  abort(): void {
    this.isClosing = true;
    this.channel.abort();
  }

  // The socket.

  onConnect(): void {
    // accepted channels are connected
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    const { clock } = this.manager.worker.services;
    this.readMs = clock.nowMs();
    this.stats.onRead(end - start);
    try {
      if (this.codec === null) this.receiveFirst(bytes, start, end);
      else this.codec.receive(bytes, start, end, this.readMs);
      this.keepalive?.heard(this.readMs);
      this.watchHead();
    } catch (error) {
      this.onBug(error);
    }
  }

  onEnd(): void {
    if (!this.isClosing) {
      this.isEndedByClient = true;
      this.isLeftActive = this.exchanges > 0;
    }
    try {
      if (this.codec === null) this.close();
      else this.codec.receiveEnd();
    } catch (error) {
      this.onBug(error);
    }
  }

  onDrain(): void {
    try {
      this.codec?.onDrain();
    } catch (error) {
      this.onBug(error);
    }
  }

  onClose(_: NetFault | null): void {
    const { wheel } = this.manager.worker.services;
    for (const timer of [this.idleTimer, this.headTimer, this.durationTimer, this.flushTimer, this.drainTimer])
      wheel.remove(timer);
    this.keepalive?.stop();
    const active = this.exchanges > 0 || this.isLeftActive;
    try {
      this.codec?.connectionLost(this.isClosing ? CLOSED_BY_US : CLOSED_BY_CLIENT);
    } catch (error) {
      this.manager.worker.services.onBug(error);
    }
    this.stats.onClosed(this.channel.bytesWritten, this.isEndedByUs(), active);
    this.owner.onConnectionClosed(this);
  }

  // The codec.

  onExchange(writer: MessageWriter): MessageSink {
    const { manager } = this;
    const { wheel } = manager.worker.services;
    this.exchanges++;
    this.requests++;
    wheel.disarm(this.idleTimer);
    if (this.requests >= manager.plan.requestsPerConnectionMax) {
      count(manager.stats, HTTP.at.downstream_cx_max_requests_reached);
      this.drain();
    }
    const exchange = manager.worker.free.pop() ?? new Exchange(manager);
    exchange.begin(manager, this, writer);
    if (this.protocol === "http2") this.stats.onStream(1);
    return exchange;
  }

  onExchangeDone(_: number): void {
    if (this.codec?.openExchanges() === 0 && !this.isClosing)
      this.manager.worker.services.wheel.arm(this.idleTimer, this.manager.plan.idleTimeoutMs);
  }

  onConnectionDone(fault: ProtocolFault | null): void {
    if (fault !== null) this.onProtocolFault(fault);
    this.stats.onIdle();
    this.isAnswered = fault === null && this.protocol === "http1" && this.requests > 0;
    this.close();
  }

  // The exchanges.

  drainBeforeAnswer(): void {
    if (this.isDraining || !(this.isOutdated || this.owner.isDraining())) return;
    count(this.manager.stats, HTTP.at.downstream_cx_drain_close);
    this.drain();
  }

  endAfterAnswer(): void {
    if (this.protocol === "http1") this.codec?.drain(true);
  }

  onExchangeOver(whole: boolean): void {
    this.exchanges--;
    this.isRequestWhole = whole;
    this.stats.onExchangeOver(this.channel.bytesWritten + this.channel.out.end);
    if (this.exchanges === 0) this.stats.onIdle();
    if (this.protocol !== "http2") return;
    this.stats.onStream(-1);
    this.watchStalls();
  }

  onProtocolFault(fault: ProtocolFault): void {
    this.isBroken = true;
    this.stats.onProtocolFault(fault);
  }

  private useCodec(protocol: "http1" | "http2"): void {
    const { codecs } = this.owner;
    const { http } = this.manager.plan;
    this.protocol = protocol;
    if (protocol === "http1") {
      const codec = codecs.http1(this.channel, http.http1, this);
      this.codec = codec;
      this.stats.onHttp1(codec.counters);
    } else {
      const codec = codecs.http2(this.channel, http.http2, this);
      this.codec = codec;
      this.stats.onHttp2(codec.counters);
      if (http.http2.keepalive !== null) {
        const { services } = this.manager.worker;
        this.keepalive = new Keepalive(codec, http.http2.keepalive, services, this.readMs, () => this.onSilent());
      }
    }
  }

  private receiveFirst(bytes: Uint8Array, start: number, end: number): void {
    let from = bytes;
    let at = start;
    let to = end;
    if (this.firstBytes !== null) {
      from = Buffer.concat([this.firstBytes, bytes.subarray(start, end)]);
      at = 0;
      to = from.length;
    }
    const protocol = sniffProtocol(from, at, to);
    if (protocol === "undecided") {
      this.firstBytes = Buffer.from(from.subarray(at, to));
      return;
    }
    this.firstBytes = null;
    this.useCodec(protocol);
    this.codec?.receive(from, at, to, this.readMs);
  }

  /** Arms or disarms the request-head timeout by what the codec has in its hands. */
  private watchHead(): void {
    const { plan, worker } = this.manager;
    if (plan.requestHeadersTimeoutMs === Number.POSITIVE_INFINITY) return;
    const startedMs = this.codec === null ? this.readMs : this.codec.headStartedMs();
    if (startedMs >= 0) worker.services.wheel.armAt(this.headTimer, startedMs + plan.requestHeadersTimeoutMs);
    else worker.services.wheel.disarm(this.headTimer);
  }

  private onHeadTimeout(): void {
    const { codec } = this;
    this.readMs = this.manager.worker.services.clock.nowMs();
    if (codec?.failHead !== undefined) codec.failHead(HEAD_TIMEOUT);
    else if (codec === null) this.close();
    else codec.drain(true);
  }

  /** Exchanges that are over but whose answers the client's windows or its socket hold back have a timer of their own. */
  private watchStalls(): void {
    const { codec, channel } = this;
    if (codec === null || this.isClosing || this.flushTimer.dueMs !== Number.POSITIVE_INFINITY) return;
    const held = codec.openExchanges() > this.exchanges || channel.queuedBytes() > QUEUED_LOW_BYTES;
    if (!held && codec.isSuspect?.() !== true) return;
    this.writtenSeen = channel.bytesWritten;
    this.manager.worker.services.wheel.arm(this.flushTimer, this.manager.plan.streamFlushTimeoutMs);
  }

  private onStallTime(): void {
    const { channel, manager } = this;
    // One write at a time is with the kernel: bytes that wait behind none but the one of a stall time ago say that it took nothing.
    const isStuck = channel.queuedBytes() > QUEUED_LOW_BYTES && channel.bytesWritten === this.writtenSeen;
    this.stats.onFlushTimeout(this.codec?.endStalled?.() ?? 0);
    if (isStuck && manager.plan.http.http2.stalledStreamsMax !== Number.POSITIVE_INFINITY) {
      this.stats.onProtocolFault(SOCKET_STALLED);
      this.abort();
    } else this.watchStalls();
  }

  private onIdle(): void {
    count(this.manager.stats, HTTP.at.downstream_cx_idle_timeout);
    this.isEndUnsaid = this.protocol === "http1";
    if (this.isEndUnsaid) this.close();
    else this.drain();
  }

  /** Connections that came together end apart. */
  private armSpread(timer: Timer, ms: number, jitterPercent: number): void {
    const { random, wheel } = this.manager.worker.services;
    wheel.arm(timer, ms * (1 + (random.next32() / 2 ** 32) * (jitterPercent / 100)));
  }

  /** The client does not answer PING. */
  private onSilent(): void {
    if (this.isClosing) return;
    this.stats.onSilent();
    this.abort();
  }

  private onDuration(): void {
    count(this.manager.stats, HTTP.at.downstream_cx_max_duration_reached);
    this.drain();
  }

  private close(): void {
    if (this.isClosing) return;
    this.isClosing = true;
    const { plan, worker } = this.manager;
    worker.services.wheel.disarm(this.idleTimer);
    worker.services.wheel.disarm(this.headTimer);
    this.channel.close(plan.delayedCloseTimeoutMs);
  }

  /** As Envoy sees it: whoever's FIN is first, unless we wait for the client's before we give the connection up. */
  private isEndedByUs(): boolean {
    if (!this.isClosing || this.isEndedByClient) return false;
    if (this.isEndUnsaid || this.manager.plan.delayedCloseTimeoutMs === 0) return true;
    return !this.channel.peerEnded || (this.isAnswered && this.isRequestWhole);
  }

  /** An own mistake ends this connection and nothing else. */
  private onBug(error: unknown): void {
    this.manager.worker.services.onBug(error);
    this.abort();
  }
}

const CLOSED_BY_CLIENT: ProtocolFault = makeFault("connection_closed", "downstream_remote_disconnect", {
  code: ErrorCode.NoError,
});
const CLOSED_BY_US: ProtocolFault = makeFault("connection_closed", "downstream_local_disconnect", {
  code: ErrorCode.NoError,
});
const SOCKET_STALLED: ProtocolFault = makeFault("flood", "http2.stalled_socket", { code: ErrorCode.EnhanceYourCalm });
const HEAD_TIMEOUT: ProtocolFault = makeFault("head_timeout", "request_header_timeout", {
  code: ErrorCode.NoError,
  status: 408,
});
