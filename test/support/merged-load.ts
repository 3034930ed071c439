// Nodes of one mesh under load, our own LRS server with its file of reports, and what each node's clients saw: for scenarios that count.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endpointAt, OVER_HTTP2, staticCluster } from "./file-parts.ts";
import { freePort, LiveProxy } from "./live-proxy.ts";
import { waitMs } from "./mesh-processes.ts";
import { Program } from "./program.ts";
import { proxyFile } from "./proxy-file.ts";
import { SteadyLoad } from "./steady-load.ts";

/** Of the clients of one process; each has one request under way. */
export const LOAD_CONNECTIONS = 2;

/** One process under a node's name. */
export class LoadNode {
  readonly name: string;
  readonly proxy: LiveProxy;
  private readonly port: number;
  private readonly adminPort: number;
  private load: SteadyLoad | null = null;
  /** Answers that clients have from it. */
  private answers = 0;

  constructor(
    name: string,
    proxy: LiveProxy,
    { port, adminPort }: { readonly port: number; readonly adminPort: number },
  ) {
    this.name = name;
    this.proxy = proxy;
    this.port = port;
    this.adminPort = adminPort;
  }

  get answered(): number {
    return this.answers + (this.load?.answered ?? 0);
  }

  /** Requests without pause but for some milliseconds. */
  begin(): void {
    this.load = new SteadyLoad(this.port, LOAD_CONNECTIONS, 5);
  }

  /** Every request has its answer. */
  async quiet(): Promise<void> {
    const { load } = this;
    if (load === null) return;
    await load.finish();
    assert.deepEqual({ lost: load.lost, wrong: load.wrong }, { lost: 0, wrong: 0 }, this.name);
    this.answers += load.answered;
    this.load = null;
  }

  /** Clients of a process that was killed. */
  abandon(): void {
    this.load?.stop();
    this.answers = this.answered;
    this.load = null;
  }

