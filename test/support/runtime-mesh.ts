// Processes of the program in one mesh that share a runtime layer, before two versions of a service that this process plays: for scenarios of ramps.
import { Agent, createServer, type IncomingMessage, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock } from "../../src/base/clock.ts";
import { DrivenWheel } from "../../src/base/driven-wheel.ts";
import { systemRandom } from "../../src/base/random.ts";
import { NatsBus } from "../../src/control/mesh/bus/nats-bus.ts";
import { RuntimeClient } from "../../src/control/mesh/runtime/runtime-client.ts";
import type { RuntimeChange } from "../../src/control/mesh/runtime/runtime-messages.ts";
import { meshSubjects } from "../../src/control/mesh/subjects.ts";
import { endpointAt, staticCluster } from "./file-parts.ts";
import { freePort, LiveProxy } from "./live-proxy.ts";
import { eventually } from "./nodes.ts";
import { type Outcome, Program, runProgram } from "./program.ts";
import { proxyFile } from "./proxy-file.ts";

/** The key that gives v2 its percent of all requests. */
export const KEY = "routing.canary";

/** A version of the service: answers with its name, or 503 as often as the test says. */
export class Version {
  readonly name: string;
  /** Requests so far. */
  seen = 0;
  /** From 0 to 1. */
  failing = 0;
  private readonly server: Server;

  private constructor(name: string) {
    this.name = name;
    this.server = createServer((_, response) => {
      this.seen++;
      // Evenly, so that no chance decides a test.
      const fails = Math.floor(this.seen * this.failing) > Math.floor((this.seen - 1) * this.failing);
      response.writeHead(fails ? 503 : 200).end(this.name);
    });
  }

