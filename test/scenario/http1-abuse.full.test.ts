// Clients that send without end, read nothing or go away, against the running program: each costs a bounded amount, is answered or ended,
// and leaves no connection or request behind.
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, afterEach, before, describe, it } from "mocha";
import { frame, GET, POST } from "../protocol/h2/support/frame.ts";
import { FrameSocket } from "../support/frame-socket.ts";
import { LargeUpstream } from "../support/large-upstream.ts";
import { Stage } from "../support/stage.ts";

const HEAD_TIMEOUT_MS = 500;
const ENDLESS_BYTES_MAX = 64 * 1_048_576;
const GROWTH_MAX_BYTES = 48 * 1_048_576;
const READERS = 50;
const ENDED = "http.main.downstream_cx_destroy";

const HEAD = "GET / HTTP/1.1\r\nHost: a\r\n";
const LARGE = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
const CHUNKED = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

/** Ways to go. */
const LEAVES: readonly (readonly [string, (socket: Socket) => void])[] = [
  ["FIN", (socket) => socket.destroy()],
  ["RST", (socket) => socket.resetAndDestroy()],
];

describe("abuse over HTTP/1.1, live", function () {
  this.timeout(30_000);
  let upstream: LargeUpstream;
  let stage: Stage;
  let residentBefore: number;

  before(async () => {
    upstream = await LargeUpstream.start();
    stage = await Stage.start({
      upstreamPort: upstream.port,
      // What a refused client goes on sending is thrown away for as long as the delayed close takes: long enough for this process to read
      // its answer before the connection is reset, however busy the machine is.
      manager: { request_headers_timeout: `${HEAD_TIMEOUT_MS / 1_000}s`, delayed_close_timeout: "1s" },
      // No idle connections upstream, so that every gauge ends at 0.
      cluster: { max_requests_per_connection: 1 },
    });
    residentBefore = stage.residentBytes();
  });

  after(async () => {
    await stage.stop();
    await upstream.stop();
  });

  afterEach("everything is back at 0, and the program serves on", async () => {
    await stage.untilIdle();
    const client = new Client(stage.port);
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await client.closed;
    assert.match(client.text, /^HTTP\/1\.1 200 .*ten bytes\n$/s);
    // A connection that was dialled for a request that went away has served this one; this client's own is counted as ended, too.
    await stage.until(
      (stats) =>
        stats.get("cluster.echo.upstream_cx_active") === 0 && stats.get("http.main.downstream_cx_active") === 0,
    );
    const growth = stage.residentBytes() - residentBefore;
    assert.ok(growth <= GROWTH_MAX_BYTES, `grew by ${growth} bytes`);
  });

  it("answers 408 to a head that does not come in time, however it trickles", async () => {
    const startMs = performance.now();
    const client = new Client(stage.port);
    client.send(HEAD);
    const trickle = setInterval(() => client.send("X: y\r\n"), 50);
    await client.hasText();
    const tookMs = performance.now() - startMs;
    await client.closed;
    clearInterval(trickle);
    assert.match(client.text, /^HTTP\/1\.1 408 /);
    assert.ok(tookMs >= HEAD_TIMEOUT_MS && tookMs < HEAD_TIMEOUT_MS + 1_500, `after ${tookMs} ms`);
    await stage.until((stats) => stats.get("http.main.downstream_rq_header_timeout") === 1);
  });

  for (const [title, first, piece, answer] of [
    ["fields", HEAD, `X-${"n".repeat(50)}: ${"v".repeat(1_000)}\r\n`, /^HTTP\/1\.1 431 /],
    ["one field", `${HEAD}X: `, "v".repeat(4_096), /^HTTP\/1\.1 431 /],
    ["a request target", "GET /", "x".repeat(4_096), /^HTTP\/1\.1 (400|414|431) /],
    ["a method", "", "X".repeat(4_096), /^HTTP\/1\.1 4\d\d /],
    ["empty lines", "", "\r\n".repeat(2_048), /^HTTP\/1\.1 4\d\d /],
    ["a chunk extension", `${CHUNKED}1;`, "x".repeat(4_096), /^HTTP\/1\.1 400 /],
    ["zeros of a chunk size", CHUNKED, "0".repeat(4_096), /^HTTP\/1\.1 400 /],
    ["trailers", `${CHUNKED}0\r\n`, `X-${"n".repeat(50)}: ${"v".repeat(1_000)}\r\n`, /^HTTP\/1\.1 4\d\d /],
  ] as const) {
    it(`ends a connection that sends ${title} without end`, async () => {
      const client = new Client(stage.port);
      client.send(first);
      const sent = await client.sendWithoutEnd(piece);
      assert.ok(sent < ENDLESS_BYTES_MAX, `${sent} bytes were taken`);
      assert.match(client.text, answer);
    });
  }

  it("answers 431 to 101 fields", async () => {
    const client = new Client(stage.port);
    client.send(`${HEAD}${Array.from({ length: 100 }, (_, i) => `X-${i}: 1\r\n`).join("")}\r\n`);
    await client.closed;
    assert.match(client.text, /^HTTP\/1\.1 431 /);
  });

  it(`keeps a bounded part of endless answers for ${READERS} clients that do not read`, async () => {
    const clients = Array.from({ length: READERS }, () => new Client(stage.port));
    for (const client of clients) {
      client.socket.pause();
      client.send(LARGE);
    }
    await stage.until((stats) => stats.get("cluster.echo.upstream_rq_active") === READERS);
    const received = (): Promise<number> => stage.stat("cluster.echo.upstream_cx_rx_bytes_total");
    await settled(received);
    assert.ok(stage.residentBytes() - residentBefore <= GROWTH_MAX_BYTES);
    for (const client of clients) client.socket.resetAndDestroy();
  });

  for (const [title, request] of [
    ["in the middle of a head", HEAD],
    ["in the middle of a body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nten bytes\n"],
    ["in the middle of a chunk", `${CHUNKED}ff\r\nten bytes\n`],
    ["in the middle of an answer", LARGE],
  ] as const) {
    for (const [how, leave] of LEAVES) {
      it(`lets go of a client that leaves ${title} by ${how}`, async () => {
        const [begun, gone] = [await stage.stat("http.main.downstream_cx_total"), await stage.stat(ENDED)];
        const client = new Client(stage.port);
        client.send(request);
        // Not by the gauge: whoever is in the middle of a head is sent away soon.
        await stage.until((stats) => stats.get("http.main.downstream_cx_total") === begun + 1);
        if (request === LARGE) await client.hasText();
        leave(client.socket);
        await stage.until((stats) => stats.get(ENDED) === gone + 1);
      });
    }
  }

  it("lets go of a client of HTTP/2 that leaves with an upload and a download under way", async () => {
    const client = await FrameSocket.open(stage.port);
    client.send(
      frame.headers({ stream: 1, fields: POST }),
      frame.data({ stream: 1, text: "ten bytes\n" }),
      frame.headers({ stream: 3, fields: [...GET.slice(0, 3), [":path", "/large"]], end: true }),
    );
    assert.ok(await client.until(() => client.frames.some(({ type, stream }) => type === "DATA" && stream === 3)));
    client.end();
  });
});

