// What an export may take: as long as the plan says, or the runtime for Zipkin's. What becomes of its connection, and what TLS offers.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { after, afterEach, before, beforeEach, describe, it } from "mocha";
import type { ClusterPlan } from "../../../src/config/plan/cluster.ts";
import { RuntimeValues } from "../../../src/config/plan/runtime.ts";
import { Collector } from "../../../src/control/tracing/collector.ts";
import { steadyPace, zipkinPace } from "../../../src/control/tracing/pace.ts";
import { createNetContext } from "../../../src/net/net-context.ts";
import { clusterPlan, endpoint } from "../../support/cluster-plans.ts";
import { standingNet } from "../../support/net-peers.ts";
import { clientTls, pem } from "../../support/tls-plans.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const PLANNED_MS = 5_000;

describe("an export that nobody answers", () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket.on("error", () => {})));

  before(() => once(silent.listen(0, "127.0.0.1"), "listening"));

  after(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  const zipkin = (entries: Record<string, string>): ((planMs: number) => number) =>
    zipkinPace(new RuntimeValues(entries), new Float64Array(8)).timeoutMs;
  for (const [title, timeoutMs, afterMs] of [
    ["to Zipkin, as the plan says", zipkin({}), 5_000],
    ["to Zipkin, as the runtime says", zipkin({ "tracing.zipkin.request_timeout": "300" }), 300],
    ["of OpenTelemetry, whatever is said of Zipkin", steadyPace({ batchMax: 1, delayMs: 1 }).timeoutMs, 5_000],
  ] as const) {
    it(`is given up after its time: ${title}`, () => {
      const clock = new VirtualClock();
      const said = answersAfter(clock, timeoutMs);
      clock.advanceMs(afterMs - 20);
      assert.deepEqual(said, []);
      clock.advanceMs(40);
      assert.deepEqual(said, [["unanswered", `no answer within ${afterMs} ms`]]);
    });
  }

  it("is waited for without an end where the runtime gives Zipkin 0", () => {
    const clock = new VirtualClock(1_000);
    const said = answersAfter(clock, zipkin({ "tracing.zipkin.request_timeout": "0" }));
    clock.advanceMs(3_600_000);
    assert.deepEqual(said, []);
  });

  function answersAfter(clock: VirtualClock, timeoutMs: (planMs: number) => number): unknown[] {
    const { port } = silent.address() as AddressInfo;
    const facts = { ...endpoint(port), slot: 0 };
    const target = { protocol: "http_json", cluster: "c", authority: "c", path: "/", headers: [] } as const;
    const net = createNetContext({
      wheel: clock.wheel,
      onBug: (error) => {
        throw error;
      },
    });
    const collector = new Collector(
      { net, clusterOf: () => clusterPlan("c", []), endpointsOf: () => [facts] },
      { ...target, timeoutMs: PLANNED_MS },
      [],
    );
    const said: unknown[] = [];
    collector.send(new Uint8Array(2), (result, text) => said.push([result, text]), timeoutMs);
    return said;
  }
});

describe("an export in parts", () => {
  for (const [title, sizes] of [
    ["small ones", [3, 5]],
    ["some larger than a write, the last one empty", [10, 300_000, 70_000, 0]],
  ] as const) {
    it(`comes whole and in order: ${title}`, async () => {
      const parts = sizes.map((size, at) => Buffer.alloc(size, at + 1));
      const came = Promise.withResolvers<Buffer>();
      const server = createHttpServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
          came.resolve(Buffer.concat(chunks));
          response.end();
        });
      });
      await once(server.listen(0, "127.0.0.1"), "listening");
      const facts = { ...endpoint((server.address() as AddressInfo).port), slot: 0 };
      const collector = new Collector(
        { net: standingNet().net, clusterOf: () => clusterPlan("c", []), endpointsOf: () => [facts] },
        { protocol: "http", cluster: "c", authority: "c", path: "/", headers: [], timeoutMs: PLANNED_MS },
        [],
      );
      try {
        const result = await new Promise((resolve) => collector.send(parts, (ended) => resolve(ended)));
        assert.equal(result, "taken");
        assert.ok((await came.promise).equals(Buffer.concat(parts)));
      } finally {
        collector.close();
        server.close();
      }
    });
  }
});

describe("the connection to a collector over HTTP/1", () => {
  let server: Server;
  let accepted: Socket[];
  let collector: Collector;
  let peers: ReturnType<typeof standingNet>;

  beforeEach(() => {
    peers = standingNet();
  });

  afterEach(async () => {
    collector.close();
    for (const socket of accepted) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  /** Answers everything with `fields`, and leaves it to the other side to end the connection. */
  async function begin(made: Server, event: string, fields: string, cluster: Partial<ClusterPlan>): Promise<void> {
    accepted = [];
    server = made;
    server.on(event, (socket: Socket) => {
      accepted.push(socket.on("error", () => {}));
      socket.on("data", () => socket.write(`HTTP/1.1 200 OK\r\n${fields}content-length: 0\r\n\r\n`));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const facts = { ...endpoint((server.address() as AddressInfo).port), slot: 0 };
    const { net } = peers;
    collector = new Collector(
      { net, clusterOf: () => clusterPlan("c", [], cluster), endpointsOf: () => [facts] },
      { protocol: "http", cluster: "c", authority: "c", path: "/", headers: [], timeoutMs: PLANNED_MS },
      [],
    );
  }

  function exported(): Promise<string> {
    return new Promise((resolve) => collector.send(new Uint8Array(2), (result) => resolve(result)));
  }

  it("is ended after an answer that says connection: close, also where the collector keeps its side open", async () => {
    await begin(createServer({ allowHalfOpen: true }), "connection", "connection: close\r\n", {});
    assert.equal(await exported(), "taken");
    const [first] = accepted;
    if (first?.readableEnded !== true) await once(first as Socket, "end");
    assert.equal(await exported(), "taken");
    assert.equal(accepted.length, 2);
  });

  it("is kept for the cluster's idle_timeout after an export, and no longer", async () => {
    await begin(createServer(), "connection", "", { idleTimeoutMs: 1_000 });
    for (let i = 0; i < 3; i++) {
      assert.equal(await exported(), "taken");
      peers.clock.advanceMs(900);
    }
    const [only, ...others] = accepted;
    assert.deepEqual([only?.closed, others], [false, []]);
    peers.clock.advanceMs(200);
    await once(only as Socket, "close");
    assert.equal(await exported(), "taken");
    assert.equal(accepted.length, 2);
  });

  it("is kept for an export that begins as soon as the one before was taken", async () => {
    await begin(createServer(), "connection", "", {});
    const second = new Promise((resolve) => collector.send(new Uint8Array(2), () => resolve(exported())));
    assert.equal(await second, "taken");
    assert.equal(accepted.length, 1);
  });

  it("offers HTTP/1.1 over TLS, which is what it speaks", async () => {
    const options = { cert: pem("front"), key: pem("front.key"), ALPNProtocols: ["h2", "http/1.1"] };
    await begin(createTlsServer(options), "secureConnection", "", { tls: clientTls({ sni: "front.example" }) });
    assert.equal(await exported(), "taken");
    assert.deepEqual(
      accepted.map((socket) => (socket as Socket & { readonly alpnProtocol: string | false }).alpnProtocol),
      ["http/1.1"],
    );
  });
});
