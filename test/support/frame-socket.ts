// One HTTP/2 connection of which the test sends and reads every frame itself.
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { frame, type ReadFrame, readFrames } from "../protocol/h2/support/frame.ts";

/** A client's connection, or a server's side of an accepted one. */
export class FrameSocket {
  readonly socket: Socket;
  /** Every frame that has come. */
  readonly frames: ReadFrame[] = [];
  isClosed: boolean = false;
  /** Called for each frame as it comes. */
  onFrame: (frame: ReadFrame) => void = () => {};
  /** Called after the frames of one read. */
  onRead: () => void = () => {};
  private rest: Buffer = Buffer.alloc(0);
  private skipBytes: number;
  private wake: () => void = () => {};

  /** `skipBytes`: a server passes over the client's preface. */
  constructor(socket: Socket, skipBytes: number = 0) {
    this.socket = socket;
    this.skipBytes = skipBytes;
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => this.take(bytes));
    socket.on("error", () => {});
    socket.on("drain", () => this.wake());
    socket.on("close", () => {
      this.isClosed = true;
      this.wake();
    });
  }

  /** Connects and sends the preface with these settings. */
  static async open(
    port: number,
    how: { readonly tls?: boolean; readonly settings?: Parameters<typeof frame.settings>[0] } = {},
  ): Promise<FrameSocket> {
    const host = "127.0.0.1";
    const socket: Socket =
      how.tls === true
        ? connectTls({ port, host, rejectUnauthorized: false, ALPNProtocols: ["h2"] })
        : connect(port, host);
    const own = new FrameSocket(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.once(how.tls === true ? "secureConnect" : "connect", () => resolve());
    });
    own.send(frame.preface(), frame.settings(how.settings));
    return own;
  }

  /** Sends frames in one write; answers false while the kernel does not take more. */
  send(...frames: readonly Buffer[]): boolean {
    return this.socket.writable ? this.socket.write(Buffer.concat(frames)) : false;
  }

  /** Whether it is over for the peer: GOAWAY came or the connection ended. */
  get isEnded(): boolean {
    return this.isClosed || this.goaway !== null;
  }

  /** Error code of the GOAWAY that came last, null: none. */
  get goaway(): number | null {
    const last = this.frames.findLast(({ type }) => type === "GOAWAY");
    return last === undefined ? null : last.payload.readUInt32BE(4);
  }

  /** Streams that ended with END_STREAM. */
  get answered(): number {
    return this.frames.filter(({ type, flags }) => (type === "HEADERS" || type === "DATA") && (flags & 1) !== 0).length;
  }

  /** Waits for a condition that frames, room for more of ours, or the end bring about; answers whether it came within `ms`. */
  async until(met: () => boolean, ms: number = 5_000): Promise<boolean> {
    const endMs = performance.now() + ms;
    while (!met()) {
      const left = endMs - performance.now();
      if (left <= 0) return false;
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(late);
          resolve();
        };
      });
    }
    return true;
  }

  end(): void {
    this.socket.destroy();
  }

  private take(bytes: Buffer): void {
    const all = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    let whole = Math.min(this.skipBytes, all.length);
    this.skipBytes -= whole;
    const first = whole;
    while (whole + 9 <= all.length && whole + 9 + all.readUIntBE(whole, 3) <= all.length) {
      whole += 9 + all.readUIntBE(whole, 3);
    }
    this.rest = all.subarray(whole);
    for (const read of readFrames(all.subarray(first, whole))) {
      this.frames.push(read);
      this.onFrame(read);
    }
    this.onRead();
    this.wake();
  }
}
