// The writing half of a socket channel: collects the bytes of a turn, hands them to the kernel in one write, and keeps what the
// kernel did not take until it does. socket-channel.ts adds the rest.
import type { TurnTask } from "../base/turn.ts";
import { QUEUED_HIGH_BYTES, QUEUED_LOW_BYTES } from "../protocol/message.ts";
import type { ChannelHandler } from "./channel.ts";
import type { NetContext } from "./net-context.ts";
import { kernelBacklog, type OwnedSocket } from "./owned-socket.ts";
import { PooledWriter } from "./pooled-writer.ts";
import type { ReadLease } from "./read-leases.ts";

/** Where a channel stands. `closing`: our bytes and FIN are on their way out, what comes in is thrown away. */
export type ChannelPhase = "connecting" | "open" | "closing" | "closed";

/** At most one write waits for the kernel at any time; what comes meanwhile collects in `out`. */
export abstract class ChannelOutput implements TurnTask {
  handler: ChannelHandler;
  readonly out: PooledWriter;
  bytesWritten: number = 0;
  writeCalls: number = 0;
  protected readonly net: NetContext;
  protected readonly socket: OwnedSocket;
  protected phase: ChannelPhase;
  /** Where the queue counts as high: QUEUED_HIGH_BYTES, or less when the owner asked for that. */
  protected highBytes: number = QUEUED_HIGH_BYTES;
  private scheduled = false;
  /** A flush began at the high mark and onDrain has not been called since. */
  private high = false;
  /** The write that the kernel has not taken whole: its bytes, and what they are kept in. */
  private pendingBytes = 0;
  private pendingOut: Buffer | null = null;
  private pendingLease: ReadLease | null = null;

  /** `socket` has a writableHighWaterMark of 1, so that `write` answers whether the kernel took everything. */
  constructor(net: NetContext, socket: OwnedSocket, handler: ChannelHandler, phase: "connecting" | "open") {
    this.net = net;
    this.socket = socket;
    this.handler = handler;
    this.phase = phase;
    this.out = new PooledWriter(net.buffers);
  }

  scheduleFlush(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.net.turn.add(this);
  }

  flush(): void {
    this.sendOut();
    // The caller may be in the middle of something: onDrain comes from the turn list.
    if (this.isDrained()) this.scheduleFlush();
  }

  /** The end of the turn. */
  runTurn(): void {
    this.scheduled = false;
    this.sendOut();
    this.settle();
  }

  queuedBytes(): number {
    return this.pendingBytes + this.out.end;
  }

  writeThrough(bytes: Uint8Array, start: number, end: number): void {
    if (this.phase !== "open" && this.phase !== "connecting") return;
    const large = end - start >= THROUGH_BYTES_MIN;
    const lease = large ? this.net.reads.of(bytes) : undefined;
    const stays = lease !== undefined || (large && bytes === this.net.reads.fresh);
    if (stays && this.pendingBytes === 0 && this.phase === "open") {
      this.sendThrough(bytes.subarray(start, end), lease ?? null);
      return;
    }
    // Small, or memory that will be read into again (the shared read buffer above all), or behind a write that waits.
    this.out.append(bytes, start, end);
    if (this.out.end >= this.highBytes) this.flush();
    else this.scheduleFlush();
  }

  /** The kernel took the pending write. */
  written(): void {
    if (this.pendingBytes === 0) return;
    // Seen now or never: what came behind this write may have been answered with "backed up", and has not been flushed yet.
    this.noteHigh();
    this.dropPending();
    if (this.phase === "closed") return;
    this.sendOut();
    this.settle();
  }

  /** Our own mistake in a handler: it costs this connection. */
  protected bug(error: unknown): void {
    this.net.onBug(error);
    this.abort();
  }

  abstract abort(how?: "reset" | "close"): void;

  /** Hands over everything that is left, then FIN. */
  protected sendLast(): void {
    const n = this.out.end;
    if (n > 0) {
      const buffer = this.out.detach();
      // Behind a pending write it is left to the garbage collector, there being no place to remember it.
      if (this.write(buffer, n)) this.net.buffers.give(buffer);
      else this.net.buffers.lose(buffer);
    }
    this.socket.end();
  }

  /** Bytes that the kernel has not taken of a channel that is closing. */
  protected backlog(): number {
    return kernelBacklog(this.socket);
  }

  /** Gives every buffer back; the socket is gone, and with it all writes. */
  protected releaseOutput(): void {
    this.dropPending();
    this.out.clear();
  }

  private sendOut(): void {
    const n = this.out.end;
    if (n === 0 || this.phase !== "open") return;
    this.noteHigh();
    if (this.pendingBytes > 0) return;
    const buffer = this.out.detach();
    if (this.write(buffer, n)) {
      this.net.buffers.give(buffer);
    } else {
      this.pendingOut = buffer;
      this.pendingBytes = n;
    }
  }

  /** Sends `out` and the slice in one system call. */
  private sendThrough(slice: Uint8Array, lease: ReadLease | null): void {
    const n = this.out.end;
    const queued = n + slice.length;
    let buffer: Buffer | null = null;
    if (n > 0) {
      if (queued >= this.highBytes) this.high = true;
      buffer = this.out.detach();
      this.socket.cork();
      this.socket.write(buffer.subarray(0, n));
      this.socket.write(slice);
      this.socket.uncork();
    } else {
      this.socket.write(slice);
    }
    this.writeCalls++;
    this.bytesWritten += queued;
    if (this.socket.writableLength === 0) {
      if (buffer !== null) this.net.buffers.give(buffer);
      if (this.isDrained()) this.scheduleFlush();
      return;
    }
    this.pendingBytes = queued;
    this.pendingOut = buffer;
    this.pendingLease = lease;
    lease?.hold();
    if (queued >= this.highBytes) this.high = true;
  }

  /** Whether the kernel took all `n` bytes. */
  private write(buffer: Buffer, n: number): boolean {
    this.writeCalls++;
    this.bytesWritten += n;
    return this.socket.write(n === buffer.length ? buffer : buffer.subarray(0, n));
  }

  private dropPending(): void {
    this.pendingBytes = 0;
    if (this.pendingOut !== null) this.net.buffers.give(this.pendingOut);
    this.pendingOut = null;
    const lease = this.pendingLease;
    this.pendingLease = null;
    lease?.release();
  }

  private noteHigh(): void {
    if (this.queuedBytes() >= this.highBytes) this.high = true;
  }

  private isDrained(): boolean {
    return this.high && this.queuedBytes() < Math.min(QUEUED_LOW_BYTES, this.highBytes);
  }

  private settle(): void {
    if (this.phase !== "open" || !this.isDrained()) return;
    this.high = false;
    try {
      this.handler.onDrain();
    } catch (error) {
      this.bug(error);
    }
  }
}

/** A slice below this is copied into `out`: the copy costs less than a second buffer in the write. */
const THROUGH_BYTES_MIN = 8_192;
