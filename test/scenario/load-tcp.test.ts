// Connections of TCP proxies in load reports: a whole node, and our own server as a process.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { equalData } from "../../src/base/equal-data.ts";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { freePort } from "../support/live-proxy.ts";
import { eventually, portOf, startTestNode } from "../support/nodes.ts";
import { Program } from "../support/program.ts";

const ASK = { send_all_clusters: true, load_reporting_interval: "0.1s", report_endpoint_granularity: true };

describe("load reports of a node with TCP proxies", function () {
  this.timeout(30_000);
  const clients = new Set<Socket>();
  const served = new Set<Socket>();
  let folder: string;
  let lrs: Program;
  let lrsPort: number;
  let lrsAdmin: string;
  let echo: Server;
  let port: number;
  let node: RunningNode;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "load-tcp-"));
    writeFileSync(join(folder, "ask.json"), JSON.stringify({ ask: ASK }));
    const flags = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    lrs = new Program("lrs-server", ...flags, "-c", join(folder, "ask.json"));
    lrsPort = Number((await lrs.says(/running on 127\.0\.0\.1:(\d+)/))[1]);
    lrsAdmin = (await lrs.says(/shown on port (\d+)/))[1] ?? "";
    port = await freePort([lrsPort]);
    await serve();
  });

  afterEach(async () => {
    for (const socket of clients) socket.destroy();
    clients.clear();
    await node.stop();
    await lrs.end("SIGKILL");
    refuse();
    rmSync(folder, { recursive: true });
  });

  it("tell how many were opened, refused and are there, over a worker's death", async () => {
    await start(plan({ single: "tcp", weighted: "heavy" }), "--concurrency", "2");
    const before = await opened(portOf(node, 0), 5);
    const heavy = await opened(portOf(node, 1), 2);
    for (const socket of before.slice(0, 2)) socket.destroy();
    await told("tcp", () => ({ cx_total: 5, cx_connect_fail: 0, cx_active: 3 }));
    await told("heavy", () => ({ cx_total: 2, cx_connect_fail: 0, cx_active: 2 }));
    // Those that stand stay.
    echo.close();
    await refused(portOf(node, 0), 4);
    await told("tcp", () => ({ cx_total: 9, cx_connect_fail: 4, cx_active: 3 }));
    await serve();
    node.supervisor.misbehave(0, "throw");
    await eventually(() => node.view.workers()[0]?.restarts === 1);
    const alive = (all: readonly Socket[]): number => all.filter((socket) => !socket.closed).length;
    await told("tcp", () => ({ cx_total: 9, cx_connect_fail: 4, cx_active: alive(before) }));
    const after = await opened(portOf(node, 0), 6);
    await told("tcp", () => ({ cx_total: 15, cx_connect_fail: 4, cx_active: alive([...before, ...after]) }));
    await told("heavy", () => ({ cx_total: 2, cx_connect_fail: 0, cx_active: alive(heavy) }));
    await reports("tcp", 3);
    await told("tcp", () => ({ cx_total: 15, cx_connect_fail: 4, cx_active: alive([...before, ...after]) }));
    assert.equal(Object.keys(await stats("lrs")).filter((name) => name.startsWith("cx_")).length, 0);
  });

  it("begin and end with the TCP proxy that a plan has for the cluster", async () => {
    await start(plan({ single: "tcp", weighted: "heavy" }));
    await opened(portOf(node, 0), 2);
    await told("tcp", () => ({ cx_total: 2, cx_connect_fail: 0, cx_active: 2 }));
    await reload(plan({ single: "other", weighted: "heavy" }));
    await opened(portOf(node, 0), 3);
    await told("other", () => ({ cx_total: 3, cx_connect_fail: 0, cx_active: 3 }));
    await eventually(async () => (await stats("tcp"))["cx_active"] === 0);
    assert.equal((await stats("tcp"))["cx_total"], 2);
  });

  it("say nothing of them with --compat envoy, as Envoy", async () => {
    await start(plan({ single: "tcp", weighted: "heavy" }, "envoy"));
    await opened(portOf(node, 0), 2);
    await eventually(async () => (await stats("tcp"))["rq_total"] === 2);
    await reports("tcp", 3);
    assert.deepEqual(
      Object.keys(await stats("tcp")).filter((name) => name.startsWith("cx_")),
      [],
    );
  });

  async function start(made: Plan, ...flags: readonly string[]): Promise<void> {
    node = await startTestNode(made, { flags });
    // What comes before a server has asked is not told.
    await reports("tcp", 1);
  }

  async function reload(made: Plan): Promise<void> {
    const outcome = await node.reload.take({ plan: made, bootstrap: {} });
    assert.equal(outcome.kind, "applied");
  }

  async function serve(): Promise<void> {
    echo = createServer((socket) => {
      served.add(socket);
      socket.on("error", () => {});
      socket.pipe(socket);
    });
    echo.listen(port, "127.0.0.1");
    await once(echo, "listening");
    assert.equal((echo.address() as AddressInfo).port, port);
  }

  function refuse(): void {
    echo.close();
    for (const socket of served) socket.destroy();
    served.clear();
  }

  function client(to: number): Socket {
    const socket = connect(to, "127.0.0.1");
    clients.add(socket.on("error", () => {}));
    return socket;
  }

  /** Connections that have an endpoint. */
  async function opened(to: number, count: number): Promise<readonly Socket[]> {
    const sockets = Array.from({ length: count }, () => client(to));
    await Promise.all(
      sockets.map(async (socket) => {
        socket.write("x");
        await once(socket, "data");
      }),
    );
    return sockets;
  }

  /** Connections that have none, and are over. */
  async function refused(to: number, count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => once(client(to).resume(), "close")));
  }

  /** The server's sums of a cluster. */
  async function stats(cluster: string): Promise<Readonly<Record<string, number>>> {
    const page = await (
      await fetch(`http://127.0.0.1:${lrsAdmin}/stats?filter=^cluster\\.${cluster}\\.[a-z_]*$`)
    ).text();
    const lines = Array.from(page.matchAll(/^cluster\.\w+\.(\w+): (\d+)$/gm));
    return Object.fromEntries(lines.map(([, name, value]) => [name, Number(value)]));
  }

  /** The server's sums become what is wanted then. */
  async function told(cluster: string, wanted: () => Readonly<Record<string, number>>): Promise<void> {
    let last: Readonly<Record<string, number | undefined>> = {};
    await eventually(async () => {
      const { cx_total = 0, cx_connect_fail = 0, cx_active = 0 } = await stats(cluster);
      last = { cx_total, cx_connect_fail, cx_active };
      return equalData(last, wanted());
    }).catch(() => assert.deepEqual(last, wanted()));
  }

  /** So many more reports have come. */
  async function reports(cluster: string, more: number): Promise<void> {
    const count = async (): Promise<number> => (await stats(cluster))["reports"] ?? 0;
    const before = await count();
    await eventually(async () => (await count()) >= before + more);
  }

  /** Two TCP proxies, one with a cluster and one with weighted ones; `tcp`, `heavy`, `other` are what they may name. */
  function plan(proxies: { single: string; weighted: string }, compat: "starling" | "envoy" = "starling"): Plan {
    const clusters = [...["tcp", "heavy", "other"].map((name) => cluster(name, port)), cluster("lrs", lrsPort, HTTP2)];
    const { single, weighted } = proxies;
    const file = {
      node: { id: "node-1", cluster: "c" },
      cluster_manager: {
        load_stats_config: { api_type: "GRPC", grpc_services: [{ envoy_grpc: { cluster_name: "lrs" } }] },
      },
      static_resources: {
        listeners: [
          listener("single", { cluster: single }),
          listener("weighted", { weighted_clusters: { clusters: [{ name: weighted, weight: 1 }] } }),
        ],
        clusters,
      },
    };
    const made = loadPlan({ file: "test.yaml", text: JSON.stringify(file) }, { compat });
    assert.ok(made.plan !== null, JSON.stringify(made.errors));
    return made.plan;
  }
});

function listener(name: string, where: object): object {
  const proxy = {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
    stat_prefix: name,
    ...where,
  };
  return { name, address: address(0), filter_chains: [{ filters: [{ name: "tcp", typed_config: proxy }] }] };
}

function cluster(name: string, port: number, more: object = {}): object {
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }];
  return { name, type: "STATIC", load_assignment: { cluster_name: name, endpoints }, ...more };
}

function address(port: number): object {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}

const HTTP2 = {
  typed_extension_protocol_options: {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};
