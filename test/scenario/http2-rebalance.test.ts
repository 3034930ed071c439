import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import { afterEach, beforeEach, describe, it } from "mocha";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { HeldUpstream } from "../support/held-upstream.ts";
import { eventually, portOf, startTestNode } from "../support/nodes.ts";
import { proxyFile } from "../support/proxy-file.ts";

const CONNECTIONS = 4;
const STREAMS_EACH = 2;

/** A client that connects again when it is told to go away, and counts what it asks and gets. */
class Http2Client {
  asked = 0;
  readonly answers: number[] = [];
  goaways = 0;
  session: http2.ClientHttp2Session;
  private readonly port: number;

  constructor(port: number) {
    this.port = port;
    this.session = this.connect();
  }

  ask(path: string): void {
    this.asked++;
    const request = this.session.request({ ":path": path });
    request.on("response", (headers) => this.answers.push(Number(headers[":status"])));
    request.on("error", () => this.answers.push(0));
    request.resume();
  }

  async close(): Promise<void> {
    const closed = once(this.session, "close");
    this.session.close();
    await closed;
  }

  private connect(): http2.ClientHttp2Session {
    const session = http2.connect(`http://127.0.0.1:${this.port}`);
    session.once("goaway", () => {
      this.goaways++;
      this.session = this.connect();
    });
    return session;
  }
}

describe("two workers of which one has all the HTTP/2 connections", () => {
  let node: RunningNode;
  let upstream: HeldUpstream;
  let clients: Http2Client[];

  beforeEach(async () => {
    upstream = await HeldUpstream.start();
    clients = [];
  });

  afterEach(async () => {
    for (const client of clients) client.session.destroy();
    await node.stop();
    await upstream.stop();
  });

  async function start(...flags: string[]): Promise<void> {
    const yaml = proxyFile({ port: 0, adminPort: 0, upstreamPort: upstream.port });
    const { plan } = loadPlan({ text: yaml, file: "test.yaml" });
    assert.ok(plan !== null);
    node = await startTestNode(plan, { flags: ["--concurrency", "2", ...flags], rebalanceIntervalMs: 100 });
  }

  function stat(pattern: RegExp): number {
    const found = new StatsReader(node.view.stats).values().filter(({ name }) => pattern.test(name));
    return found.reduce((sum, { value }) => sum + value, 0);
  }

  const connectionsOf = (worker: number): number =>
    stat(new RegExp(`^listener\\..*\\.worker_${worker}\\..*cx_active$`));

  /** The kernel chooses the worker of a connection: those on the other one are closed again. */
  async function connectAllToOneWorker(): Promise<void> {
    while (clients.length < CONNECTIONS) {
      const client = new Http2Client(portOf(node));
      const open = clients.length + 1;
      await eventually(() => connectionsOf(0) + connectionsOf(1) === open);
      if (connectionsOf(0) === open) clients.push(client);
      else {
        await client.close();
        await eventually(() => connectionsOf(1) === 0);
      }
    }
  }

  it("asks the busiest connection to go elsewhere, and every request is answered", async () => {
    await start("--rebalance-http2");
    await connectAllToOneWorker();
    for (const client of clients) for (let i = 0; i < STREAMS_EACH; i++) client.ask("/held");
    await upstream.holds(CONNECTIONS * STREAMS_EACH);
    await eventually(() => stat(/^starling\.http2_rebalanced$/) >= 1);
    await eventually(() => clients.some(({ goaways }) => goaways > 0));
    for (const client of clients) client.ask("/at-once");
    await eventually(() => clients.every(({ answers }) => answers.length === 1));
    upstream.release("/held");
    await eventually(() => clients.every(({ answers }) => answers.length === 1 + STREAMS_EACH));
    for (const { asked, answers } of clients) assert.deepEqual(answers, Array(asked).fill(200));
    const goaways = (): number => clients.reduce((sum, client) => sum + client.goaways, 0);
    await eventually(() => goaways() === stat(/^starling\.http2_rebalanced$/));
    await eventually(() => connectionsOf(0) + connectionsOf(1) === CONNECTIONS);
  });

  it("leaves them where they are without the option", async () => {
    await start();
    await connectAllToOneWorker();
    for (const client of clients) client.ask("/held");
    await upstream.holds(CONNECTIONS);
    upstream.release("/held");
    await eventually(() => clients.every(({ answers }) => answers.length === 1));
    assert.ok(clients.every(({ goaways }) => goaways === 0));
    assert.equal(
      new StatsReader(node.view.stats).values().some(({ name }) => name === "starling.http2_rebalanced"),
      false,
    );
  });
});
