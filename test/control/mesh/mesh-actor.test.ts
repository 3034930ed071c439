// The mesh actor as its thread sees it: what it is told, and how it ends. What it does in between is mesh-nodes.test.ts.
import assert from "node:assert/strict";
import { once } from "node:events";
import { MessageChannel } from "node:worker_threads";
import { describe, it } from "mocha";
import { SeededRandom } from "../../../src/base/random.ts";
import { runMeshActor } from "../../../src/control/mesh/mesh-actor.ts";
import type { MeshOrder, MeshOutput } from "../../../src/messages/mesh.ts";
import { StatsWriter } from "../../../src/telemetry/stats-memory.ts";
import { SimulatedBroker } from "../../support/simulated-broker.ts";
import { SimulatedBus } from "../../support/simulated-bus.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { membership } from "./mesh-flock.ts";

describe("a mesh actor on its thread", () => {
  it("joins when it is told, orders over the judge's port, and closes it when it ends", async () => {
    const thread = new MeshThread();
    const { port1, port2 } = new MessageChannel();
    thread.receive({ type: "join-mesh", membership: membership("n0") });
    thread.receive({ type: "serve-judge", port: port2 });
    const orders: unknown[] = [];
    port1.on("message", (some) => orders.push(some));
    thread.clock.advanceMs(1_200);
    thread.receive({ type: "stop" });
    thread.clock.advanceMs(10);
    await once(port1, "close");
    assert.deepEqual(orders, [
      { heard: 0, orders: [{ type: "follow-mesh" }] },
      { heard: 0, orders: [] },
    ]);
    thread.clock.advanceMs(10);
    await turn();
    const outputs = thread.outputs.map(({ type }) => type).filter((type) => type !== "log-written");
    assert.deepEqual(outputs, ["started", ...Array<string>(3).fill("readiness-changed"), "stopped"]);
    assert.deepEqual([thread.isStopped, thread.clock.wheel.size], [true, 0]);
  });

  it("shows its mesh to whoever asks, once it has joined", () => {
    const thread = new MeshThread();
    const ask = { type: "view-mesh", what: { cluster: "", endpointsMax: 9 } } as const;
    thread.receive({ ...ask, ask: 1 });
    thread.receive({ type: "join-mesh", membership: membership("n0") });
    thread.clock.advanceMs(3_000);
    thread.receive({ ...ask, ask: 2 });
    const views = thread.outputs.flatMap((output) => (output.type === "mesh-viewed" ? [output] : []));
    assert.deepEqual(
      views.map(({ ask: number, view }) => [number, view.node, view.phase, view.isBusUp]),
      [[2, "n0", "serving", true]],
    );
  });

  it("ends at once when it was told nothing", () => {
    const thread = new MeshThread();
    thread.receive({ type: "stop" });
    assert.equal(thread.isStopped, true);
  });

  it("says what happens to its broker", () => {
    const thread = new MeshThread();
    thread.receive({ type: "join-mesh", membership: membership("n0") });
    thread.clock.advanceMs(100);
    thread.broker.stop();
    thread.clock.advanceMs(100);
    const lines = thread.outputs.flatMap((output) => (output.type === "log-written" ? [output.line] : []));
    assert.deepEqual(
      lines.map(({ level, component, text }) => [level, component, text]),
      [
        ["info", "main", "connected to the mesh's broker at simulated"],
        ["warning", "main", "without the mesh's broker: the server closed the connection"],
      ],
    );
  });
});

/** A mesh actor's thread, without the thread. */
class MeshThread {
  readonly clock: VirtualClock = new VirtualClock(1);
  readonly outputs: MeshOutput[] = [];
  readonly broker: SimulatedBroker;
  isStopped = false;
  private receiver: (order: MeshOrder) => void = () => {};

  constructor() {
    const { clock } = this;
    const random = new SeededRandom(1);
    this.broker = new SimulatedBroker({ clock, wheel: clock.wheel, random });
    runMeshActor({
      clock,
      wheel: clock.wheel,
      random,
      stats: new StatsWriter(() => {}),
      link: {
        send: (output) => this.outputs.push(output),
        receive: (to) => {
          this.receiver = to;
        },
        close: () => {},
      },
      instance: "1".padStart(32, "0"),
      openBus: ({ node }, onEvent) => new SimulatedBus(this.broker, node, onEvent),
      onStopped: () => {
        this.isStopped = true;
      },
    });
  }

  receive(order: MeshOrder): void {
    this.receiver(order);
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
