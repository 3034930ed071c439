// WebSockets through a proxy, both ends the package ws: messages of all kinds and sizes, control frames, ends of all kinds, and what is left.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, it } from "mocha";
import { type ServerOptions, WebSocket, WebSocketServer } from "ws";
import { CLUSTER } from "../../src/telemetry/cluster-stats.ts";
import { HTTP } from "../../src/telemetry/http-stats.ts";
import { eventually } from "../support/nodes.ts";
import { OneWorker, oneCluster } from "../support/one-worker.ts";

const UPGRADES = "upgrade_configs: [{ upgrade_type: websocket }]";

describe("WebSockets", function () {
  this.timeout(60_000);
  let server: WebSocketServer | null = null;
  let worker: OneWorker | null = null;
  const clients: WebSocket[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.terminate();
    for (const socket of server?.clients ?? []) socket.terminate();
    await settled();
    assert.deepEqual(held(), { upgrades: 0, exchanges: 0, connections: 0, requests: 0 });
    assert.deepEqual(await worker?.stop(), []);
    await new Promise<void>((resolve) => (server === null ? resolve() : server.close(() => resolve())));
    server = null;
    worker = null;
  });

  async function serve(act: (socket: WebSocket) => void, options: ServerOptions = {}): Promise<void> {
    server = new WebSocketServer({ port: 0, host: "127.0.0.1", ...options });
    server.on("connection", (socket: WebSocket) => {
      socket.on("error", () => {});
      act(socket);
    });
    await once(server, "listening");
    worker = await OneWorker.start(oneCluster([server.address().port], { manager: UPGRADES }));
  }

  function dial(protocols: readonly string[] = [], perMessageDeflate: boolean = false): WebSocket {
    const client = new WebSocket(`ws://127.0.0.1:${worker?.port}/chat`, protocols, { perMessageDeflate });
    // A client that is ended while it dials says so.
    client.on("error", () => {});
    clients.push(client);
    return client;
  }

  async function opened(protocols: readonly string[] = [], deflates: boolean = false): Promise<WebSocket> {
    const client = dial(protocols, deflates);
    await once(client, "open");
    return client;
  }

  /** What the proxy's gauges say is open. */
  function held(): { upgrades: number; exchanges: number; connections: number; requests: number } {
    const http = worker?.services.stats.block(HTTP, "http.main.") ?? new Float64Array(HTTP.names.length);
    const up = worker?.services.stats.block(CLUSTER, "cluster.up.") ?? new Float64Array(CLUSTER.names.length);
    return {
      upgrades: http[HTTP.at.downstream_cx_upgrades_active] as number,
      exchanges: http[HTTP.at.downstream_rq_active] as number,
      connections: (http[HTTP.at.downstream_cx_active] as number) + (up[CLUSTER.at.upstream_cx_active] as number),
      requests: up[CLUSTER.at.upstream_rq_active] as number,
    };
  }

  async function settled(): Promise<void> {
    for (let turns = 0; turns < 500 && Object.values(held()).some((count) => count > 0); turns++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  it("echo texts and bytes of every length that a frame writes otherwise", async () => {
    await serve(echo);
    const client = await opened();
    for (const length of [0, 1, 125, 126, 127, 65_535, 65_536, 70_000, 1 << 20]) {
      client.send("é".repeat(length));
      assert.equal(String(await message(client)), "é".repeat(length));
      client.send(Buffer.alloc(length, 7));
      assert.deepEqual(await message(client), Buffer.alloc(length, 7));
    }
    assert.deepEqual(held(), { upgrades: 1, exchanges: 1, connections: 2, requests: 1 });
  });

  it("echo a message of 32 MiB", async () => {
    await serve(echo);
    const client = await opened();
    const sent = Buffer.alloc(32 << 20, "starling ");
    client.send(sent);
    assert.ok((await message(client)).equals(sent));
  });

  it("echo 20,000 small messages in their order", async () => {
    await serve(echo);
    const client = await opened();
    const got = messages(client, 20_000);
    const sent = Array.from({ length: 20_000 }, (_, i) => `message ${i}`);
    for (const text of sent) client.send(text);
    assert.deepEqual(await got, sent);
  });

  it("put fragments together, with a ping between two of them", async () => {
    await serve(echo);
    const client = await opened();
    const pong = once(client, "pong");
    const got = messages(client, 2);
    client.send("in ", { fin: false });
    client.send("three ", { fin: false });
    client.ping("between");
    client.send("parts");
    client.send("", { fin: false });
    client.send("", { fin: true });
    assert.deepEqual(await got, ["in three parts", ""]);
    assert.equal(String((await pong)[0]), "between");
  });

  it("carry pings and pongs both ways", async () => {
    let heard = "";
    await serve((socket) => {
      socket.on("ping", (data: Buffer) => {
        heard = data.toString();
        socket.ping("are you there");
      });
      socket.on("pong", (data: Buffer) => socket.send(`pong ${data}`));
    });
    const client = await opened();
    client.ping("x".repeat(125));
    assert.equal(String(await message(client)), "pong are you there");
    assert.equal(heard, "x".repeat(125));
  });

  for (const [code, reason] of [
    [1000, ""],
    [1001, "going away"],
    [1011, "unexpected"],
    [3000, "registered"],
    [4999, "private ".repeat(15)],
  ] as const) {
    it(`carry the end ${code} from either side`, async () => {
      let fromClient: Promise<unknown[]> | null = null;
      await serve((socket) => {
        fromClient = once(socket, "close");
        socket.on("message", () => socket.close(code, reason));
      });
      const first = await opened();
      first.close(code, reason);
      await once(first, "close");
      const [heard, why] = (await fromClient) as unknown as [number, Buffer];
      assert.deepEqual([heard, why.toString()], [code, reason]);
      const second = await opened();
      second.send("end it");
      const [got, because] = (await once(second, "close")) as [number, Buffer];
      assert.deepEqual([got, because.toString()], [code, reason]);
    });
  }

  it("carry an end without a code", async () => {
    await serve((socket) => socket.on("message", () => socket.close()));
    const client = await opened();
    client.send("end it");
    assert.equal(((await once(client, "close")) as [number])[0], 1005);
  });

  it("tell the server of a client that goes without a word, and the client of such a server", async () => {
    const lost: number[] = [];
    await serve((socket) => {
      socket.on("close", (code: number) => lost.push(code));
      socket.on("message", () => socket.terminate());
    });
    const going = await opened();
    going.terminate();
    await settled();
    // The proxy is done with it before the server has read its end.
    await eventually(() => lost.length > 0);
    assert.deepEqual(lost, [1006]);
    const left = await opened();
    go(left);
    assert.equal(((await once(left, "close")) as [number])[0], 1006);
  });

  it("refuse what breaks the protocol, and its own code comes back", async () => {
    await serve(echo);
    const socket = connect(worker?.port ?? 0, "127.0.0.1");
    socket.write(HANDSHAKE);
    await once(socket, "data");
    // A frame of a client that is not masked (RFC 6455 §5.1): 1002.
    socket.write(Buffer.from([0x81, 0x02, 0x68, 0x69]));
    const [answer] = (await once(socket, "data")) as [Buffer];
    assert.deepEqual([...answer.subarray(0, 4)], [0x88, 0x02, 0x03, 0xea]);
    socket.destroy();
  });

  it("agree on a subprotocol and on compression as if nobody were between", async () => {
    await serve(echo, { perMessageDeflate: true });
    const client = await opened(["chat.v2", "chat.v1"], true);
    assert.equal(client.protocol, "chat.v2");
    assert.equal(client.extensions, "permessage-deflate");
    client.send("a".repeat(100_000));
    assert.equal((await message(client)).length, 100_000);
  });

  it("are refused with the server's own answer", async () => {
    await serve(echo, { verifyClient: () => false });
    const client = dial();
    const [, response] = (await once(client, "unexpected-response")) as [unknown, { statusCode: number }];
    assert.equal(response.statusCode, 401);
  });

  it("wait for a server that reads nothing without being held here, and then arrive", async () => {
    let reader: WebSocket | null = null;
    let bytes = 0;
    await serve((socket) => {
      reader = socket;
      socket.pause();
      socket.on("message", (data: Buffer) => {
        bytes += data.length;
      });
    });
    const client = await opened();
    for (let i = 0; i < 48; i++) client.send(Buffer.alloc(1 << 20));
    await standsStill(() => client.bufferedAmount);
    assert.ok(client.bufferedAmount > 20 << 20, `${client.bufferedAmount} bytes wait at the client`);
    (reader as WebSocket | null)?.resume();
    client.close();
    await once(client, "close");
    assert.equal(bytes, 48 << 20);
  });

  it("leave nothing behind when 150 of them end in three ways", async () => {
    await serve((socket) => socket.on("message", () => socket.terminate()));
    const all = await Promise.all(Array.from({ length: 150 }, () => opened()));
    const ends = [(client: WebSocket) => client.terminate(), (client: WebSocket) => client.close(1000), go] as const;
    await Promise.all(
      all.map(async (client, i) => {
        const closed = once(client, "close");
        ends[i % 3]?.(client);
        await closed;
      }),
    );
  });
});

const HANDSHAKE = [
  "GET /chat HTTP/1.1",
  "Host: a",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "\r\n",
].join("\r\n");

function echo(socket: WebSocket): void {
  socket.on("message", (data: Buffer, isBinary: boolean) => socket.send(isBinary ? data : data.toString()));
}

async function message(socket: WebSocket): Promise<Buffer> {
  return ((await once(socket, "message")) as [Buffer])[0];
}

/** The texts of the next messages. */
function messages(socket: WebSocket, count: number): Promise<string[]> {
  const texts: string[] = [];
  return new Promise((resolve) => {
    socket.on("message", (data: Buffer) => texts.push(data.toString()) === count && resolve(texts));
  });
}

function go(socket: WebSocket): void {
  socket.send("go");
}

/** Resolves when a number has not moved for a fifth of a second. */
async function standsStill(number: () => number): Promise<void> {
  for (let still = 0, before = -1; still < 20; ) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    still = number() === before ? still + 1 : 0;
    before = number();
  }
}
