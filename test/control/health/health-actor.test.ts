// The health actor with a mesh: orders and reports over a real port, and what it does when the other end goes.
import assert from "node:assert/strict";
import { once } from "node:events";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { afterEach, describe, it } from "mocha";
import type { Link } from "../../../src/actor/thread-link.ts";
import { SeededRandom } from "../../../src/base/random.ts";
import { runHealthActor } from "../../../src/control/health/health-actor.ts";
import type { ProbeOutcome, ProbeTarget } from "../../../src/control/health/probe.ts";
import type { CheckOrder, CheckOrders, CheckReport } from "../../../src/messages/checking.ts";
import type { HealthOrder, HealthOutput } from "../../../src/messages/health.ts";
import { createNodeMemory, nodeTables } from "../../../src/telemetry/node-memory.ts";
import { StatsWriter } from "../../../src/telemetry/stats-memory.ts";
import { endpoint } from "../../support/cluster-plans.ts";
import { outlierPlan } from "../../support/outlier-plans.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { checkedCluster, httpCheck, numbered, outcome } from "./health-simulation.ts";

describe("the health actor with a mesh", () => {
  let house: House | null = null;
  afterEach(() => house?.close());

  it("tells the mesh what there is, and probes what it is told", async () => {
    house = new House();
    const mesh = house.join();
    assert.equal(house.open, 0);
    const first = await mesh.reports();
    mesh.order({ type: "follow-mesh" });
    assert.deepEqual(
      first.map(({ type }) => type),
      ["group-added", "targets-added"],
    );
    assert.deepEqual(await mesh.reports(), first);
    mesh.order(
      { type: "set-standing", slot: 3, standing: "degraded" },
      { type: "begin-checks", slot: 3, dueInMs: 0, standing: "degraded" },
    );
    const [probed] = await mesh.reports();
    assert.deepEqual([probed?.type, house.open, house.started], ["probed", 1, 2]); // the first one before the mesh came
    assert.equal(house.tables.health.flags[3], 8);
  });

  it("checks for itself again when the mesh is gone", async () => {
    house = new House();
    const mesh = house.join();
    await mesh.reports();
    mesh.close();
    await once(house.lastPort, "close");
    assert.equal(house.open, 1);
  });

  it("obeys the newer one of two meshes, and the end of the older one is nothing to it", async () => {
    house = new House();
    const [old, mesh] = [house.join(), house.join()];
    await mesh.reports();
    old.close();
    house.clock.advanceMs(600);
    assert.deepEqual(await mesh.reports(), [{ type: "judge-alive" }]);
    assert.equal(house.open, 0);
  });

  it("tells the mesh when outlier detection takes an endpoint out", async () => {
    house = new House();
    const mesh = house.join();
    await mesh.reports();
    mesh.order(
      { type: "set-standing", slot: 3, standing: "healthy" },
      { type: "check-once", slot: 3, ask: 1, cause: "doubt" },
    );
    await mesh.reports();
    house.tell({ type: "outlier-suspected", row: 2, slot: 3, kind: "consecutive_5xx" });
    assert.deepEqual(await mesh.reports(), [
      {
        type: "ejection-changed",
        slot: 3,
        cluster: "c",
        address: "127.0.0.1:80",
        isEjected: true,
        kind: "CONSECUTIVE_5XX",
        ejections: 1,
      },
      { type: "doubted", slot: 3, evidence: "ejected" },
    ]);
    mesh.order({ type: "end-ejection", slot: 3 });
    const [returned] = await mesh.reports();
    assert.deepEqual(
      [returned?.type, returned?.type === "ejection-changed" && returned.isEjected],
      ["ejection-changed", false],
    );
    assert.equal(house.tables.health.flags[3], 0);
  });
});

const CLUSTER = checkedCluster("c", [httpCheck()], { outlier: outlierPlan({ maxEjectionPercent: 100 }) });

/** A health actor with one endpoint in slot 3 of row 2 that always passes. */
class House {
  readonly clock: VirtualClock = new VirtualClock();
  readonly tables = nodeTables(createNodeMemory(1, 64, 8), 0);
  open: number = 0;
  started: number = 0;
  lastPort: MessagePort = new MessageChannel().port1;
  private receiver: (message: HealthOrder) => void = () => {};
  private readonly ends: MeshEnd[] = [];

  constructor() {
    const link: Link<HealthOrder, HealthOutput> = {
      send: () => {},
      receive: (to) => {
        this.receiver = to;
      },
      close: () => {},
    };
    runHealthActor({
      clock: this.clock,
      wheel: this.clock.wheel,
      random: new SeededRandom(1),
      stats: new StatsWriter(() => {}),
      tables: this.tables,
      network: "here",
      prober: { create: (target, onOutcome) => this.probe(target, onOutcome), close: () => {} },
      link,
      onStopped: () => {},
    });
    this.tell({
      type: "plan-assigned",
      version: 1,
      clusters: [CLUSTER],
      removed: [],
      outlierLogPath: "",
    });
    const endpoints = [numbered(endpoint(80), 3)];
    this.tell({ type: "endpoints-changed", updates: [{ kind: "full", cluster: "c", row: 2, version: 1, endpoints }] });
  }

  tell(message: HealthOrder): void {
    this.receiver(message);
  }

  /** The mesh's end of a new port. */
  join(): MeshEnd {
    const { port1, port2 } = new MessageChannel();
    const end = new MeshEnd(port1);
    this.ends.push(end);
    this.lastPort = port2;
    this.tell({ type: "serve-mesh", port: port2 });
    return end;
  }

  close(): void {
    this.tell({ type: "stop" });
    for (const end of this.ends) end.close();
  }

  private probe(_target: ProbeTarget, onOutcome: (outcome: ProbeOutcome) => void) {
    this.open++;
    return {
      start: () => {
        this.started++;
        queueMicrotask(() => onOutcome(outcome("success")));
      },
      close: () => {
        this.open--;
      },
    };
  }
}

/** The mesh's end of a port. */
class MeshEnd {
  private readonly port: MessagePort;
  private readonly waiting: (readonly CheckReport[])[] = [];
  private heard = 0;
  private wake: () => void = () => {};

  constructor(port: MessagePort) {
    this.port = port;
    port.on("message", (reports: readonly CheckReport[]) => {
      this.waiting.push(reports);
      this.heard += reports.length;
      this.wake();
    });
  }

  order(...orders: readonly CheckOrder[]): void {
    this.port.postMessage({ heard: this.heard, orders } satisfies CheckOrders);
  }

  /** The next message with reports. */
  async reports(): Promise<readonly CheckReport[]> {
    while (this.waiting.length === 0) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    return this.waiting.shift() ?? [];
  }

  close(): void {
    this.port.close();
  }
}
