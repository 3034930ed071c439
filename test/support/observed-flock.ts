// A small flock as an operator has it, for what is seen of it from outside: nodes of one mesh over a real NATS server with two endpoints
// behind them, a server of load reports, a collector of spans, and clients. Everything of it can be broken.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endpointAt, OVER_HTTP2, socketAddress, staticCluster } from "./file-parts.ts";
import { freePort, LiveProxy } from "./live-proxy.ts";
import { waitMs } from "./mesh-processes.ts";
import { NatsServer } from "./nats-server.ts";
import { eventually } from "./nodes.ts";
import { OtlpSink } from "./otlp-sink.ts";
import { Program } from "./program.ts";
import { managerFilter, otelTracer, proxyFile, tlsSocket } from "./proxy-file.ts";

/** One node. */
export interface FlockNode {
  readonly proxy: LiveProxy;
  readonly port: number;
  readonly adminPort: number;
  /** Its file. */
  readonly file: string;
}

/** The flock. */
export class ObservedFlock {
  readonly broker: NatsServer = new NatsServer();
  readonly nodes: FlockNode[] = [];
  /** What endpoints answer to checks and to plain requests. */
  status: number = 200;
  private readonly folder = mkdtempSync(join(tmpdir(), "flock-"));
  private readonly endpoints: Server[] = [];
  private sinkNow: OtlpSink | null = null;
  private lrs: Program | null = null;
  private lrsPort = 0;
  lrsAdminPort: number = 0;
  private asks = true;
  private asking: Promise<unknown> = Promise.resolve();

  /** Starts everything; so many nodes have found each other and have been asked. */
  async start(nodes: number): Promise<void> {
    await this.broker.start();
    this.sinkNow = await OtlpSink.start();
    for (let i = 0; i < 2; i++)
      this.endpoints.push(await listening((request, response) => this.answer(request, response)));
    this.lrsPort = await freePort();
    this.lrsAdminPort = await freePort([this.lrsPort]);
    const asked = { clusters: ["shop"], load_reporting_interval: "1s" };
    writeFileSync(join(this.folder, "ask.json"), JSON.stringify({ ask: asked }));
    const [listen, pages] = [this.lrsPort, this.lrsAdminPort].map((port) => `127.0.0.1:${port}`) as [string, string];
    this.lrs = new Program("lrs-server", "-c", join(this.folder, "ask.json"), "--listen", listen, "--admin", pages);
    await this.lrs.says(/listening|:\d+/);
    for (let i = 0; i < nodes; i++) await this.join(`n${i}`, `nats://127.0.0.1:${this.broker.port}`);
    await eventually(async () => (await Promise.all(this.nodes.map(membersOf))).every((count) => count === nodes));
    // One of each, so that its counters are there: they come with the first.
    for (const node of this.nodes) for (const path of ["/fail", "/"]) await ask(node, path);
    this.asking = this.askOnAndOn();
  }

  /** One more node, in the mesh of this broker. */
  async join(name: string, mesh: string): Promise<FlockNode> {
    const [port, tlsPort, adminPort] = [await freePort(), await freePort(), await freePort()];
    const file = join(this.folder, `${name}.yaml`);
    const text = this.file(name, port, tlsPort, adminPort);
    writeFileSync(file, text);
    // The flags' -c wins over the one before it.
    const proxy = LiveProxy.launch("starling", text, [
      "-c",
      file,
      "--mesh",
      mesh,
      "--mesh-node",
      name,
      "--concurrency",
      "2",
    ]);
    await proxy.live(adminPort);
    const node = { proxy, port, adminPort, file };
    this.nodes.push(node);
    return node;
  }

  /** The collector refuses what it is sent. */
  refuseSpans(): void {
    if (this.sinkNow !== null) this.sinkNow.status = 400;
  }

  async stopLoadReportServer(): Promise<void> {
    await this.lrs?.end("SIGKILL");
  }

  /** Asks a node once; what it says does not matter. */
  ask(path: string, node: FlockNode | undefined = this.nodes[0]): Promise<void> {
    return node === undefined ? Promise.resolve() : ask(node, path);
  }

