// A real nats-server, processes in a mesh on it, endpoints that know which node probes them, light load and somebody who hears the events:
// where the bars of the mesh are measured.
import { connect, type NatsConnection } from "nats";
import { systemClock } from "../../../src/base/clock.ts";
import type { EndpointView, MeshView } from "../../../src/messages/mesh-view.ts";
import type { CheckedUpstream } from "../checked-upstream.ts";
import { type MeshProcess, MeshProcesses, waitMs } from "../mesh-processes.ts";
import { NatsServer } from "../nats-server.ts";
import { SteadyLoad } from "../steady-load.ts";
import { ConnectionOwners } from "./connection-owners.ts";
import { ProbeLog } from "./probe-log.ts";

/** Interval, timeout and failures in a row of every check here. */
export const T_MS = 1_000;
export const TIMEOUT_MS = 500;
export const UNHEALTHY = 3;

/** What differs from five nodes and four endpoints in a mesh. */
export interface SceneOptions {
  readonly nodes?: number;
  readonly endpoints?: number;
  /** Off: each node for itself. */
  readonly isMesh?: boolean;
  /** More lines for the broker. */
  readonly brokerConfig?: string;
  /** Where a node connects to by its number; null, default: the scene's broker. */
  readonly brokerPort?: (index: number) => number | null;
  /** Nodes start together, and nothing is waited for. */
  readonly isCold?: boolean;
  /** Off: probes are not told apart by their nodes, which takes time with very many connections. */
  readonly knowsProbers?: boolean;
  readonly environment?: (index: number) => Readonly<Record<string, string>>;
}

/** An event as it was heard. */
export interface HeardEvent {
  readonly atMs: number;
  readonly subject: string;
  /** `endpoint.health.changed`, `node.ready` */
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** The time it says less that of the machine. */
  readonly offMs: number;
}

interface CloudEvent {
  readonly type: string;
  readonly time: string;
  readonly data: HeardEvent["data"];
}

/** All of it. */
export class MeshScene {
  readonly broker: NatsServer;
  readonly mesh: MeshProcesses = new MeshProcesses();
  readonly log: ProbeLog = new ProbeLog();
  readonly events: HeardEvent[] = [];
  /** Nodes whose probes get no answer. */
  readonly cutOff: Set<string> = new Set();
  private readonly owners = new ConnectionOwners();
  private readonly options: SceneOptions;
  private onlooker: NatsConnection | null = null;

  private constructor(options: SceneOptions) {
    this.options = options;
    this.broker = new NatsServer(options.brokerConfig);
  }

  /** Starts it, waits until the nodes share the checks, acts, and ends everything. */
  static async run<T>(options: SceneOptions, act: (scene: MeshScene) => Promise<T>): Promise<T> {
    const scene = new MeshScene(options);
    try {
      await scene.start();
      return await act(scene);
    } finally {
      await scene.stop();
    }
  }

  get nodes(): readonly MeshProcess[] {
    return this.mesh.nodes;
  }

  /** The endpoint that things happen to. */
  get endpoint(): CheckedUpstream {
    return this.mesh.upstreams[0] as CheckedUpstream;
  }