class Client {
  readonly socket: Socket;
  text: string = "";
  readonly closed: Promise<void>;
  private isClosed = false;
  private first: () => void = () => {};

  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.on("error", () => {});
    this.socket.on("data", (bytes) => {
      if (this.text.length < 10_000) this.text += bytes.toString("latin1");
      this.first();
    });
    this.closed = new Promise((resolve) => {
      this.socket.once("close", () => {
        this.isClosed = true;
        resolve();
        this.first();
      });
    });
  }

  send(text: string): boolean {
    return this.socket.writable && this.socket.write(text, "latin1");
  }

  /** Waits for the first bytes, or the end without any. */
  async hasText(): Promise<void> {
    while (this.text === "" && !this.isClosed) {
      await new Promise<void>((resolve) => {
        this.first = resolve;
      });
    }
  }

  /** Sends a piece again and again until the connection ends; answers how much was sent. Reads what comes between any two. */
  async sendWithoutEnd(piece: string): Promise<number> {
    let sent = 0;
    while (!this.isClosed && sent < ENDLESS_BYTES_MAX) {
      sent += piece.length;
      this.send(piece);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return sent;
  }
}

/** Waits until a number stands still. */
async function settled(read: () => Promise<number>): Promise<void> {
  for (let before = -1, now = await read(); now !== before; now = await read()) {
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
