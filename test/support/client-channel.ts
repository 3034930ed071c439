// A socket in memory: a test is the peer of what the proxy reads and writes.
import { ByteWriter } from "../../src/base/byte-writer.ts";
import type { Channel, ChannelHandler, NetFault, TlsFacts } from "../../src/net/channel.ts";

/** The client's end of an accepted connection, and the channel itself. */
export class ClientChannel implements Channel {
  handler: ChannelHandler = NOBODY;
  readonly out: ByteWriter = new ByteWriter(256);
  remoteAddress: string = "127.0.0.1";
  remotePort: number = 40_000;
  readonly localAddress: string = "127.0.0.1";
  readonly localPort: number = 10_000;
  tls: TlsFacts | null = null;
  serverName: string = "";
  peerEnded: boolean = false;
  bytesRead: number = 0;
  bytesWritten: number = 0;
  readonly readCalls: number = 0;
  readonly writeCalls: number = 0;
  /** How the proxy ended it; empty while it is open. */
  ending: "" | "close" | "abort" = "";
  /** Whether the proxy ended it with RST. */
  isReset: boolean = false;
  /** Whether the proxy has sent FIN and reads on. */
  isFinished: boolean = false;
  /** Whether the proxy wants no more bytes. */
  isPaused: boolean = false;
  /** Whether the socket is gone. */
  isGone: boolean = false;
  /** While true the client takes nothing, so that what is written stays queued. */
  isStalled: boolean = false;
  private highBytes = 131_072;
  private taken = "";
  private wasHigh = false;

  /** The client sends. */
  send(text: string | Uint8Array): void {
    const bytes = typeof text === "string" ? Buffer.from(text, "latin1") : text;
    this.bytesRead += bytes.length;
    this.handler.onData(bytes, 0, bytes.length);
  }

  /** The client closes its sending side. */
  sendEnd(): void {
    this.peerEnded = true;
    this.handler.onEnd();
  }

  /** The client goes away. */
  hangUp(fault: NetFault | null = null): void {
    if (this.isGone) return;
    this.isGone = true;
    this.handler.onClose(fault);
  }

  /** What the client got since the last call, as latin1. */
  received(): string {
    this.take();
    const text = this.taken;
    this.taken = "";
    return text;
  }

  /** The client takes what waited. */
  unstall(): void {
    this.isStalled = false;
    this.take();
    if (!this.wasHigh) return;
    this.wasHigh = false;
    this.handler.onDrain();
  }

  finish(): void {
    this.isFinished = true;
  }

  limitBuffers(bytes: number): void {
    this.highBytes = Math.min(this.highBytes, bytes);
  }

  scheduleFlush(): void {
    if (!this.isStalled) this.take();
  }

  flush(): void {
    this.scheduleFlush();
  }

  writeThrough(bytes: Uint8Array, start: number, end: number): void {
    this.out.reserve(end - start);
    this.out.bytes.set(bytes.subarray(start, end), this.out.end);
    this.out.end += end - start;
    this.scheduleFlush();
  }

  queuedBytes(): number {
    if (this.out.end >= this.highBytes) this.wasHigh = true;
    return this.out.end;
  }

  pauseReading(): void {
    this.isPaused = true;
  }

  resumeReading(): void {
    this.isPaused = false;
  }

  close(): void {
    if (this.ending === "") this.ending = "close";
  }

  abort(how: "reset" | "close" = "close"): void {
    if (this.ending === "") this.ending = "abort";
    this.isReset = how === "reset";
    this.hangUp(null);
  }

  private take(): void {
    this.taken += this.out.bytes.toString("latin1", 0, this.out.end);
    this.bytesWritten += this.out.end;
    this.out.end = 0;
  }
}

const NOBODY: ChannelHandler = {
  onConnect: () => {},
  onData: () => {},
  onEnd: () => {},
  onDrain: () => {},
  onClose: () => {},
};
