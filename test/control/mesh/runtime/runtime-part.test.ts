import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { RuntimePart } from "../../../../src/control/mesh/runtime/runtime-part.ts";
import { meshSubjects } from "../../../../src/control/mesh/subjects.ts";
import { SimulatedBus } from "../../../support/simulated-bus.ts";
import { KNOWLEDGE, RuntimeFlock } from "./runtime-flock.ts";

let flock: RuntimeFlock;
let told: string[];

/** The part of one more node. */
function join(hasLayer: boolean): RuntimePart {
  const { clock, broker } = flock;
  const bus = new SimulatedBus(broker, "late", (event) => {
    if (event.type === "connected") part.busChanged(true);
  });
  const part = new RuntimePart(
    {
      ...{ clock, wheel: clock.wheel, bus, subjects: meshSubjects("m") },
      self: { node: "late", instance: "b".repeat(32) },
      changed: (values) => told.push(`values ${JSON.stringify(values)}`),
      watch: () => {},
      tell: () => {},
      count: () => {},
      set: (gauge, value) => told.push(`${gauge} ${value}`),
      ignored: () => told.push("ignored"),
      warn: (text) => told.push(text),
    },
    { hasLayer, knowledge: KNOWLEDGE, records: [] },
  );
  return part;
}

describe("a mesh actor's part in the runtime", () => {
  beforeEach(async () => {
    flock = new RuntimeFlock(2);
    told = [];
    await flock.change({ value: "25" });
  });

  it("says that the node may serve when it has the values of its peers, not before", () => {
    join(true).tellReady(true, () => told.push("ready"));
    assert.deepEqual(told, []);
    flock.clock.advanceMs(200);
    assert.deepEqual(told, ['values {"routing.canary":"25"}', "ready"]);
  });

  it("says at once that it may when it has no peers, and that it may not; what it said before counts no more then", () => {
    const part = join(true);
    part.tellReady(true, () => told.push("never"));
    part.tellReady(false, () => told.push("not ready"));
    assert.deepEqual(told, ["not ready"]);
    flock.clock.advanceMs(200);
    assert.ok(!told.includes("never"));
  });

  it("waits no longer than two seconds for peers that say nothing", () => {
    for (const node of flock.nodes) node.end();
    flock.clock.advanceMs(10);
    join(true).tellReady(true, () => told.push("ready"));
    flock.clock.advanceMs(2_100);
    assert.deepEqual(told, ["ready"]);
  });

  it("shows how many keys there are and move", () => {
    const part = join(true);
    flock.clock.advanceMs(200);
    told = [];
    part.show();
    assert.deepEqual(told, ["runtime_keys 1", "runtime_ramps 0", "runtime_version 1"]);
  });

  it("ignores all of it in a node without the layer, and says so once", async () => {
    const part = join(false);
    part.tellReady(true, () => told.push("ready"));
    flock.clock.advanceMs(200);
    await flock.change({ value: "30" });
    await flock.change({ value: "35" });
    flock.clock.advanceMs(200);
    assert.deepEqual(told.toSorted(), [
      "ignored",
      "ignored",
      "ready",
      told.find((line) => line.includes("runtime_layer")),
    ]);
    assert.equal(part.view(), null);
  });
});
