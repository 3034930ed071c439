// Proxies whose one cluster takes what is announced, whole nodes in the test's process, and announcers as users start them, in one mesh.
import assert from "node:assert/strict";
import { systemClock } from "../../src/base/clock.ts";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import { addressText } from "../../src/config/plan/address.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { askAdmin } from "./admin-client.ts";
import { CheckedUpstream } from "./checked-upstream.ts";
import { eventually, portOf, startTestNode } from "./nodes.ts";
import { Program } from "./program.ts";
import { proxyFile } from "./proxy-file.ts";
import { RawClient } from "./raw-client.ts";

/** Requests that go on, and what became of them. */
export interface SteadyRequests {
  /** Answers by the upstream's name; anything else as it came. */
  stop(): Promise<Readonly<Record<string, number>>>;
}

/** The mesh with two services' instances, which are not announced yet. */
export class AnnounceStage {
  readonly blue: CheckedUpstream;
  readonly yellow: CheckedUpstream;
  readonly nodes: RunningNode[] = [];
  /** Its `--mesh`. */
  private readonly mesh: string;
  private readonly cluster: Readonly<Record<string, unknown>>;
  private readonly programs: Program[] = [];
  /** Of every proxy, whether it came up or not. */
  private readonly starts: Promise<RunningNode>[] = [];

  private constructor(
    mesh: string,
    cluster: Readonly<Record<string, unknown>>,
    blue: CheckedUpstream,
    yellow: CheckedUpstream,
  ) {
    this.mesh = mesh;
    this.cluster = cluster;
    this.blue = blue;
    this.yellow = yellow;
  }

  /** `cluster`: more fields of the proxies' cluster. */
  static async open(mesh: string, cluster: Readonly<Record<string, unknown>> = {}): Promise<AnnounceStage> {
    const [blue, yellow] = [await CheckedUpstream.start("blue"), await CheckedUpstream.start("yellow")];
    return new AnnounceStage(mesh, cluster, blue, yellow);
  }

  /** Ends everything, announcers without a word. */
  async close(): Promise<void> {
    for (const { child } of this.programs) child.kill("SIGKILL");
    await Promise.all(this.programs.map(({ outcome }) => outcome));
    // One may still start when another did not come up.
    await Promise.allSettled(this.starts);
    await Promise.all(this.nodes.splice(0).map((node) => node.stop()));
    await Promise.all([this.blue.stop(), this.yellow.stop()]);
  }

  /** One more proxy; it announces these ports itself. */
  proxy(name: string, announced: readonly number[] = []): Promise<RunningNode> {
    const how = { policy: { backOffBaseMs: RESTART_MS } };
    const start = startTestNode(this.planOf(name, announced), how).then((node) => {
      this.nodes.push(node);
      return node;
    });
    this.starts.push(start);
    return start;
  }

  /** A process that announces an upstream under its name. */
  announce({ name, port }: CheckedUpstream): Program {
    const what = ["--service", "shop.orders", "--address", `127.0.0.1:${port}`];
    const program = new Program("announce", ...what, "--mesh", this.mesh, "--mesh-node", name);
    this.programs.push(program);
    return program;
  }

  /** Names of the upstreams that a node has in rotation, in order. */
  rotation(node: RunningNode): string {
    const names = new Map([this.blue, this.yellow].map(({ name, port }) => [`127.0.0.1:${port}`, name]));
    const endpoints = node.view.endpoints()[0]?.endpoints ?? [];
    return endpoints
      .map(({ address }) => names.get(addressText(address)))
      .sort()
      .join(" ");
  }

  /** How long it takes until every proxy has these in rotation. */
  async untilRotation(wanted: string): Promise<number> {
    const beganMs = systemClock.nowMs();
    await eventually(() => this.nodes.every((node) => this.rotation(node) === wanted));
    return systemClock.nowMs() - beganMs;
  }

  /** Requests to every proxy without pause, one after the other. */
  requests(): SteadyRequests {
    const counts: Record<string, number> = {};
    let isOver = false;
    const asking = this.nodes.map(async (node) => {
      const client = await RawClient.open(portOf(node));
      while (!isOver) {
        const answer = await client.get("/");
        const who = /^HTTP\/1.1 200 .*\r\n\r\n(\w+)$/s.exec(answer)?.[1] ?? answer;
        counts[who] = (counts[who] ?? 0) + 1;
      }
      client.end();
    });
    const stop = async () => {
      isOver = true;
      await Promise.all(asking);
      return counts;
    };
    return { stop };
  }

  async page(node: RunningNode, path: string): Promise<string> {
    const address = node.admin?.address;
    assert.ok(address?.kind === "socket");
    return (await askAdmin(address.port, `GET ${path}`)).body;
  }

  stat(node: RunningNode, name: string): number {
    return new StatsReader(node.view.stats).value(name);
  }

  private planOf(node: string, announced: readonly number[]): Plan {
    const announce = announced.map((port) => ({ service_name: "shop.orders", address: "127.0.0.1", port }));
    const extension = { "@type": "type.googleapis.com/starling.mesh.v1.Mesh", announce };
    const file = {
      ...JSON.parse(
        proxyFile({ port: 0, adminPort: 0, upstreamPort: 0, cluster: { ...MESH_CLUSTER, ...this.cluster } }),
      ),
      bootstrap_extensions: [{ name: "mesh", typed_config: extension }],
    };
    const flags = Object.entries({ mesh: this.mesh, "mesh-node": node });
    const overrides = new Map(flags.map(([name, text]) => [name, { text, source: `--${name}` }] as const));
    const { plan, errors } = loadPlan({ file: "test.yaml", text: JSON.stringify(file) }, { overrides });
    assert.ok(plan !== null, JSON.stringify(errors));
    return plan;
  }
}

/** Until a thread that died is back: time enough to look at a node without it. */
const RESTART_MS = 1_000;

const MESH_CLUSTER = {
  type: undefined,
  load_assignment: undefined,
  cluster_type: {
    name: "starling.clusters.mesh",
    typed_config: { "@type": "type.googleapis.com/starling.mesh.v1.MeshCluster", service_name: "shop.orders" },
  },
};