  /** The node of this name. */
  node(name: string): MeshProcess {
    const node = this.nodes.find((one) => one.name === name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  /** Who probes an endpoint now: who did in the last interval and a half. */
  probersOf({ port }: CheckedUpstream): string[] {
    return this.log.probersOf(port, systemClock.nowMs() - 1.5 * T_MS);
  }

  /** One more node; from its first moment on its probes are known as its own. */
  join(index: number, isMesh: boolean = this.options.isMesh ?? true): Promise<MeshProcess> {
    const { brokerPort, environment } = this.options;
    const url = `nats://127.0.0.1:${brokerPort?.(index) ?? this.broker.port}`;
    return this.mesh.join(`n${index}`, {
      flags: isMesh ? ["--mesh", url] : [],
      ...(environment === undefined ? {} : { environment: environment(index) }),
      onStart: (pid, name) => this.owners.add(pid, name),
    });
  }

  /** One less: it ends by SIGTERM, or has been killed. */
  async leave(name: string): Promise<void> {
    const node = this.node(name);
    this.mesh.nodes.splice(this.mesh.nodes.indexOf(node), 1);
    await node.proxy.stop();
  }

  /** Waits until `count` nodes probe each endpoint and no other does. */
  async untilShared(count: number = 2): Promise<void> {
    const isShared = (): boolean => this.mesh.upstreams.every((upstream) => this.probersOf(upstream).length === count);
    await this.mustBecome(isShared, `${count} nodes probe each endpoint`);
  }

  /** How long it took until this was so. Infinity: more than a minute. */
  async msUntil(condition: () => boolean | Promise<boolean>): Promise<number> {
    const fromMs = systemClock.nowMs();
    while (!(await condition())) {
      if (systemClock.nowMs() - fromMs > PATIENCE_MS) return Number.POSITIVE_INFINITY;
      await waitMs(LOOK_MS);
    }
    return systemClock.nowMs() - fromMs;
  }

  /** Fails when it does not within a minute. */
  async mustBecome(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    if ((await this.msUntil(condition)) === Number.POSITIVE_INFINITY) throw new Error(`never came true: ${what}`);
  }

  /** When each of these nodes was first seen to have an endpoint out (or in). */
  async seenOut(
    upstream: CheckedUpstream,
    isOut: boolean,
    among: readonly MeshProcess[] = this.nodes,
  ): Promise<number[]> {
    const one = async (node: MeshProcess): Promise<number> => {
      await this.mustBecome(async () => (await node.hasOut(upstream)) === isOut, `${node.name} has it out: ${isOut}`);
      return systemClock.nowMs();
    };
    return Promise.all(among.map(one));
  }

  /** What a node says on /mesh; asked again when its mesh thread is too busy to say. */
  async view(node: MeshProcess): Promise<MeshView> {
    let text = "";
    await this.mustBecome(async () => {
      text = await node.page("/mesh?format=json");
      return text.startsWith("{");
    }, `${node.name} says what it knows of the mesh`);
    return JSON.parse(text) as MeshView;
  }

  /** Endpoints as a node has them. */
  async endpointViews(node: MeshProcess): Promise<readonly EndpointView[]> {
    return (await this.view(node)).groups.flatMap(({ endpoints }) => endpoints);
  }

  /** Whether these nodes tell the same of every endpoint: how it stands, who is to check it, who does. */
  async areOfOneMind(among: readonly MeshProcess[] = this.nodes): Promise<boolean> {
    const told = await Promise.all(among.map((node) => this.endpointViews(node)));
    const texts = told.map((views) =>
      JSON.stringify(
        views
          .map(({ address, standing, owners, probers }) => [address, standing, owners, [...probers].sort()])
          .sort(([a], [b]) => String(a).localeCompare(String(b))),
      ),
    );
    return new Set(texts).size === 1;
  }

  /** Light load on these nodes while it acts; answers how many requests failed. */
  async underLoad(act: () => Promise<void>, among: readonly MeshProcess[] = this.nodes): Promise<number> {
    const loads = among.map(({ port }) => new SteadyLoad(port, 2, LOAD_PAUSE_MS));
    try {
      await act();
      await Promise.all(loads.map((load) => load.finish()));
    } finally {
      for (const load of loads) load.stop();
    }
    if (loads.some(({ answered }) => answered < 20)) throw new Error("a node answered next to nothing");
    return loads.reduce((sum, { lost, wrong }) => sum + lost + wrong, 0);
  }

  /** Health events of the whole mesh since then that say this. */
  healthEvents(to: "healthy" | "unhealthy", sinceMs: number): HeardEvent[] {
    return this.events.filter(
      ({ atMs, type, data }) => atMs >= sinceMs && type === "endpoint.health.changed" && data["to"] === to,
    );
  }

  private async start(): Promise<void> {
    const { nodes = 5, endpoints = 4, isMesh = true, isCold = false, knowsProbers = true } = this.options;
    await this.broker.start();
    await this.listen();
    await this.mesh.open(endpoints);
    for (const upstream of this.mesh.upstreams) {
      upstream.gate = (socket) => {
        const node = knowsProbers ? this.owners.ownerOf(socket) : "";
        if (this.cutOff.has(node)) return false;
        this.log.probes.push({ atMs: systemClock.nowMs(), node, endpoint: upstream.port });
        return true;
      };
    }
    if (isCold) {
      await Promise.all(Array.from({ length: nodes }, (_, i) => this.join(i)));
      return;
    }
    for (let i = 0; i < nodes; i++) await this.join(i);
    await this.untilShared(isMesh ? Math.min(nodes, 2) : nodes);
    await waitMs(SETTLE_MS);
    await this.untilShared(isMesh ? Math.min(nodes, 2) : nodes);
  }

  private async stop(): Promise<void> {
    await this.mesh.stop();
    await this.onlooker?.close();
    await this.broker.remove();
  }

  private async listen(): Promise<void> {
    const servers = `127.0.0.1:${this.broker.port}`;
    this.onlooker = await connect({ servers, reconnectTimeWait: 100, maxReconnectAttempts: -1 });
    this.onlooker.subscribe("mesh.*.events.>", {
      callback: (_, message) => {
        const { type, data, time } = message.json<CloudEvent>();
        const name = type.replace(/^dev\.starling\.|\.v\d+$/g, "");
        this.events.push({
          atMs: systemClock.nowMs(),
          subject: message.subject,
          type: name,
          data,
          offMs: Date.parse(time) - Date.now(),
        });
      },
    });
  }
}

/** Waits of this length are given up. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 20;
/** Of each of a node's two connections: some thirty requests a second. */
const LOAD_PAUSE_MS = 50;
/** What a node remembers of its start is over: the last changes in its beats, confirmations. */
const SETTLE_MS = 3_000;
