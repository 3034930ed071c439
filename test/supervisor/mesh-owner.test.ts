import assert from "node:assert/strict";
import type { MessagePort } from "node:worker_threads";
import { afterEach, beforeEach, describe, it } from "mocha";
import { DEFAULT_RESTART_POLICY } from "../../src/actor/restart-policy.ts";
import { ThreadLink } from "../../src/actor/thread-link.ts";
import { systemClock } from "../../src/base/clock.ts";
import { DrivenWheel } from "../../src/base/driven-wheel.ts";
import { addressText } from "../../src/config/plan/address.ts";
import type { EndpointPlan } from "../../src/config/plan/cluster.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import type { CheckOrder, CheckOrders, CheckReport } from "../../src/messages/checking.ts";
import { LeaseBook } from "../../src/supervisor/lease-book.ts";
import { DEFAULT_LOGGER_OPTIONS, Logger } from "../../src/supervisor/log/logger.ts";
import { MeshOwner } from "../../src/supervisor/mesh-owner.ts";
import { ReadinessBook } from "../../src/supervisor/readiness.ts";
import { StatsDirectory } from "../../src/supervisor/stats-directory.ts";
import { STATS_SCHEMAS } from "../../src/supervisor/stats-schemas.ts";
import { clusterPlan } from "../support/cluster-plans.ts";
import { eventually } from "../support/nodes.ts";
import { barePlan } from "../support/plans.ts";

/** The fake does what the mesh is named (support/fake-mesh.ts). */
function planOf(name: string, isNodeNamed: boolean = true): Plan {
  return barePlan([], {
    mesh: {
      name,
      node: "n",
      isNodeNamed,
      broker: { kind: "embedded", port: 1 },
      owners: 2,
      flapDamping: false,
      load: "merged",
      announce: [],
      hasRuntimeLayer: false,
    },
  });
}

/** An owner with its surroundings; remembers what it did to them. */
class World {
  readonly wheel: DrivenWheel = new DrivenWheel(systemClock);
  readonly readiness: ReadinessBook = new ReadinessBook();
  /** Ways that the judge was given. */
  ways = 0;
  readonly refusals: string[] = [];
  settled = 0;
  /** The judge's end of the newest way. */
  judge: ThreadLink<CheckOrders, readonly CheckReport[]> | null = null;
  readonly orders: CheckOrder[] = [];
  /** What was found of endpoints. */
  readonly found: string[] = [];
  readonly leases: LeaseBook = new LeaseBook(systemClock, "n");
  readonly owner: MeshOwner;

  constructor({ takeover }: { readonly takeover: boolean } = { takeover: false }) {
    this.owner = new MeshOwner({
      takeover,
      clock: systemClock,
      wheel: this.wheel,
      log: new Logger(systemClock, { ...DEFAULT_LOGGER_OPTIONS, level: "off" }),
      stats: new StatsDirectory(STATS_SCHEMAS),
      readiness: this.readiness,
      // So long that a test sees that the thread is dead.
      policy: { ...DEFAULT_RESTART_POLICY, backOffBaseMs: 100, backOffMaxMs: 100 },
      thread: "../test/support/fake-mesh",
      endpoints: {
        resolved: (cluster, endpoints) => this.found.push(`${cluster} has ${endpoints.map(nameOf)}`),
        moved: (cluster, removed, added) => this.found.push(`${cluster} ${removed.map(nameOf)} > ${added.map(nameOf)}`),
      },
      leases: this.leases,
      figures: { figures: () => ({ requests: 0, errors: 0, latencies: [] }) },
      onRuntime: () => {},
      serveMesh: (port) => this.follow(port),
      serveLoad: (port) => port.close(),
      onSettled: () => this.settled++,
      onRefused: (reason) => this.refusals.push(reason),
    });
  }

  /** Whether a report through the newest way is answered. */
  async isConnected(row: number): Promise<void> {
    this.judge?.send([{ type: "traffic-seen", row }]);
    await eventually(() => this.orders.some((order) => order.type === "set-traffic" && order.row === row));
  }

  async stop(): Promise<void> {
    await this.owner.stop(1_000);
    this.judge?.close();
    this.wheel.stop();
  }

  private follow(port: MessagePort): void {
    this.ways++;
    this.judge?.close();
    this.judge = new ThreadLink(port);
    this.judge.receive(({ orders }) => this.orders.push(...orders));
  }
}

/** An endpoint's address, and its hostname where it has one. */
function nameOf({ address, hostname }: EndpointPlan): string {
  return `${addressText(address)}${hostname}`;
}

let world: World;

