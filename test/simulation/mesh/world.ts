// A simulated world: nodes, endpoints and a network from one seed, and what can happen to them.
import { SeededRandom } from "../../../src/base/random.ts";
import type { HealthEvent } from "../../../src/control/mesh/state/mesh-effects.ts";
import { ALL_RULES, type MeshRules } from "../../../src/control/mesh/state/mesh-state.ts";
import type { CheckGroupFacts, EndpointStanding } from "../../../src/messages/checking.ts";
import { SimEndpoint } from "./endpoints.ts";
import { SimNetwork } from "./network.ts";
import { type NodeSaw, SimNode } from "./sim-node.ts";
import { VirtualTime } from "./virtual-time.ts";

/** How a world is made. */
export interface WorldOptions {
  readonly seed: number;
  readonly endpoints: number;
  readonly facts?: Partial<CheckGroupFacts>;
  readonly rules?: Partial<MeshRules>;
  readonly owners?: number;
  /** Nodes of these names serve only: they have not the role health. */
  readonly proxies?: readonly string[];
  /** The real judge is exact and slower; the model unless told. */
  readonly judge?: "model" | "real";
  readonly flapDamping?: boolean;
  /** Nodes with clocks that go wrong. */
  readonly drifts?: boolean;
}

/** One world. */
export class World {
  readonly time: VirtualTime = new VirtualTime();
  readonly random: SeededRandom;
  readonly network: SimNetwork;
  readonly facts: { -readonly [Fact in keyof CheckGroupFacts]: CheckGroupFacts[Fact] };
  readonly endpoints: readonly SimEndpoint[];
  /** Nodes that run, by name. */
  readonly nodes: Map<string, SimNode> = new Map();
  /** Those that are over, too. */
  readonly everStarted: SimNode[] = [];
  readonly events: { readonly atMs: number; readonly node: string; readonly event: HealthEvent }[] = [];
  readonly nodeEvents: string[] = [];
  /** Everything a node did, if it is to be told. */
  onSaw: ((saw: NodeSaw) => void) | null = null;
  /** Nodes that are to probe each endpoint. */
  readonly owners: number;
  private readonly options: WorldOptions;
  private instances = 0;

  constructor(options: WorldOptions) {
    this.options = options;
    this.owners = options.owners ?? 2;
    this.random = new SeededRandom(options.seed);
    this.network = new SimNetwork(this.time, this.random);
    this.facts = { ...FACTS, ...options.facts };
    this.endpoints = Array.from({ length: options.endpoints }, (_, index) => new SimEndpoint(index));
  }

  /** A node starts, with all endpoints or those named. */
  start(name: string, endpoints: readonly SimEndpoint[] = this.endpoints): SimNode {
    const { seed, drifts, owners = 2, rules } = this.options;
    const node = new SimNode({
      options: {
        node: name,
        instance: (++this.instances).toString(16).padStart(32, "0"),
        roles: this.options.proxies?.includes(name) === true ? ["proxy"] : ["proxy", "health"],
        reportsLoad: false,
        zone: "",
        adminAddress: "",
        owners,
        flapDamping: this.options.flapDamping ?? false,
        rules: { ...ALL_RULES, ...rules },
      },
      network: this.network,
      facts: this.facts,
      judge: this.options.judge ?? "model",
      endpoints: new Map(endpoints.map((endpoint) => [this.endpoints.indexOf(endpoint), endpoint])),
      clockRate: drifts === true ? 0.67 + this.random.below(84) / 100 : 1,
      clockOffsetMs: this.random.below(10_000_000),
      seed: seed * 1_000 + this.instances,
      saw: (saw) => this.see(saw),
    });
    this.nodes.set(name, node);
    this.everStarted.push(node);
    node.start();
    return node;
  }

  /** A node that is not there starts again, as a new process with all endpoints. */
  restart(name: string): void {
    if (!this.nodes.has(name)) this.start(name);
  }

  /** A node dies. */
  crash(name: string): void {
    this.nodes.get(name)?.crash();
    this.nodes.delete(name);
  }

  /** Lets time pass. */
  runMs(ms: number): void {
    this.time.runUntil(this.time.nowMs + ms);
  }

  /** Lets time pass until something is so; how long it took, `limitMs` when it is not. */
  runUntil(isSo: () => boolean, limitMs: number, stepMs: number = 1): number {
    const startMs = this.time.nowMs;
    while (!isSo() && this.time.nowMs - startMs < limitMs) this.runMs(stepMs);
    return this.time.nowMs - startMs;
  }

  /** How each living node sees an endpoint that it has. */
  views(endpoint: SimEndpoint): EndpointStanding[] {
    return [...this.nodes.values()].flatMap((node) => {
      const target = node.state.targets.get(this.facts.group + endpoint.target);
      return target === undefined ? [] : [target.standing ?? "unhealthy"];
    });
  }

  /** Names of the nodes that probe an endpoint by schedule, for all. */
  proberNames(endpoint: SimEndpoint): string[] {
    return [...this.nodes.values()]
      .filter((node) => {
        const target = node.state.targets.get(this.facts.group + endpoint.target);
        return target?.isOrdered === true && !target.isPrivate;
      })
      .map(({ name }) => name);
  }

  private see(saw: NodeSaw): void {
    this.onSaw?.(saw);
    if (saw.type === "health") this.events.push({ atMs: this.time.nowMs, node: saw.node.name, event: saw.event });
    if (saw.type === "node") this.nodeEvents.push(`${saw.event.what} ${saw.event.node}`);
    if (saw.type === "stopped") this.nodes.delete(saw.node.name);
  }
}

const FACTS: CheckGroupFacts = {
  group: "00000000000000a1",
  cluster: "backend",
  row: 0,
  intervalMs: 1_000,
  timeoutMs: 300,
  healthyThreshold: 2,
  unhealthyThreshold: 2,
  noTrafficIntervalMs: 1_000,
};
