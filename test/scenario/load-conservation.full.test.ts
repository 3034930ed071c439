// Real processes: a node that reports, and our server. What a node that ends has not told yet is its last report.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { freePort, LiveProxy } from "../support/live-proxy.ts";
import { lrsFile, lyingUpstream } from "../support/lrs-scene.ts";
import { eventually } from "../support/nodes.ts";
import { Program } from "../support/program.ts";
import { SteadyLoad } from "../support/steady-load.ts";

const RESTARTS = 10;
const RETRY_MS = 5_000;

describe("our server's sums of a node's reports", () => {
  let folder: string;
  let upstream: Server;
  let upstreamPort: number;
  let lrs: number;
  let lrsAdmin: number;
  let port: number;
  let admin: number;
  let server: Program;
  let node: LiveProxy;
  let load: SteadyLoad | null;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "conserve-"));
    const ports: number[] = [];
    while (ports.length < 5) ports.push(await freePort(ports));
    [upstreamPort = 0, lrs = 0, lrsAdmin = 0, port = 0, admin = 0] = ports;
    upstream = await lyingUpstream(upstreamPort);
    const ask = { send_all_clusters: true, load_reporting_interval: "0.3s", report_endpoint_granularity: true };
    writeFileSync(join(folder, "lrs.yaml"), JSON.stringify({ ask }));
    load = null;
    server = await startServer();
    node = await startNode();
  });

  afterEach(async () => {
    load?.stop();
    await node.stop();
    await server.end("SIGKILL");
    upstream.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it(`are exact over ${RESTARTS} restarts of the node`, async () => {
    let before = 0;
    for (let i = 1; i <= RESTARTS; i++) {
      load = new SteadyLoad(port, 4, 2);
      await told(before + 20);
      await load.finish();
      // What the last interval had is told at the end.
      before += await counted();
      await node.stop();
      // The node has sent it; the server may read it after the node's end.
      await told(before);
      assert.equal(await reported(), before);
      node = await startNode();
    }
  }).timeout(120_000);

  async function startNode(): Promise<LiveProxy> {
    const upstreams = [upstreamPort, upstreamPort, upstreamPort] as const;
    const file = lrsFile({ listener: port, admin, lrs, upstreams, grpc: upstreamPort, closed: 9 });
    const proxy = await LiveProxy.start("starling", file, admin, ["--concurrency", "2"]);
    try {
      // What is counted before the server has asked is never reported.
      await eventually(async () => (await statOf(admin, "load_reporter.clusters_followed")) > 0);
    } catch (error) {
      await proxy.stop();
      throw error;
    }
    return proxy;
  }

  async function startServer(): Promise<Program> {
    const addresses = ["--listen", `127.0.0.1:${lrs}`, "--admin", `127.0.0.1:${lrsAdmin}`];
    const one = new Program("lrs-server", "-c", join(folder, "lrs.yaml"), ...addresses);
    await one.says(/up and running/);
    return one;
  }

  /** What the node has counted of cluster one. */
  function counted(): Promise<number> {
    return statOf(admin, "cluster.one.upstream_rq_total");
  }

  /** What the server has of it. */
  function reported(): Promise<number> {
    return statOf(lrsAdmin, "cluster.one.rq_total");
  }

  async function told(requests: number): Promise<void> {
    for (let waited = 0; waited < 3 * RETRY_MS; waited += 50) {
      if ((await reported()) >= requests) return;
      await sleepMs(50);
    }
    throw new Error(`${await reported()} of ${requests} requests are told`);
  }
});

async function statOf(adminPort: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/stats?filter=^${name}$`)).text();
  return Number(/: (\d+)/.exec(text)?.[1] ?? 0);
}

/** Kills and load take real time. */
function sleepMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
