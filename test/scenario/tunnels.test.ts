// Tunnels over real sockets: what a refusal keeps back, CONNECT that ends here, and upgrades between HTTP/1 and HTTP/2.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import http2 from "node:http2";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { afterEach, describe, it } from "mocha";
import { SeededRandom } from "../../src/base/random.ts";
import { HTTP } from "../../src/telemetry/http-stats.ts";
import { OneWorker, oneCluster } from "../support/one-worker.ts";

const UPGRADES = "upgrade_configs: [{ upgrade_type: websocket }, { upgrade_type: CONNECT }]";
const BOTH = `${UPGRADES}\n          http2_protocol_options: { allow_connect: true }`;
const BYTES = 8 << 20;

describe("a tunnel over real sockets", function () {
  this.timeout(60_000);
  const servers: (Server | http2.Http2Server)[] = [];
  const open = new Set<{ destroy(): unknown }>();
  let worker: OneWorker | null = null;

  afterEach(async () => {
    for (const one of open) one.destroy();
    open.clear();
    for (const server of servers.splice(0)) {
      server.close();
      await once(server, "close");
    }
    const http = (worker as OneWorker).services.stats.block(HTTP, "http.main.");
    while ((http[HTTP.at.downstream_cx_active] as number) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(http[HTTP.at.downstream_cx_upgrades_active], 0);
    assert.equal(http[HTTP.at.downstream_rq_active], 0);
    assert.deepEqual(await worker?.stop(), []);
    worker = null;
  });

  async function listening<S extends Server | http2.Http2Server>(server: S): Promise<number> {
    servers.push(server.listen(0, "127.0.0.1"));
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  /** A server of raw bytes. */
  function raw(act: (socket: Socket) => void): Server {
    return createServer({ allowHalfOpen: true }, (socket) => {
      open.add(socket);
      socket.on("error", () => {});
      act(socket);
    });
  }

  /** A proxy in front of a server whose CONNECT ends here. */
  async function connects(act: (socket: Socket) => void): Promise<void> {
    const file = oneCluster([await listening(raw(act))], { manager: BOTH, route: ENDS_HERE });
    worker = await OneWorker.start(file.replace("match: { prefix: / }", "match: { connect_matcher: {} }"));
  }

  async function client(text: string): Promise<Socket> {
    const socket = connect({ port: worker?.port ?? 0, host: "127.0.0.1", allowHalfOpen: true });
    open.add(socket);
    socket.write(text);
    await once(socket, "connect");
    return socket;
  }

  async function session(): Promise<http2.ClientHttp2Session> {
    const made = http2.connect(`http://127.0.0.1:${worker?.port}`);
    open.add(made);
    await once(made, "remoteSettings");
    return made;
  }

  it("takes nothing with it that came behind the head of an upgrade that is refused", async () => {
    let seen = "";
    const upstream = raw((socket) =>
      socket.on("data", (bytes) => {
        seen += bytes.toString("latin1");
        socket.write("HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n\r\n");
      }),
    );
    worker = await OneWorker.start(oneCluster([await listening(upstream)], { manager: UPGRADES }));
    const socket = await client(`${UPGRADE}GET /smuggled HTTP/1.1\r\nHost: b\r\n\r\n`);
    const answer = await text(socket);
    assert.match(answer, /^HTTP\/1\.1 426 [\s\S]*connection: close/);
    assert.equal(answer.split("HTTP/1.1").length, 2);
    assert.match(seen, /^GET \/chat /);
    assert.ok(!seen.includes("smuggled"));
  });

  it("passes on what came early once it stands, and not before", async () => {
    const chunks: string[] = [];
    let answers = (): void => {};
    const upstream = raw((socket) => {
      answers = () => socket.write(SWITCH);
      socket.on("data", (bytes) => chunks.push(bytes.toString("latin1")));
      socket.on("end", () => socket.end());
    });
    worker = await OneWorker.start(oneCluster([await listening(upstream)], { manager: UPGRADES }));
    const socket = await client(`${UPGRADE}early`);
    while (chunks.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    socket.write(" and later");
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(chunks.join("").endsWith("\r\n\r\n"));
    answers();
    socket.end();
    assert.match(await text(socket), /^HTTP\/1\.1 101 /);
    assert.ok(chunks.join("").endsWith("\r\n\r\nearly and later"));
  });

  it("by CONNECT carries 8 MiB each way, and the end of the client's side", async () => {
    const sent = content(); // takes its time, in which nobody may be connecting
    await connects((socket) => socket.pipe(socket));
    const socket = await client(CONNECT);
    socket.end(sent);
    const got = await bytesOf(socket);
    assert.match(got.toString("latin1", 0, 200), /^HTTP\/1\.1 200 OK\r\n/);
    assert.equal(digest(got.subarray(got.indexOf("\r\n\r\n") + 4)), digest(sent));
  });

  it("by CONNECT over HTTP/2 carries 8 MiB each way, and the ends of both sides", async () => {
    const sent = content();
    await connects((socket) => socket.pipe(socket));
    const stream = (await session()).request({ ":method": "CONNECT", ":authority": "far.example:443" });
    stream.end(sent);
    const [head] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    assert.equal(head[":status"], 200);
    assert.equal(digest(await bytesOf(stream)), digest(sent));
  });

  it("by CONNECT is refused with 503 where nobody listens", async () => {
    const gone = raw(() => {});
    const port = await listening(gone);
    gone.close();
    servers.length = 0;
    const file = oneCluster([port], { manager: BOTH, route: ENDS_HERE });
    worker = await OneWorker.start(file.replace("match: { prefix: / }", "match: { connect_matcher: {} }"));
    assert.match(await text(await client(CONNECT)), /^HTTP\/1\.1 503 [\s\S]*remote connection failure/);
  });

  it("from HTTP/1 to HTTP/2 is an extended CONNECT", async () => {
    const server = http2.createServer({ settings: { enableConnectProtocol: true } });
    let asked: http2.IncomingHttpHeaders = {};
    server.on("stream", (stream, headers) => {
      asked = headers;
      stream.respond({ ":status": 200, "sec-websocket-protocol": "chat" });
      stream.pipe(stream);
    });
    worker = await OneWorker.start(oneCluster([await listening(server)], { manager: BOTH, http2: true }));
    const socket = await client(UPGRADE);
    const [head] = (await once(socket, "data")) as [Buffer];
    socket.end("through the stream");
    const got = head.toString("latin1") + (await text(socket));
    assert.match(got, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
    assert.match(got, /\r\nupgrade: websocket\r\n/);
    assert.match(got, /\r\nsec-websocket-protocol: chat\r\n/);
    assert.ok(got.endsWith("\r\n\r\nthrough the stream"));
    assert.deepEqual([asked[":method"], asked[":protocol"], asked[":path"]], ["CONNECT", "websocket", "/chat"]);
    assert.equal(asked["upgrade"], undefined);
  });

  it("from HTTP/2 to HTTP/1 is an upgrade with a key of its own", async () => {
    let head = "";
    const upstream = raw((socket) =>
      socket.once("data", (bytes) => {
        head = bytes.toString("latin1");
        socket.write(SWITCH);
        socket.pipe(socket);
      }),
    );
    worker = await OneWorker.start(oneCluster([await listening(upstream)], { manager: BOTH }));
    const client2 = await session();
    assert.equal(client2.remoteSettings.enableConnectProtocol, true);
    const stream = client2.request({
      ":method": "CONNECT",
      ":protocol": "websocket",
      ":scheme": "http",
      ":path": "/chat",
      ":authority": "a",
    });
    const [answer] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    stream.end("through the socket");
    assert.deepEqual([answer[":status"], answer["upgrade"], answer["connection"]], [200, undefined, undefined]);
    assert.equal((await bytesOf(stream)).toString(), "through the socket");
    assert.match(head, /^GET \/chat HTTP\/1\.1\r\n/);
    assert.match(head, /\r\nupgrade: websocket\r\nconnection: upgrade\r\n/);
    assert.match(head, /\r\nsec-websocket-key: [A-Za-z0-9+/]{22}==\r\n/);
  });

  it("that its client resets ends its endpoint's connection", async () => {
    let ended = (_: string): void => {};
    const ending = new Promise<string>((resolve) => {
      ended = resolve;
    });
    await connects((socket) => {
      socket.on("close", () => ended("closed"));
      socket.resume();
      socket.on("end", () => socket.end());
    });
    const stream = (await session()).request({ ":method": "CONNECT", ":authority": "far.example:443" });
    stream.on("error", () => {});
    await once(stream, "response");
    stream.close(http2.constants.NGHTTP2_CANCEL);
    assert.equal(await ending, "closed");
  });
});

const UPGRADE = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const SWITCH = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
const CONNECT = "CONNECT far.example:443 HTTP/1.1\r\nHost: far.example:443\r\n\r\n";
const ENDS_HERE = "upgrade_configs: [{ upgrade_type: CONNECT, connect_config: {} }]";

function content(): Buffer {
  const random = new SeededRandom(9);
  return Buffer.from(Uint32Array.from({ length: BYTES / 4 }, () => random.next32()).buffer);
}

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function bytesOf(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const bytes of stream) chunks.push(bytes as Buffer);
  return Buffer.concat(chunks);
}

async function text(stream: Duplex): Promise<string> {
  return (await bytesOf(stream)).toString("latin1");
}
