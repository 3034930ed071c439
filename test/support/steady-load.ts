// Keep-alive connections that ask without pause (or with one), one request at a time each, and count what became of every request. A connection is
// made anew after some hundred answers, so that a worker that comes back gets its share.
import { connect, type Socket } from "node:net";
import { connect as connectTls, TLSSocket } from "node:tls";

/** The load; runs until `finish` or `stop`. */
export class SteadyLoad {
  sent: number = 0;
  /** Answers that came whole. */
  answered: number = 0;
  /** Requests whose connection ended first. */
  lost: number = 0;
  /** Answers that were not 200. */
  wrong: number = 0;
  /** Whether connections are made anew; off: those that stand stay. */
  renews: boolean = true;
  private readonly dial: () => Socket;
  private readonly sockets = new Set<Socket>();
  private readonly standing = new Set<Socket>();
  private readonly pauseMs: number;
  private running = true;
  private idle: () => void = () => {};

  /** To a port of loopback. `pauseMs`: of a connection between an answer and the next request. `dial`: default cleartext. */
  constructor(port: number, connections: number, pauseMs: number = 0, dial: (port: number) => Socket = cleartext) {
    this.dial = () => dial(port);
    this.pauseMs = pauseMs;
    for (let i = 0; i < connections; i++) this.open();
  }

  /** Connections that have been answered and that nobody has begun to end, by what came here. */
  get connections(): number {
    return this.standing.size;
  }

  /** Asks no more; resolves when every request has its answer and every connection is closed. */
  finish(): Promise<void> {
    this.running = false;
    return new Promise((resolve) => {
      this.idle = resolve;
      if (this.sockets.size === 0) resolve();
    });
  }

  /** Ends everything now. */
  stop(): void {
    this.running = false;
    for (const socket of this.sockets) socket.destroy();
  }

  private open(): void {
    const socket = this.dial();
    let text = "";
    let waiting = false;
    let left = REQUESTS_PER_CONNECTION;
    const ask = (): void => {
      if (!this.sockets.has(socket)) return; // it ended in the pause
      const isLast = isSaidToBeLast(text);
      text = "";
      waiting = !isLast && this.running && (left-- > 0 || !this.renews);
      if (!waiting) {
        this.standing.delete(socket);
        socket.end();
        return;
      }
      this.sent++;
      socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    };
    this.sockets.add(socket);
    socket.setNoDelay(true);
    socket.on(socket instanceof TLSSocket ? "secureConnect" : "connect", ask);
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      if (!isWhole(text)) return;
      this.answered++;
      if (!text.startsWith("HTTP/1.1 200")) this.wrong++;
      waiting = false;
      this.standing.add(socket);
      if (this.pauseMs > 0) setTimeout(ask, this.pauseMs);
      else ask();
    });
    socket.on("close", () => {
      if (waiting) this.lost++;
      this.sockets.delete(socket);
      this.standing.delete(socket);
      if (this.running) setTimeout(() => this.running && this.open(), RECONNECT_MS);
      else if (this.sockets.size === 0) this.idle();
    });
  }
}

/** TLS to a port of loopback; what its certificate says is the test's business. */
export function overTls(port: number): Socket {
  return connectTls({ port, host: "127.0.0.1", servername: "front.example", rejectUnauthorized: false });
}

function cleartext(port: number): Socket {
  return connect(port, "127.0.0.1");
}

function isWhole(text: string): boolean {
  const head = text.indexOf("\r\n\r\n");
  const length = /content-length: (\d+)/i.exec(text)?.[1];
  return head >= 0 && length !== undefined && text.length >= head + 4 + Number(length);
}

/** Whether the head of an answer says that no other comes. */
function isSaidToBeLast(text: string): boolean {
  return /^connection: close\r$/im.test(text.slice(0, text.indexOf("\r\n\r\n") + 1));
}

const REQUESTS_PER_CONNECTION = 200;
/** So that nobody spins when a port refuses. */
const RECONNECT_MS = 2;
