// A channel over one net.Socket or TLSSocket: reads into shared memory, tells its handler what happens, and ends. Writing is in
// channel-output.ts. Made by listen.ts and dial.ts; it knows nothing of protocols.
import { Timer } from "../base/timer-wheel.ts";
import type { Channel, ChannelHandler, NetFault, TlsFacts } from "./channel.ts";
import { ChannelOutput } from "./channel-output.ts";
import type { NetContext } from "./net-context.ts";
import { streamFault } from "./net-fault.ts";
import { type OwnedSocket, plainAddress, readNextInto, resetSocket, type SocketOwner } from "./owned-socket.ts";
import { LEASE_BYTES, type LeaseHolder, type ReadLease } from "./read-leases.ts";

/** Implements Channel; the methods that Channel lacks are for this room. */
export class SocketChannel extends ChannelOutput implements Channel, SocketOwner, LeaseHolder {
  tls: TlsFacts | null = null;
  serverName: string = "";
  peerEnded: boolean = false;
  bytesRead: number = 0;
  readCalls: number = 0;
  private fault: NetFault | null = null;
  private lease: ReadLease | null = null;
  private mayLease = true;
  private fullReads = 0;
  /** Reasons not to read, PAUSE_ bits. */
  private pauses = 0;
  private timer: Timer | null = null;
  private lingerMs = 0;
  private lingerBytesLeft = LINGER_BYTES_MAX;
  private lastBacklog = FLUSHED;

  constructor(net: NetContext, socket: OwnedSocket, handler: ChannelHandler, phase: "connecting" | "open") {
    super(net, socket, handler, phase);
    socket.owner = this;
    socket.on("end", onEnd);
    socket.on("drain", onDrain);
    socket.on("error", onError);
    socket.on("close", onClose);
    // What a TLS socket that we accepted says after its handshake comes by this name.
    if (socket.rawSocket !== undefined) socket.on("_tlsError", onError);
  }

  get remoteAddress(): string {
    return plainAddress(this.socket.remoteAddress);
  }

  get remotePort(): number {
    return this.socket.remotePort ?? 0;
  }

  get localAddress(): string {
    return plainAddress(this.socket.localAddress);
  }

  get localPort(): number {
    return this.socket.localPort ?? 0;
  }

  pauseReading(): void {
    this.pause(PAUSE_ASKED);
  }

  resumeReading(): void {
    this.resume(PAUSE_ASKED);
  }

  close(lingerMs: number = LINGER_MS): void {
    if (this.phase === "closing" || this.phase === "closed") return;
    if (this.phase === "connecting") {
      this.abort();
      return;
    }
    this.phase = "closing";
    this.sendLast();
    this.resume(PAUSE_ASKED);
    this.lingerMs = lingerMs;
    this.lastBacklog = this.backlog() || FLUSHED;
    this.arm(lingerMs);
  }

  finish(): void {
    if (this.phase === "open") this.sendLast();
  }

  limitBuffers(bytes: number): void {
    this.highBytes = Math.max(1, Math.min(this.highBytes, bytes));
    this.mayLease = bytes >= LEASE_BYTES;
  }

  abort(how: "reset" | "close" = "close"): void {
    if (this.phase === "closed") return;
    this.phase = "closed";
    this.disarm();
    if (how === "reset") resetSocket(this.socket);
    else this.socket.destroy();
  }

  /** `n` bytes are in `buffer`; what they are in is read into again once this returns, unless it is a lease that a write holds. */
  received(n: number, buffer: Buffer): void {
    this.readCalls++;
    this.bytesRead += n;
    if (this.phase === "open") this.deliver(buffer, n);
    else this.discard(n);
    if (this.lease !== null) {
      if (n < LEASE_KEEP_BYTES && this.lease.writes === 0) {
        this.endLease();
        readNextInto(this.net.reads.shared);
      }
    } else if (n < buffer.length) {
      this.fullReads = 0;
    } else if (++this.fullReads >= FULL_READS_FOR_LEASE && this.phase === "open" && this.mayLease) {
      this.lease = this.net.reads.lease(this);
      if (this.lease !== null) readNextInto(this.lease.buffer);
    }
  }

  /** A chunk in memory of its own: TLS, or an accepted socket whose handle could not be taken. */
  receivedChunk(chunk: Buffer): void {
    this.readCalls++;
    this.bytesRead += chunk.length;
    if (this.phase !== "open") {
      this.discard(chunk.length);
      return;
    }
    this.net.reads.fresh = chunk;
    this.deliver(chunk, chunk.length);
    this.net.reads.fresh = null;
  }

  /** Reads with `data` events instead of into the shared buffer. */
  readByEvents(): void {
    this.socket.on("data", onChunk);
    if (this.pauses !== 0) this.socket.pause();
  }