  static async start(name: string): Promise<Version> {
    const version = new Version(name);
    await new Promise<void>((resolve) => version.server.listen(0, "127.0.0.1", resolve));
    return version;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  stop(): Promise<unknown> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

/** One process. */
export interface RuntimeNode {
  readonly name: string;
  readonly proxy: LiveProxy;
  readonly port: number;
  readonly adminPort: number;
}

/** What a node shows of the key. */
export interface KeyShown {
  readonly value: string;
  readonly step: number;
  readonly phase: string;
  readonly reason: string;
  readonly driver: string;
  readonly writer: string;
}

/** All of them. */
export class RuntimeMesh {
  readonly nodes: RuntimeNode[] = [];
  readonly v1: Version;
  readonly v2: Version;
  private readonly flags: readonly string[];
  private readonly agent: Agent = new Agent({ keepAlive: true });
  private isLoading = true;
  private readonly loads: Promise<void>[] = [];

  private constructor(v1: Version, v2: Version, flags: readonly string[]) {
    this.v1 = v1;
    this.v2 = v2;
    this.flags = flags;
  }

  /** So many nodes with these flags, which have found each other. */
  static async start(count: number, flags: readonly string[]): Promise<RuntimeMesh> {
    const mesh = new RuntimeMesh(await Version.start("v1"), await Version.start("v2"), flags);
    try {
      for (let i = 0; i < count; i++) await mesh.join(`n${i}`);
      await eventually(async () => (await mesh.counts("mesh.nodes")).every((nodes) => nodes === count));
    } catch (error) {
      await mesh.stop();
      throw error;
    }
    return mesh;
  }

  /** One more node; it serves. `hasLayer`: its file has a place for the mesh's runtime. */
  async join(name: string, hasLayer: boolean = true): Promise<RuntimeNode> {
    const [port, adminPort] = [await freePort(), await freePort()];
    const file = this.file(port, adminPort, hasLayer);
    const proxy = LiveProxy.launch("starling", file, [...this.flags, "--mesh-node", name]);
    const node = { name, proxy, port, adminPort };
    this.nodes.push(node);
    await proxy.live(adminPort);
    return node;
  }

  async stop(): Promise<void> {
    this.isLoading = false;
    await Promise.all(this.loads);
    await Promise.all(this.nodes.map(({ proxy }) => proxy.stop()));
    this.agent.destroy();
    await Promise.all([this.v1.stop(), this.v2.stop()]);
  }

  /** Requests to each node that is there now, so many ways at once, until the end. */
  load(ways: number): void {
    for (const node of this.nodes) for (let way = 0; way < ways; way++) this.loads.push(this.ask(node));
  }

  /** One request: the version that answered, or a text without one. */
  async get({ port }: RuntimeNode): Promise<string> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ host: "127.0.0.1", port, agent: this.agent }, resolve).once("error", reject).end();
    });
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part as Buffer);
    return Buffer.concat(parts).toString();
  }

  page({ adminPort }: RuntimeNode, path: string): Promise<string> {
    return fetch(`http://127.0.0.1:${adminPort}${path}`).then((answer) => answer.text());
  }

  /** A counter of each node. */
  counts(stat: string): Promise<number[]> {
    return Promise.all(
      this.nodes.map(async (node) => Number(/: (\d+)$/m.exec(await this.page(node, `/stats?filter=^${stat}$`))?.[1])),
    );
  }

  /** The key as a node shows it; null: it does not hold it. Asked again when its mesh thread is too busy to say. */
  async shown(node: RuntimeNode): Promise<KeyShown | null> {
    let text = "";
    await eventually(async () => {
      text = await this.page(node, "/mesh?format=json");
      return text.startsWith("{");
    });
    const view = JSON.parse(text) as {
      runtime: { keys: ({ key: string } & KeyShown)[] };
    };
    return view.runtime.keys.find(({ key }) => key === KEY) ?? null;
  }

  /** Waits until the key is this on every node. */
  until(isSo: (shown: KeyShown) => boolean): Promise<void> {
    return eventually(async () => {
      const all = await Promise.all(this.nodes.map((node) => this.shown(node)));
      return all.every((one) => one !== null && isSo(one));
    });
  }

  /** How long it takes from asking for a change to the first request of the slowest node that goes by it; the middle one of several changes. */
  async reachMs(broker: string, nkeySeedFile: string | null): Promise<number> {
    const wheel = new DrivenWheel(systemClock);
    const files = { caFile: null, certFile: null, keyFile: null, nkeySeedFile, credentialsFile: null };
    const { promise, resolve } = Promise.withResolvers<void>();
    const bus = new NatsBus(
      { wheel, random: systemRandom(), onEvent: ({ type }) => type === "connected" && resolve() },
      { servers: [broker], name: "test", serverName: null, ...files },
    );
    await promise;
    const self = { node: "test", instance: "a".repeat(32) };
    const client = new RuntimeClient({ bus, wheel, subjects: meshSubjects("default"), mesh: "default", self });
    const taken: number[] = [];
    for (let i = 0; i < CHANGES; i++) {
      const [value, wanted] = i % 2 === 0 ? (["100", "v2"] as const) : (["0", "v1"] as const);
      const startMs = systemClock.nowMs();
      const seen = Promise.all(this.nodes.map((node) => this.untilAnswers(node, wanted)));
      const asked = await client.change({ ...AT_ONCE, change: String(i).padStart(32, "0"), value });
      if ("problem" in asked) throw new Error(asked.problem);
      taken.push(Math.max(...(await seen)) - startMs);
    }
    await bus.close();
    wheel.stop();
    return taken.sort((one, other) => one - other)[(CHANGES - 1) / 2] ?? Number.POSITIVE_INFINITY;
  }

  private async untilAnswers(node: RuntimeNode, wanted: string): Promise<number> {
    while ((await this.get(node)) !== wanted) await new Promise((resolve) => setTimeout(resolve, 2));
    return systemClock.nowMs();
  }

  /** `starling runtime` with these arguments, to its end; as this mesh's client, or with other flags. */
  command(args: readonly string[], flags: readonly string[] = this.flags): Promise<Outcome> {
    return runProgram("runtime", ...args, ...flags);
  }

  /** The same while it runs. */
  launch(...args: string[]): Program {
    return new Program("runtime", ...args, ...this.flags);
  }

  private async ask(node: RuntimeNode): Promise<void> {
    while (this.isLoading) {
      await this.get(node).catch(() => "");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  private file(port: number, adminPort: number, hasLayer: boolean): string {
    const share = { default_value: { numerator: 0 }, runtime_key: KEY };
    const routes = [
      { match: { prefix: "/", runtime_fraction: share }, route: { cluster: "v2" } },
      { match: { prefix: "/" }, route: { cluster: "v1" } },
    ];
    const manager = { route_config: { name: "local", virtual_hosts: [{ name: "all", domains: ["*"], routes }] } };
    const file = JSON.parse(proxyFile({ port, adminPort, upstreamPort: 1, manager }));
    file.static_resources.clusters = [this.v1, this.v2].map((one) => staticCluster(one.name, endpointAt(one.port)));
    file.layered_runtime = { layers: [{ name: "base", static_layer: {} }] };
    const type = "type.googleapis.com/starling.mesh.v1.Mesh";
    const layer = hasLayer ? { runtime_layer: { name: "mesh" } } : {};
    file.bootstrap_extensions = [{ name: "mesh", typed_config: { "@type": type, ...layer } }];
    return JSON.stringify(file);
  }
}

const CHANGES = 9;
const AT_ONCE: Omit<RuntimeChange, "change" | "value"> = {
  action: "set",
  key: KEY,
  writer: "test",
  rampMs: 0,
  steps: 0,
  from: "",
  guards: [],
  windowMs: 1_000,
  requestsMin: 1,
  anyKey: false,
};
