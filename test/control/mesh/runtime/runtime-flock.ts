// Nodes that share a runtime layer on a simulated broker, without threads or real time, and clients that ask them.
import { SeededRandom } from "../../../../src/base/random.ts";
import type { RuntimeKnowledge } from "../../../../src/config/plan/runtime-keys.ts";
import { RuntimeClient } from "../../../../src/control/mesh/runtime/runtime-client.ts";
import type { RuntimeCounter, RuntimeNews } from "../../../../src/control/mesh/runtime/runtime-effects.ts";
import { RuntimeHost } from "../../../../src/control/mesh/runtime/runtime-host.ts";
import type { RuntimeChange } from "../../../../src/control/mesh/runtime/runtime-messages.ts";
import { meshSubjects } from "../../../../src/control/mesh/subjects.ts";
import type { ClusterFigures, RuntimeRecord } from "../../../../src/messages/mesh-runtime.ts";
import { SimulatedBroker } from "../../../support/simulated-broker.ts";
import { SimulatedBus } from "../../../support/simulated-bus.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

/** What every node's configuration says. */
export const KNOWLEDGE: RuntimeKnowledge = {
  keys: [
    { key: "routing.canary", kind: "share", present: "0", grows: ["v2"], falls: ["v1"] },
    { key: "split.v1", kind: "number", present: "90", grows: ["v1"], falls: ["v2", "v3"] },
    { key: "free", kind: "text", present: "", grows: [], falls: [] },
  ],
  clusters: ["v1", "v2", "v3"],
};

/** The nodes and what is between them. */
export class RuntimeFlock {
  readonly clock: VirtualClock = new VirtualClock(1);
  readonly broker: SimulatedBroker;
  readonly nodes: FlockNode[] = [];
  readonly random: SeededRandom = new SeededRandom(7);
  readonly client: RuntimeClient;
  readonly clientBus: SimulatedBus;

  /** So many nodes `n0`, `n1` …, which have found each other. */
  constructor(count: number) {
    this.broker = new SimulatedBroker({ clock: this.clock, wheel: this.clock.wheel, random: this.random });
    for (let i = 0; i < count; i++) this.join(`n${i}`);
    this.clientBus = new SimulatedBus(this.broker, "client", () => {});
    this.client = new RuntimeClient({
      bus: this.clientBus,
      wheel: this.clock.wheel,
      subjects: meshSubjects("m"),
      mesh: "m",
      self: { node: "client", instance: "c".repeat(32) },
    });
    this.clock.advanceMs(3_000);
  }

  join(name: string, records: readonly RuntimeRecord[] = []): FlockNode {
    const node = new FlockNode(this, name, records);
    this.nodes.push(node);
    return node;
  }

  /** A change that n-whoever takes; its outcome. */
  async change(wanted: Partial<RuntimeChange>): Promise<RuntimeRecord | string> {
    const asked = this.client.change({
      ...CHANGE,
      change: this.random.next32().toString(16).padStart(32, "0"),
      ...wanted,
    });
    const outcome = await this.settled(asked);
    return "value" in outcome ? outcome.value : outcome.problem;
  }

  /** Lets time pass until it is answered. */
  async settled<Value>(asked: Promise<Value>): Promise<Value> {
    let isOver = false;
    void asked.then(() => {
      isOver = true;
    });
    for (let i = 0; i < 10_000 && !isOver; i++) {
      this.clock.advanceMs(1);
      await Promise.resolve();
      await Promise.resolve();
      await Promise.resolve();
    }
    return asked;
  }

  /** What a key is on each node; a dash: not set. */
  values(key: string): string {
    return this.nodes.map(({ values }) => values[key] ?? "-").join(" ");
  }

  /** Lets time pass in which each node counts so many answers of v2 a second, so many of them failed. */
  traffic(ms: number, requests: number, errors: number): void {
    for (let i = 0; i < ms / 500; i++) {
      for (const node of this.nodes) node.count(requests / 2, errors / 2);
      this.clock.advanceMs(500);
    }
  }
}

/** One node. */
export class FlockNode {
  readonly name: string;
  values: Readonly<Record<string, string>> = {};
  records: readonly RuntimeRecord[] = [];
  readonly news: RuntimeNews[] = [];
  /** What it held when it held what its peers held. */
  readonly caughtUpWith: string[] = [];
  readonly counted: Map<RuntimeCounter, number> = new Map();
  readonly bus: SimulatedBus;
  readonly host: RuntimeHost;
  private watched: readonly string[] = [];
  private figures: ClusterFigures = { requests: 0, errors: 0, latencies: [] };

  constructor(flock: RuntimeFlock, name: string, records: readonly RuntimeRecord[]) {
    const { clock, random, broker } = flock;
    this.name = name;
    this.bus = new SimulatedBus(broker, name, (event) => {
      if (event.type === "connected" || event.type === "disconnected") this.host.busChanged(event.type === "connected");
    });
    this.host = new RuntimeHost(
      {
        clock,
        wheel: clock.wheel,
        bus: this.bus,
        subjects: meshSubjects("m"),
        self: { node: name, instance: random.next32().toString(16).padStart(32, "0") },
        changed: (values, all) => {
          this.values = values;
          this.records = all;
        },
        watch: (clusters) => {
          this.watched = clusters;
        },
        caughtUp: () => this.caughtUpWith.push(JSON.stringify(this.values)),
        tell: (news) => this.news.push(news),
        count: (counter) => this.counted.set(counter, (this.counted.get(counter) ?? 0) + 1),
      },
      records,
    );
    this.host.know(KNOWLEDGE);
  }

  /** So many more answers. */
  count(requests: number, errors: number): void {
    const before = this.figures;
    this.figures = { requests: before.requests + requests, errors: before.errors + errors, latencies: [] };
    for (const cluster of this.watched) this.host.figuresTold(cluster, this.figures);
  }

  /** Its process ends. */
  end(): void {
    this.host.stop();
    void this.bus.close();
  }
}

const CHANGE: Omit<RuntimeChange, "change"> = {
  action: "set",
  key: "routing.canary",
  value: "",
  writer: "alice",
  rampMs: 0,
  steps: 0,
  from: "",
  guards: [],
  windowMs: 2_000,
  requestsMin: 20,
  anyKey: false,
};
