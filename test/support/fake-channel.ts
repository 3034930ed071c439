// A socket that exists in memory: a test says when it connects, what arrives and how it ends.
import { ByteWriter } from "../../src/base/byte-writer.ts";
import type { Channel, ChannelHandler, NetFault, TlsFacts } from "../../src/net/channel.ts";
import type { DialOptions } from "../../src/net/dial.ts";

/** One channel. */
export class FakeChannel implements Channel {
  handler: ChannelHandler;
  readonly out: ByteWriter = new ByteWriter(1024);
  /** How our side ended it. */
  endedBy: "nobody" | "close" | "abort" = "nobody";
  /** Whether `onClose` came, or would have. */
  isGone: boolean = false;
  isConnected: boolean = false;
  /** Whether our side sent FIN and reads on. */
  isFinished: boolean = false;
  tls: TlsFacts | null = null;
  readonly serverName = "";
  readonly remoteAddress = "127.0.0.1";
  readonly remotePort: number;
  readonly localAddress = "127.0.0.1";
  readonly localPort = 40_000;
  peerEnded: boolean = false;
  bytesRead: number = 0;
  bytesWritten: number = 0;
  readCalls: number = 0;
  writeCalls: number = 0;

  constructor(handler: ChannelHandler, remotePort: number) {
    this.handler = handler;
    this.remotePort = remotePort;
  }

  /** The handshake is done. `alpn`: over TLS, with this protocol chosen. */
  connect(alpn: string | null = null): void {
    if (alpn !== null) {
      this.tls = {
        version: "TLSv1.3",
        cipher: "",
        alpn,
        serverName: "",
        resumed: false,
        peerVerified: false,
        shown: null,
      };
    }
    this.isConnected = true;
    this.handler.onConnect();
  }

  /** Bytes arrive. */
  receive(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    this.bytesRead += bytes.length;
    this.readCalls++;
    this.handler.onData(bytes, 0, bytes.length);
  }

  /** The peer sends FIN. */
  receiveEnd(): void {
    this.handler.onEnd();
  }

  /** The socket ends without our doing. */
  break(fault: NetFault | null): void {
    this.isGone = true;
    this.handler.onClose(fault);
  }

  flush(): void {
    if (this.out.end === 0) return;
    this.bytesWritten += this.out.end;
    this.writeCalls++;
    this.out.end = 0;
  }

  scheduleFlush(): void {
    this.flush();
  }

  writeThrough(_bytes: Uint8Array, start: number, end: number): void {
    this.flush();
    this.bytesWritten += end - start;
    this.writeCalls++;
  }

  queuedBytes(): number {
    return this.out.end;
  }

  pauseReading(): void {}

  resumeReading(): void {}

  finish(): void {
    this.flush();
    this.isFinished = true;
  }

  limitBuffers(): void {}

  close(): void {
    this.end("close");
  }

  abort(): void {
    this.end("abort");
  }

  private end(how: "close" | "abort"): void {
    if (this.isGone) return;
    this.endedBy = how;
    this.isGone = true;
    this.handler.onClose(null);
  }
}

/** Dials fake channels and remembers them. */
export class FakeDialer {
  readonly channels: FakeChannel[] = [];
  readonly targets: DialOptions[] = [];

  readonly dial = (options: DialOptions, handler: ChannelHandler): FakeChannel => {
    const port = options.address.kind === "socket" ? options.address.port : 0;
    const channel = new FakeChannel(handler, port);
    this.channels.push(channel);
    this.targets.push(options);
    return channel;
  };

  /** The channel that was dialled so many-th, from 0. */
  channel(index: number): FakeChannel {
    const channel = this.channels[index];
    if (channel === undefined) throw new Error(`only ${this.channels.length} channels were dialled`);
    return channel;
  }

  /** The one that was dialled last. */
  last(): FakeChannel {
    return this.channel(this.channels.length - 1);
  }

  /** Channels that nobody ended. */
  open(): number {
    return this.channels.filter((channel) => !channel.isGone).length;
  }
}
