// The traffic shifting document on a stage: three versions of a service behind one node that serves config/traffic-shift, with real workers.
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { configUrl } from "../../src/base/location.ts";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { closeService } from "./hello-service.ts";
import { portOf, startTestNode } from "./nodes.ts";
import { ShareClient } from "./share-client.ts";

/** One node with what it leads to. */
export class TrafficStage {
  readonly node: RunningNode;
  /** Of the two listeners. */
  readonly shift: ShareClient;
  readonly split: ShareClient;
  private readonly servers: readonly Server[];

  private constructor(node: RunningNode, clients: readonly [ShareClient, ShareClient], servers: readonly Server[]) {
    this.node = node;
    [this.shift, this.split] = clients;
    this.servers = servers;
  }

  /** `edit`: what else differs from the file. */
  static async open(workers: number, edit: (yaml: string) => string = (yaml) => yaml): Promise<TrafficStage> {
    const servers = await Promise.all(["v1", "v2", "v3"].map(versionServer));
    const ports = servers.map((server) => (server.address() as AddressInfo).port);
    const flags = ["--concurrency", String(workers)];
    const node = await startTestNode(trafficPlan(ports, edit), { flags }).catch(async (error: unknown) => {
      await Promise.all(servers.map(closeService));
      throw error;
    });
    const open = (index: number) => ShareClient.open(portOf(node, index), workers * CONNECTIONS_PER_WORKER);
    return new TrafficStage(node, [await open(0), await open(1)], servers);
  }

  /** `a=1&b=2` as /runtime_modify takes it; resolves when the page would answer. */
  async modify(query: string): Promise<void> {
    await this.node.view.orders.modifyRuntime(Object.fromEntries(new URLSearchParams(query)));
  }

  async close(): Promise<void> {
    this.shift.close();
    this.split.close();
    await this.node.stop();
    await Promise.all(this.servers.map(closeService));
  }
}

function trafficPlan(ports: readonly number[], edit: (yaml: string) => string): Plan {
  const text = readFileSync(configUrl("traffic-shift/traffic-shift.yaml"), "utf8")
    .replaceAll(/port_value: 820([1-3])/g, (_, digit: string) => `port_value: ${ports[Number(digit) - 1]}`)
    .replaceAll(/port_value: 82[01]0/g, "port_value: 0")
    .replace(/^admin:\n( {2}.*\n)+/m, "");
  const { plan, errors } = loadPlan({ text: edit(text), file: "traffic-shift.yaml" });
  if (plan === null) throw new Error(JSON.stringify(errors));
  return plan;
}

function versionServer(version: string): Promise<Server> {
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-length": 0, "x-version": version });
    response.end();
  });
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

/** So many that the kernel gives every worker some. */
const CONNECTIONS_PER_WORKER = 8;