  leaseBusy(): void {
    this.pause(PAUSE_LEASE);
  }

  leaseFree(): void {
    this.resume(PAUSE_LEASE);
  }

  /** The dialled connection stands, its handshake done. */
  connected(tls: TlsFacts | null): void {
    if (this.phase !== "connecting") return;
    this.disarm();
    this.phase = "open";
    this.tls = tls;
    try {
      this.handler.onConnect();
    } catch (error) {
      this.bug(error);
    }
    this.scheduleFlush();
  }

  /** Fails the connection when it does not stand after this time. */
  connectWithin(timeoutMs: number): void {
    this.arm(timeoutMs);
  }

  /** Ends the connection for a reason that this room found; the first reason counts. */
  fail(fault: NetFault): void {
    if (this.phase === "closing" || this.phase === "closed") return;
    this.fault ??= fault;
    this.socket.destroy();
  }

  /** Maps an error of the socket to a fault; dial.ts replaces it until the connection stands. */
  faultOf: (error: Error) => NetFault = streamFault;

  /** The socket had an error; it closes next. */
  errored(error: Error): void {
    this.fail(this.faultOf(error));
  }

  /** The peer's FIN came. */
  ended(): void {
    this.peerEnded = true;
    this.endLease();
    if (this.phase !== "open") return;
    try {
      this.handler.onEnd();
    } catch (error) {
      this.bug(error);
    }
  }

  /** The socket is gone. */
  gone(): void {
    this.phase = "closed";
    if (this.timer !== null) this.net.wheel.remove(this.timer);
    this.timer = null;
    this.endLease();
    this.releaseOutput();
    try {
      this.handler.onClose(this.fault);
    } catch (error) {
      this.net.onBug(error);
    }
  }

  private deliver(buffer: Buffer, n: number): void {
    try {
      this.handler.onData(buffer, 0, n);
    } catch (error) {
      this.bug(error);
    }
  }

  /** Thrown away while closing; who goes on for long is not read any more, and the linger time ends it. */
  private discard(n: number): void {
    this.lingerBytesLeft -= n;
    if (this.lingerBytesLeft < 0) this.pause(PAUSE_ASKED);
  }

  private endLease(): void {
    const lease = this.lease;
    this.lease = null;
    this.fullReads = 0;
    lease?.end();
  }

  private pause(reason: number): void {
    const before = this.pauses;
    this.pauses = before | reason;
    if (before === 0 && this.phase !== "closed") this.socket.pause();
  }

  private resume(reason: number): void {
    const before = this.pauses;
    this.pauses = before & ~reason;
    if (before !== 0 && this.pauses === 0 && this.phase !== "closed") this.socket.resume();
  }

  private arm(delayMs: number): void {
    this.timer ??= new Timer(() => this.timeOut());
    this.net.wheel.arm(this.timer, delayMs);
  }

  private disarm(): void {
    if (this.timer !== null) this.net.wheel.disarm(this.timer);
  }

  private timeOut(): void {
    if (this.phase === "connecting") {
      this.fail({ kind: "connect-timeout", text: "" });
      return;
    }
    // While the peer still takes our last bytes it has time; then it has lingerMs to close from its side.
    const backlog = this.socket.writableFinished ? FLUSHED : this.backlog();
    if (backlog === this.lastBacklog) {
      this.abort();
      return;
    }
    this.lastBacklog = backlog;
    this.arm(this.lingerMs);
  }
}

function onEnd(this: OwnedSocket): void {
  (this.owner as SocketChannel).ended();
}

function onDrain(this: OwnedSocket): void {
  (this.owner as SocketChannel).written();
}

function onError(this: OwnedSocket, error: Error): void {
  (this.owner as SocketChannel).errored(error);
}

function onClose(this: OwnedSocket): void {
  (this.owner as SocketChannel).gone();
}

function onChunk(this: OwnedSocket, chunk: Buffer): void {
  (this.owner as SocketChannel).receivedChunk(chunk);
}

/** The owner asked. */
const PAUSE_ASKED = 1;

/** A queued write refers to the private read buffer. */
const PAUSE_LEASE = 2;

/** Backlog of a channel whose bytes and FIN are with the kernel. */
const FLUSHED = -1;

/** How long a closing channel reads on for the peer's FIN. */
const LINGER_MS = 1_000;

/** How much a closing channel reads meanwhile: enough for what was under way when the peer was refused. */
const LINGER_BYTES_MAX = 1_048_576;

/** So many full shared buffers in a row make a body worth a private one. */
const FULL_READS_FOR_LEASE = 2;

/** A read below this into a private buffer says that the body is over or slow: back to the shared one. */
const LEASE_KEEP_BYTES = 16_384;
