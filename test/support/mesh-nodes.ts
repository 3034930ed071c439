// Whole nodes in one embedded mesh, in the test's process, that check one upstream.
import assert from "node:assert/strict";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { type AdminAnswer, askAdmin } from "./admin-client.ts";
import { CheckedUpstream } from "./checked-upstream.ts";
import { freePort } from "./live-proxy.ts";
import { startTestNode } from "./nodes.ts";
import { proxyFile } from "./proxy-file.ts";

/** The nodes, their broker's port and the upstream. */
export class MeshNodes {
  readonly port: number;
  readonly upstream: CheckedUpstream;
  private readonly nodes: RunningNode[] = [];

  private constructor(port: number, upstream: CheckedUpstream) {
    this.port = port;
    this.upstream = upstream;
  }

  static async open(): Promise<MeshNodes> {
    return new MeshNodes(await freePort(), await CheckedUpstream.start("blue"));
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.splice(0).map((node) => node.stop()));
    await this.upstream.stop();
  }

  /** A node of this name joins. */
  async join(name: string, roles?: string): Promise<RunningNode> {
    const node = await startTestNode(this.planOf(name, roles));
    this.nodes.push(node);
    return node;
  }

  /** The plan of a node; `more`: of its cluster. */
  planOf(node: string, roles: string = "proxy,health,load", more: object = {}): Plan {
    const { upstream, port } = this;
    const cluster = { health_checks: [CHECK], ...more };
    const file = proxyFile({ port: 0, adminPort: 0, upstreamPort: upstream.port, cluster });
    const said = { mesh: `embedded:${port}`, "mesh-node": node, roles };
    const overrides = Object.entries(said).map(([name, text]) => [name, { text, source: `--${name}` }] as const);
    const { plan } = loadPlan({ file: "test.yaml", text: file }, { overrides: new Map(overrides) });
    assert.ok(plan !== null);
    return plan;
  }
}

/** A counter or gauge of a node. */
export function statOf(node: RunningNode, name: string): number {
  return new StatsReader(node.view.stats).value(name);
}

/** Where a node's admin pages are. */
export function adminPortOf(node: RunningNode): number {
  const address = node.admin?.address;
  assert.ok(address?.kind === "socket");
  return address.port;
}

/** One of a node's admin pages. */
export function pageOf(node: RunningNode, path: string): Promise<AdminAnswer> {
  return askAdmin(adminPortOf(node), `GET ${path}`);
}

const CHECK = {
  timeout: "1s",
  interval: "0.2s",
  no_traffic_interval: "0.2s",
  unhealthy_threshold: 2,
  healthy_threshold: 2,
  http_health_check: { path: "/livez" },
};
