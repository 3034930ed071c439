// Nodes of one mesh without threads, sockets or real time: mesh actors on a simulated broker, each with the real judge, whose endpoints are
// scripted by the test.
import type { Link } from "../../../src/actor/thread-link.ts";
import { SeededRandom } from "../../../src/base/random.ts";
import type { AnnouncedCluster, AnnouncementPlan } from "../../../src/config/plan/announcement.ts";
import type { ClusterPlan } from "../../../src/config/plan/cluster.ts";
import type { Bus } from "../../../src/control/mesh/bus/bus.ts";
import { readEvent } from "../../../src/control/mesh/events/read-event.ts";
import { MeshActor } from "../../../src/control/mesh/mesh-actor.ts";
import type { CheckOrders, CheckReport } from "../../../src/messages/checking.ts";
import type { Membership, MeshOutput } from "../../../src/messages/mesh.ts";
import { MESH } from "../../../src/telemetry/mesh-stats.ts";
import { StatsWriter } from "../../../src/telemetry/stats-memory.ts";
import { endpoint } from "../../support/cluster-plans.ts";
import { SimulatedBroker } from "../../support/simulated-broker.ts";
import { SimulatedBus } from "../../support/simulated-bus.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import {
  type Answer,
  checkedCluster,
  HealthSimulation,
  httpCheck,
  numbered,
  outcome,
} from "../health/health-simulation.ts";

/** Checked each second: timeout 200 ms, 3 failures, 2 passes. */
const PLAN: ClusterPlan = checkedCluster("c", [httpCheck({ timeoutMs: 200 })]);

/** The nodes and what is between them. */
export class MeshFlock {
  readonly clock: VirtualClock = new VirtualClock(1);
  readonly broker: SimulatedBroker;
  readonly nodes: FlockNode[] = [];
  readonly random: SeededRandom = new SeededRandom(3);
  /** What an onlooker on the broker has seen, as it was published. */
  readonly events: { readonly subject: string; readonly data: Readonly<Record<string, unknown>> }[] = [];
  readonly onlooker: Bus;
  private readonly answers: Answer[];

  /** So many endpoints, which pass. */
  constructor(endpoints: number) {
    this.broker = new SimulatedBroker({ clock: this.clock, wheel: this.clock.wheel, random: this.random });
    this.answers = Array.from({ length: endpoints }, () => outcome("success"));
    this.onlooker = new SimulatedBus(this.broker, "onlooker", () => {});
    this.onlooker.subscribe("mesh.m.events.>", ({ subject, payload }) => {
      this.events.push({ subject, data: readEvent(payload)?.data ?? {} });
    });
  }

  /** Nodes `n0`, `n1` … come, and have settled when this returns. */
  start(count: number): void {
    for (let i = 0; i < count; i++) this.join(`n${this.nodes.length}`);
    this.clock.advanceMs(6_000);
  }

  /** One more node. `more`: what it announces and takes. */
  join(name: string, more: NodeShape = {}): FlockNode {
    const node = new FlockNode(this, name, more);
    this.nodes.push(node);
    for (const [slot, answer] of this.answers.entries()) node.judge.script(slot, answer);
    return node;
  }

  /** From now on an endpoint answers everybody so. */
  script(slot: number, answer: Answer): void {
    this.answers[slot] = answer;
    for (const { judge } of this.nodes) judge.script(slot, answer);
  }

  get slots(): number[] {
    return [...this.answers.keys()];
  }

  /** How an endpoint stands on each node. */
  texts(slot: number): string[] {
    return this.nodes.map(({ judge }) => judge.text(slot));
  }

  /** Lets time pass; answers with the number of probes of each endpoint meanwhile, by node. */
  probesIn(ms: number): number[][] {
    const before = this.nodes.map(({ judge }) => this.slots.map((slot) => judge.startsOf(slot)));
    this.clock.advanceMs(ms);
    return this.slots.map((slot) =>
      this.nodes.map(({ judge }, i) => judge.startsOf(slot) - ((before[i] as number[])[slot] as number)),
    );
  }

  /** Lets time pass until it is so; answers with how long it took. */
  until(isSo: () => boolean, limitMs: number): number {
    const sinceMs = this.clock.nowMs();
    while (!isSo() && this.clock.nowMs() - sinceMs < limitMs) this.clock.advanceMs(1);
    return this.clock.nowMs() - sinceMs;
  }
}

