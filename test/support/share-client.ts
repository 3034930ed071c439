// Asks a proxy many times over a few connections, pipelined, and counts who answered: for tests of shares of requests.
import { connect, type Socket } from "node:net";

/** Connections of one client. Answers are told apart by the value of their `x-version` header, else by their status. */
export class ShareClient {
  private readonly lanes: readonly Lane[];

  private constructor(lanes: readonly Lane[]) {
    this.lanes = lanes;
  }

  /** Opens so many connections. */
  static async open(port: number, connections: number): Promise<ShareClient> {
    return new ShareClient(await Promise.all(Array.from({ length: connections }, () => Lane.open(port))));
  }

  /** Sends so many requests and waits for all answers. */
  async count(requests: number, head: string = ""): Promise<Readonly<Record<string, number>>> {
    const counts: Record<string, number> = {};
    const each = Math.ceil(requests / this.lanes.length);
    const sent = this.lanes.map((lane, at) => lane.ask(Math.min(each, requests - at * each), head, counts));
    await Promise.all(sent);
    return counts;
  }

  /** One request on each connection: who answered, by connection. */
  async one(): Promise<string[]> {
    const counts = this.lanes.map(() => ({}) as Record<string, number>);
    await Promise.all(this.lanes.map((lane, at) => lane.ask(1, "", counts[at] as Record<string, number>)));
    return counts.map((one) => Object.keys(one).join());
  }

  close(): void {
    for (const lane of this.lanes) lane.close();
  }
}

class Lane {
  private readonly socket: Socket;
  private text = "";
  private onText: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes) => {
      this.text += bytes.toString("latin1");
      this.onText();
    });
    socket.on("error", () => {});
  }

  static open(port: number): Promise<Lane> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => resolve(new Lane(socket)));
      socket.once("error", reject);
    });
  }

  ask(requests: number, head: string, counts: Record<string, number>): Promise<void> {
    if (requests <= 0) return Promise.resolve();
    let left = requests;
    let unsent = requests;
    const send = (batch: number): void => {
      unsent -= batch;
      this.socket.write(`GET / HTTP/1.1\r\nhost: a\r\n${head}\r\n`.repeat(batch));
    };
    return new Promise((resolve, reject) => {
      this.socket.once("close", () => reject(new Error(`the proxy closed with ${left} answers to come`)));
      this.onText = () => {
        const before = left;
        for (let answer = this.next(); answer !== null; answer = this.next()) {
          counts[answer] = (counts[answer] ?? 0) + 1;
          left--;
        }
        if (unsent > 0) send(Math.min(unsent, before - left));
        if (left > 0) return;
        this.socket.removeAllListeners("close");
        resolve();
      };
      send(Math.min(unsent, PIPELINED));
    });
  }

  close(): void {
    this.socket.destroy();
  }

  /** The next whole answer that has come; null: none has. */
  private next(): string | null {
    const end = this.text.indexOf("\r\n\r\n");
    if (end < 0) return null;
    const head = this.text.slice(0, end);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (this.text.length < end + 4 + length) return null;
    this.text = this.text.slice(end + 4 + length);
    return /\r\nx-version: (\S+)/i.exec(head)?.[1] ?? head.slice(9, 12);
  }
}

/** Requests on their way on one connection. */
const PIPELINED = 16;
