// What a WebSocket costs that nobody writes on: resident memory of the whole program.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { after, before, describe, it } from "mocha";
import { Stage } from "../support/stage.ts";

const SOCKETS = 2_000;
/** As many come and go before, so that code is compiled, pools are filled and the heap has its size. */
const WARM_UP = 3_000;
const AT_ONCE = 50;
const KIB_MAX = 16;

describe("memory of an idle tunnel", function () {
  this.timeout(120_000);
  let upstream: Server;
  let stage: Stage;

  before(async () => {
    upstream = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.write("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"));
    });
    upstream.listen(0, "127.0.0.1", 4_096);
    await once(upstream, "listening");
    stage = await Stage.start({
      upstreamPort: (upstream.address() as AddressInfo).port,
      manager: { upgrade_configs: [{ upgrade_type: "websocket" }] },
      cluster: {
        circuit_breakers: {
          thresholds: [{ max_connections: 10_000, max_requests: 10_000, max_pending_requests: 10_000 }],
        },
      },
      flags: ["--concurrency", "1"],
    });
  });

  after(async () => {
    await stage?.stop();
    upstream?.close();
  });

  it(`is at most ${KIB_MAX} KiB for a WebSocket, both of its sockets counted`, async () => {
    for (const socket of await opened(WARM_UP)) socket.destroy();
    await stage.untilIdle();
    const beforeBytes = await least(() => stage.residentBytes());
    const sockets = await opened(SOCKETS);
    const kib = ((await least(() => stage.residentBytes())) - beforeBytes) / 1024 / SOCKETS;
    assert.equal(await stage.stat("http.main.downstream_cx_upgrades_active"), SOCKETS);
    for (const socket of sockets) socket.destroy();
    await stage.untilIdle();
    assert.equal(await stage.stat("http.main.downstream_cx_upgrades_active"), 0);
    assert.ok(kib <= KIB_MAX, `${kib.toFixed(1)} KiB`);
  });

  /** The least of three seconds: what is garbage goes when it goes. */
  async function least(number: () => number): Promise<number> {
    let found = number();
    for (let looks = 0; looks < 60; looks++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      found = Math.min(found, number());
    }
    return found;
  }

  async function opened(count: number): Promise<Socket[]> {
    const all: Socket[] = [];
    while (all.length < count) all.push(...(await Promise.all(Array.from({ length: AT_ONCE }, open))));
    return all;
  }

  async function open(): Promise<Socket> {
    const socket = connect(stage.port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    const [answer] = (await once(socket, "data")) as [Buffer];
    assert.match(answer.toString("latin1"), /^HTTP\/1\.1 101 /);
    return socket;
  }
});