/** One of them. */
export class FlockNode {
  readonly name: string;
  /** Of the newest thread of the health side. */
  judge: FlockJudge;
  readonly outputs: MeshOutput[] = [];
  readonly actor: MeshActor;
  /** As the broker knows it. */
  readonly busName: string;
  private readonly flock: MeshFlock;
  private readonly block: Float64Array;

  constructor(flock: MeshFlock, name: string, more: NodeShape) {
    const { clock, random } = flock;
    const stats = new StatsWriter(() => {});
    this.flock = flock;
    this.name = name;
    this.busName = `${name} ${random.next32()}`;
    this.judge = new FlockJudge(clock, flock.slots);
    this.block = stats.block(MESH, "mesh.");
    this.actor = new MeshActor(
      {
        clock,
        wheel: clock.wheel,
        random,
        stats,
        link: { send: (output) => this.outputs.push(output), receive: () => {}, close: () => {} },
        instance: random.next32().toString(16).padStart(32, "0"),
        openBus: (_mesh, onEvent) => new SimulatedBus(flock.broker, this.busName, onEvent),
        onStopped: () => {},
      },
      membership(name, more),
    );
    this.actor.judge.serve(this.judge.link(flock.broker));
  }

  /** Its health thread died, and another one begins with the flags that it left. */
  replaceJudge(): void {
    const { flags } = this.judge;
    this.judge.host.tell({ type: "stop" });
    this.judge = new FlockJudge(this.flock.clock, this.flock.slots, flags);
    this.actor.judge.serve(this.judge.link(this.flock.broker));
  }

  stat(stat: keyof typeof MESH.at): number {
    return this.block[MESH.at[stat]] as number;
  }

  /** Log lines that match. */
  logged(pattern: RegExp): string[] {
    const lines = this.outputs.flatMap((output) => (output.type === "log-written" ? [output.line.text] : []));
    return lines.filter((text) => pattern.test(text));
  }

  /** Types of what it told its supervisor, but for log lines. */
  told(): string[] {
    return this.outputs.map(({ type }) => type).filter((type) => type !== "log-written");
  }
}

/** What differs from a node that announces and takes nothing, and shares its checks as all do unless told. */
export interface NodeShape {
  readonly announce?: readonly AnnouncementPlan[];
  readonly clusters?: readonly AnnouncedCluster[];
  readonly owners?: number;
  readonly flapDamping?: boolean;
}

/** A node of mesh `m` that does everything. */
export function membership(node: string, shape: NodeShape = {}): Membership {
  const { announce = [], clusters = [], owners = 2, flapDamping = false } = shape;
  const broker = { kind: "embedded", port: 0 } as const;
  return {
    mesh: {
      name: "m",
      node,
      isNodeNamed: true,
      broker,
      owners,
      flapDamping,
      load: "merged",
      announce,
      hasRuntimeLayer: false,
    },
    roles: ["proxy", "health", "load"],
    reportsLoad: true,
    zone: "",
    adminAddress: "",
    clusters,
    runtime: { hasLayer: false, knowledge: { keys: [], clusters: [] }, records: [] },
    isSuccessor: false,
  };
}

/** A judge with its end of the line. */
class FlockJudge extends HealthSimulation {
  /** `flags`: of its predecessor; without, the endpoints are new. */
  constructor(clock: VirtualClock, slots: readonly number[], flags: Uint16Array | null = null) {
    super(undefined, clock);
    this.traffic.add(0);
    this.host.tell({ type: "follow-mesh" });
    this.assign(1, PLAN);
    const endpoints = slots.map((slot) => numbered(endpoint(80 + slot), slot));
    if (flags === null) this.enter(PLAN, 0, endpoints);
    else {
      this.flags.set(flags);
      this.update({ kind: "full", cluster: "c", row: 0, version: 9, endpoints });
    }
  }

  startsOf(slot: number): number {
    return this.starts.get(String(slot))?.length ?? 0;
  }

  /** The mesh's end; messages take a millisecond. */
  link(broker: SimulatedBroker): Link<readonly CheckReport[], CheckOrders> {
    let receiver: (reports: readonly CheckReport[]) => void = () => {};
    let isOpen = true;
    const later = (act: () => void): void => broker.in(1, () => isOpen && act());
    this.onReport = (report) => later(() => receiver([report]));
    return {
      send: ({ orders }) =>
        later(() => {
          this.host.tell({ type: "mesh-alive" });
          for (const order of orders) if (order.type !== "end-ejection") this.host.tell(order);
        }),
      receive: (to) => {
        receiver = to;
      },
      close: () => {
        isOpen = false;
        this.host.tell({ type: "leave-mesh" });
      },
    };
  }
}
