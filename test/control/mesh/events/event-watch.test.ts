import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { SeededRandom } from "../../../../src/base/random.ts";
import { EventWatch, type EventWatchOptions } from "../../../../src/control/mesh/events/event-watch.ts";
import type { MeshEvent } from "../../../../src/control/mesh/events/mesh-event.ts";
import { writeEvent } from "../../../../src/control/mesh/events/write-event.ts";
import { meshSubjects } from "../../../../src/control/mesh/subjects.ts";
import { healthDown } from "../../../support/mesh-events.ts";
import { SimulatedBroker } from "../../../support/simulated-broker.ts";
import { SimulatedBus } from "../../../support/simulated-bus.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

/** A watch and a node on one simulated broker, both connected. */
async function watching(options: Partial<EventWatchOptions> = {}) {
  const clock = new VirtualClock(1);
  const broker = new SimulatedBroker({ clock, wheel: clock.wheel, random: new SeededRandom(7) });
  const printed: string[] = [];
  const notes: string[] = [];
  const bus = new SimulatedBus(broker, "watch", () => {});
  const node = new SimulatedBus(broker, "node", () => {});
  const watch = new EventWatch(
    { bus, clock, wheel: clock.wheel, print: (line) => printed.push(line), note: (line) => notes.push(line) },
    { mesh: "default", cluster: "", form: "text", ...options },
  );
  const pass = async (ms: number): Promise<void> => {
    for (let i = 0; i < ms; i += 10) {
      clock.advanceMs(10);
      await Promise.resolve();
    }
  };
  await pass(50);
  assert.deepEqual([bus.isConnected, node.isConnected], [true, true]);
  const publish = async (event: MeshEvent, mesh: string = "default", name: string = "front"): Promise<void> => {
    const { subject, payload, headers } = writeEvent(event, { mesh, node: name }, clock.wallMs());
    assert.equal(node.publish(subject, payload, headers), "sent");
    await pass(20);
  };
  return { clock, node, watch, printed, notes, pass, publish };
}

const DOWN: MeshEvent = healthDown();
const LOST: MeshEvent = { type: "node-changed", id: "n", node: "back", change: "lost" };

describe("watching events", () => {
  it("prints each event once although both owners publish it, and again after a minute", async () => {
    const { printed, pass, publish } = await watching();
    await publish(DOWN);
    await publish(DOWN, "default", "back");
    assert.deepEqual(printed, [
      "2026-11-21T07:14:00.173Z  health   shop 192.0.2.1:8080: healthy -> unhealthy: timeout, seen by front, back",
    ]);
    await publish({ ...DOWN, id: "another" });
    assert.equal(printed.length, 2);
    await pass(61_000);
    await publish(DOWN);
    assert.equal(printed.length, 3);
  });

  it("hears events of every family of its mesh, and of no other mesh", async () => {
    const { printed, publish } = await watching();
    await publish(LOST);
    await publish(DOWN);
    await publish({ type: "worker-changed", id: "w", worker: "mesh", change: "crashed", reason: "x" });
    await publish(DOWN, "other");
    assert.deepEqual(
      printed.map((line) => line.slice(26, 34)),
      ["node    ", "health  ", "worker  "],
    );
  });

  it("keeps to one cluster, by its name and not by its token", async () => {
    const { printed, publish } = await watching({ cluster: "a.b" });
    await publish({ ...DOWN, id: "1", cluster: "a.b" });
    await publish({ ...DOWN, id: "2", cluster: "a_b" });
    await publish({ ...DOWN, id: "3", cluster: "shop" });
    await publish(LOST);
    assert.deepEqual(
      printed.map((line) => line.slice(35, 38)),
      ["a.b"],
    );
  });

  it("prints the CloudEvent as one line of JSON when asked", async () => {
    const { printed, publish } = await watching({ form: "json" });
    await publish(DOWN);
    assert.equal(printed.length, 1);
    assert.equal(JSON.parse(printed[0] ?? "").data.to, "unhealthy");
    assert.equal(printed[0]?.includes("\n"), false);
  });

  it("says once that something is no event, and goes on", async () => {
    const { node, notes, printed, pass, publish } = await watching();
    const { allEvents } = meshSubjects("default");
    for (const text of ["{}", "", "x"]) node.publish(allEvents.replace(">", "health.a.b"), Buffer.from(text));
    await pass(20);
    await publish(DOWN);
    assert.deepEqual(notes, ["not an event: a message on mesh.default.events.health.a.b; others like it are left out"]);
    assert.equal(printed.length, 1);
  });
});

describe("watching a mesh without nodes", () => {
  it("says so after a few seconds, and which meshes there are", async () => {
    const { node, watch, notes, pass } = await watching({ mesh: "defalt" });
    watch.lookForNodes();
    for (let second = 0; second < 6; second++) {
      node.publish(meshSubjects("default").beat("a"), Buffer.alloc(1));
      node.publish(meshSubjects("staging").beat("b"), Buffer.alloc(1));
      await pass(1_000);
    }
    assert.deepEqual(notes, ["no node of the mesh 'defalt' is heard; there is default, staging"]);
  });

  it("says so when there is none at all", async () => {
    const { watch, notes, pass } = await watching();
    watch.lookForNodes();
    await pass(10_000);
    assert.deepEqual(notes, ["no node of the mesh 'default' is heard"]);
  });

  it("says nothing when a node beats, even late", async () => {
    for (const waitMs of [50, 3_500]) {
      const { node, watch, notes, pass } = await watching();
      watch.lookForNodes();
      await pass(waitMs);
      node.publish(meshSubjects("default").beat("a"), Buffer.alloc(1));
      await pass(10_000);
      assert.deepEqual(notes, []);
    }
  });
});