  async stop(): Promise<void> {
    this.asks = false;
    await this.asking;
    await Promise.all(this.nodes.map(({ proxy }) => proxy.stop()));
    await this.lrs?.end("SIGKILL");
    this.sinkNow?.stop();
    for (const server of this.endpoints) server.close().closeAllConnections();
    await this.broker.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async askOnAndOn(): Promise<void> {
    while (this.asks) {
      await Promise.all(this.nodes.map((node) => ask(node, "/")));
      await waitMs(20);
    }
  }

  private answer({ url }: IncomingMessage, response: ServerResponse): void {
    if (url === "/slow") setTimeout(() => response.end("late"), 300);
    else response.writeHead(url === "/fail" ? 500 : this.status).end("here");
  }

  private file(name: string, port: number, tlsPort: number, adminPort: number): string {
    writeFileSync(join(this.folder, "deadly.ts"), DEADLY);
    const ports = this.endpoints.map((server) => (server.address() as AddressInfo).port);
    const cluster = (name: string, ports: readonly number[], more: object = {}): object => ({
      ...staticCluster(name, ...ports.map((port) => endpointAt(port))),
      ...more,
    });
    const retry_policy = { retry_on: "5xx", num_retries: 2 };
    const routes = [
      { match: { path: "/slow" }, route: { cluster: "narrow" } },
      { match: { prefix: "/" }, stat_prefix: "front", route: { cluster: "shop", retry_policy } },
    ];
    const filters = [
      managerFilter({
        tracing: {
          random_sampling: { value: 20 },
          provider: otelTracer({ service_name: "flock" }),
        },
        route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes }] },
        http_filters: [
          {
            name: "deadly",
            typed_config: { "@type": "type.googleapis.com/starling.filters.http.module.v1.Module", file: "deadly.ts" },
          },
          {
            name: "router",
            typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
          },
        ],
      }),
    ];
    const file = JSON.parse(proxyFile({ port, adminPort, upstreamPort: 1, filterChains: [{ filters }] }));
    file.static_resources.listeners.push({
      name: "tls",
      address: socketAddress(tlsPort),
      filter_chains: [{ filters, transport_socket: tlsSocket(["h2"]) }],
    });
    file.node = { id: name, cluster: "flock" };
    file.stats_flush_interval = "1s";
    file.cluster_manager = {
      load_stats_config: { api_type: "GRPC", grpc_services: [{ envoy_grpc: { cluster_name: "lrs" } }] },
    };
    const check = {
      timeout: "0.5s",
      interval: "1s",
      no_traffic_interval: "1s",
      unhealthy_threshold: 2,
      healthy_threshold: 1,
    };
    file.static_resources.clusters = [
      cluster("shop", ports, {
        track_cluster_stats: { per_endpoint_stats: true },
        outlier_detection: { consecutive_5xx: 1_000_000 },
        health_checks: [{ ...check, http_health_check: { path: "/livez" } }],
        circuit_breakers: { thresholds: [{ max_retries: 0 }] },
      }),
      cluster("narrow", ports.slice(0, 1), {
        circuit_breakers: { thresholds: [{ max_requests: 1, max_connections: 1, max_pending_requests: 1 }] },
      }),
      cluster("collector", [this.sinkNow?.httpPort ?? 0]),
      cluster("lrs", [this.lrsPort], OVER_HTTP2),
    ];
    return JSON.stringify(file);
  }
}

async function ask({ port }: FlockNode, path: string): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => null);
  await answer?.text().catch(() => "");
}

async function membersOf({ adminPort }: FlockNode): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${adminPort}/stats?filter=^mesh.nodes$`);
  return Number(/: (\d+)/.exec(await answer.text())?.[1]);
}

function listening(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer(answer);
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

/** A filter module that ends its worker. */
const DEADLY = `import type { OpenFilter } from "starling";
export const open: OpenFilter = () => () => ({
  decodeHeaders(headers) {
    if (headers.get(":path") === "/die") process.exit(1);
  },
});`;