describe("the owner of the mesh thread", () => {
  beforeEach(() => {
    world = new World();
  });

  afterEach(() => world.stop());

  it("holds nobody up and starts nothing for a node on its own", () => {
    world.owner.start(barePlan([]), "");
    world.owner.judgeOpened();
    assert.deepEqual([world.settled, world.ways, world.readiness.current().state], [1, 0, "LIVE"]);
  });

  it("makes listeners wait until the mesh is joined, saying so", async () => {
    world.owner.start(planOf("joins"), "");
    assert.deepEqual(world.readiness.current().reasons, ["joining the mesh 'joins'"]);
    await eventually(() => world.settled === 1);
    assert.deepEqual(world.readiness.current(), { state: "LIVE", reasons: [], remarks: [] });
  });

  it("does not wait for a mesh that does not answer, a second after its thread began", async () => {
    const beforeMs = systemClock.nowMs();
    world.owner.start(planOf("silent"), "");
    await eventually(() => world.settled === 1);
    const waitedMs = systemClock.nowMs() - beforeMs;
    assert.ok(waitedMs >= 1_000 && waitedMs < 5_000, `${waitedMs} ms`);
    assert.equal(world.readiness.current().state, "LIVE");
  });

  it("shows why a node has resigned and stays ready", async () => {
    world.owner.start(planOf("resigns"), "");
    await eventually(() => world.readiness.current().remarks[0] === "resigned: its network is bad");
    assert.equal(world.readiness.current().state, "LIVE");
  });

  it("gives the judge and the mesh the ends of one way, and a new one when either begins again", async () => {
    world.owner.start(planOf("joins"), "");
    assert.equal(world.ways, 0, "there is no judge yet");
    world.owner.judgeOpened();
    await world.isConnected(1);
    world.owner.judgeDied();
    world.owner.judgeOpened();
    await world.isConnected(2);
    world.owner.misbehave("exit");
    await eventually(() => world.ways === 3);
    await world.isConnected(3);
  });

  it("says on /ready that the thread has died, until it has joined again", async () => {
    world.owner.start(planOf("joins"), "");
    await eventually(() => world.settled === 1);
    world.owner.misbehave("throw");
    await eventually(() => world.readiness.current().remarks.length > 0);
    const says = "the mesh thread died: told to throw; this node checks for itself";
    assert.deepEqual(world.readiness.current(), { state: "LIVE", reasons: [], remarks: [says] });
    await eventually(() => world.readiness.current().remarks.length === 0);
  });

  it("waits no longer when the thread dies before it has joined", async () => {
    world.owner.start(planOf("silent"), "");
    world.owner.misbehave("exit");
    await eventually(() => world.settled === 1);
  });

  it("passes on what is announced, and tells a thread that succeeds a dead one that it does", async () => {
    const orders = clusterPlan("orders", [], { discovery: { kind: "mesh", service: "shop", endpoints: [] } });
    world.owner.start({ ...planOf("announces"), clusters: [orders, clusterPlan("static", [])] }, "");
    const words = (port: number) => [
      `orders has 127.0.0.1:${port}shop`,
      `orders 127.0.0.1:${port}shop > 127.0.0.1:${port + 1}`,
    ];
    await eventually(() => world.found.length === 2 && world.leases.of("app") !== 5_000);
    assert.deepEqual(world.found, words(100));
    world.owner.misbehave("throw");
    await eventually(() => world.leases.of("app") === "held");
    await eventually(() => world.found.length === 4 && world.leases.of("app") !== "held");
    assert.deepEqual(world.found.slice(2), words(200));
  });

  it("refuses a name that another node has before anything is served, and serves on when it does already", async () => {
    world.owner.start(planOf("refused"), "");
    await eventually(() => world.refusals.length === 1);
    assert.deepEqual([world.refusals, world.settled], [["another node is called so"], 0]);
    await world.stop();
    world = new World();
    world.owner.start(planOf("renamed"), "");
    await eventually(() => world.readiness.current().remarks[0] === "another node is called so");
    assert.deepEqual([world.refusals, world.settled], [[], 1]);
  });

  it("serves on alone with a name that the process before it has, and tries it again and again", async () => {
    await world.stop();
    world = new World({ takeover: true });
    world.owner.start(planOf("refused"), "");
    world.owner.judgeOpened();
    await eventually(() => world.ways >= 3);
    assert.deepEqual([world.refusals, world.settled], [[], 1]);
    assert.deepEqual(world.readiness.current(), {
      state: "LIVE",
      reasons: [],
      remarks: ["another node is called so"],
    });
  });

  it("serves on alone when two names that nobody chose are equal", async () => {
    world.owner.start(planOf("refused", false), "");
    await eventually(() => world.settled === 1);
    assert.deepEqual(world.readiness.current().remarks, ["another node is called so"]);
    assert.deepEqual(world.refusals, []);
  });
});
