// A bare TCP client for tests of whole nodes: sends bytes, waits for bytes or the end. No HTTP library between test and proxy.
import { connect, type Socket } from "node:net";

/** One connection. */
export class RawClient {
  readonly socket: Socket;
  private text = "";
  private over = false;
  private wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes) => {
      this.text += bytes.toString("latin1");
      this.wake();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.over = true;
      this.wake();
    });
  }

  /** Connects; rejects when nobody listens. Port 0: `host` is the path of a unix socket. */
  static open(port: number, host: string = "127.0.0.1"): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = port === 0 ? connect(host) : connect(port, host);
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new RawClient(socket));
      });
    });
  }

  /** Sends `GET path` on this connection and waits for the whole answer, which must have a content-length. */
  async get(path: string, host: string = "a"): Promise<string> {
    this.text = "";
    this.socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
    await this.until(() => isWhole(this.text));
    return this.text;
  }

  /** Resolves when the connection has ended. */
  async closed(): Promise<void> {
    while (!this.over) await this.woken();
  }

  get isClosed(): boolean {
    return this.over;
  }

  end(): void {
    this.socket.destroy();
  }

  private async until(done: () => boolean): Promise<void> {
    while (!done()) {
      if (this.over) throw new Error(`the connection ended after ${JSON.stringify(this.text)}`);
      await this.woken();
    }
  }

  private woken(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}

function isWhole(text: string): boolean {
  const head = text.indexOf("\r\n\r\n");
  const length = /content-length: (\d+)/i.exec(text)?.[1];
  return head >= 0 && length !== undefined && text.length >= head + 4 + Number(length);
}