  async page(path: string): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.adminPort}${path}`)).text();
  }

  async stat(name: string): Promise<number> {
    return Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(await this.page(`/stats?filter=${name}`))?.[1]);
  }

  /** Who reports for the mesh, as it sees it. */
  async reporter(): Promise<string> {
    return /load of the mesh is reported by (\S+)/.exec(await this.page("/mesh"))?.[1] ?? "";
  }
}

/** All of it. */
export class MergedLoad {
  readonly nodes: Map<string, LoadNode> = new Map();
  /** Answers of processes that have ended, by name. */
  private readonly ended = new Map<string, number>();
  private readonly folder = mkdtempSync(join(tmpdir(), "merged-load-"));
  private readonly mesh: string;
  private readonly upstream: Server;
  private lrsPort = 0;
  private server: Program | null = null;

  /** `mesh`: the broker, as --mesh has it. */
  constructor(mesh: string) {
    this.mesh = mesh;
    this.upstream = createServer((_request, response) => response.end("ok"));
  }

  /** The upstream, the server, and these nodes, of which each has been asked for its load. */
  async start(names: readonly string[]): Promise<void> {
    await new Promise<void>((resolve) => this.upstream.listen(0, "127.0.0.1", resolve));
    this.lrsPort = await freePort();
    const ask = { clusters: ["echo"], load_reporting_interval: "0.3s", report_endpoint_granularity: true };
    writeFileSync(join(this.folder, "ask.json"), JSON.stringify({ ask }));
    await this.startServer();
    for (const name of names) await this.startNode(name);
  }

  async stop(): Promise<void> {
    for (const node of this.nodes.values()) node.abandon();
    await Promise.all(Array.from(this.nodes.values(), ({ proxy }) => proxy.stop()));
    await this.server?.end("SIGKILL");
    this.upstream.close().closeAllConnections();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The server dies and comes back, with what its file has. */
  async restartServer(awayMs: number): Promise<void> {
    await this.server?.end("SIGKILL");
    await waitMs(awayMs);
    await this.startServer();
  }

  /** A process of this name, under load. */
  async startNode(name: string): Promise<LoadNode> {
    const [port, adminPort] = [await freePort(), await freePort()];
    const flags = [
      "--mesh",
      this.mesh,
      "--mesh-node",
      name,
      "--mesh-name",
      "shop",
      "--concurrency",
      "1",
      "--drain-time-s",
      "7",
    ];
    const proxy = LiveProxy.launch("starling", this.file(port, adminPort), flags);
    const node = new LoadNode(name, proxy, { port, adminPort });
    this.nodes.set(name, node);
    await proxy.live(adminPort);
    // What is counted before a server has asked is never reported.
    await until(
      async () => (await node.stat("load_reporter.clusters_followed")) === 1,
      () => `${name} is asked for its load`,
    );
    node.begin();
    return node;
  }

  /** It has answered everybody, and ends. */
  async endNode(name: string): Promise<void> {
    const node = this.nodeOf(name);
    await node.quiet();
    this.bury(node);
    await node.proxy.stop();
  }

  /** SIGKILL in the middle of everything. */
  killNode(name: string): void {
    const node = this.nodeOf(name);
    process.kill(node.proxy.pid, "SIGKILL");
    node.abandon();
    this.bury(node);
  }

  /** What a killed process had not given away is gone: from now on it is not awaited. */
  writeOff(name: string): void {
    this.ended.set(name, this.reported(name));
  }

  /** Answers that clients have of a name's processes. */
  answered(name: string): number {
    return (this.ended.get(name) ?? 0) + (this.nodes.get(name)?.answered ?? 0);
  }

  /** What the server has counted of a name's processes. */
  reported(name: string): number {
    let sum = 0;
    for (const { node, clusters } of this.lines()) {
      if (node.id !== name) continue;
      for (const { localities } of clusters) for (const { success } of localities) sum += success;
    }
    return sum;
  }

  /** Nobody asks any more, and everything of the processes that live is reported, if it ever will be; with some time for more than that. */
  async settle(): Promise<void> {
    for (const node of this.nodes.values()) await node.quiet();
    const names = [...this.nodes.keys()];
    const isThere = async (): Promise<boolean> => names.every((name) => this.reported(name) >= this.answered(name));
    const text = (): string => names.map((name) => `${name}: ${this.reported(name)} of ${this.answered(name)}`).join();
    await until(isThere, () => `all is reported: ${text()}`);
    await waitMs(2_000);
  }

  private async startServer(): Promise<void> {
    const files = ["-c", join(this.folder, "ask.json"), "--append", join(this.folder, "reports.jsonl")];
    this.server = new Program("lrs-server", "--listen", `127.0.0.1:${this.lrsPort}`, "--log-format", "json", ...files);
    await this.server.says(/"event":"listening"/);
  }

  private lines(): readonly ReportLine[] {
    const text = readFileSync(join(this.folder, "reports.jsonl"), "utf8");
    const whole = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
    return whole.filter((line) => line !== "").map((line) => JSON.parse(line) as ReportLine);
  }

  private nodeOf(name: string): LoadNode {
    const node = this.nodes.get(name);
    assert.ok(node !== undefined, name);
    return node;
  }

  private bury(node: LoadNode): void {
    this.ended.set(node.name, (this.ended.get(node.name) ?? 0) + node.answered);
    this.nodes.delete(node.name);
  }

  private file(port: number, adminPort: number): string {
    const upstreamPort = (this.upstream.address() as AddressInfo).port;
    const file = JSON.parse(proxyFile({ port, adminPort, upstreamPort }));
    file.node = { id: "one", cluster: "shops" };
    file.cluster_manager = {
      load_stats_config: { api_type: "GRPC", grpc_services: [{ envoy_grpc: { cluster_name: "lrs" } }] },
    };
    file.static_resources.clusters.push({ ...staticCluster("lrs", endpointAt(this.lrsPort)), ...OVER_HTTP2 });
    return JSON.stringify(file);
  }
}

/** Waits up to a minute: a stream is tried again after five seconds, and a busy node misses another after fifteen. */
export async function until(isSo: () => Promise<boolean>, what: () => string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await isSo()) return;
    await waitMs(100);
  }
  throw new Error(`not within a minute: ${what()}`);
}

interface ReportLine {
  readonly node: { readonly id: string };
  readonly clusters: readonly { readonly localities: readonly { readonly success: number }[] }[];
}
