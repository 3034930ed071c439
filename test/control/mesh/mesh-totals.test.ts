import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { SeededRandom } from "../../../src/base/random.ts";
import { MeshTotals } from "../../../src/control/mesh/mesh-totals.ts";
import { ALL_RULES, emptyMeshState } from "../../../src/control/mesh/state/mesh-state.ts";
import { MESH } from "../../../src/telemetry/mesh-stats.ts";
import { type StatsNotice, StatsWriter } from "../../../src/telemetry/stats-memory.ts";
import { SimulatedBroker } from "../../support/simulated-broker.ts";
import { SimulatedBus } from "../../support/simulated-bus.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

describe("the statistics of a node's mesh", () => {
  it("go on where those of a thread that died have ended, though its bus begins at zero", () => {
    const notices: StatsNotice[] = [];
    const clock = new VirtualClock(1);
    const random = new SeededRandom(1);
    const broker = new SimulatedBroker({ clock, wheel: clock.wheel, random });
    const who = {
      node: "a",
      instance: "1".padStart(32, "0"),
      roles: [],
      reportsLoad: false,
      zone: "",
      adminAddress: "",
    };
    const state = emptyMeshState({ ...who, owners: 2, flapDamping: false, rules: ALL_RULES }, random);
    let block: Float64Array = new Float64Array();
    for (const name of ["first", "second"]) {
      const stats = new StatsWriter((notice) => notices.push(notice), [...notices]);
      const totals = new MeshTotals(stats);
      const bus = new SimulatedBus(broker, name, () => {});
      clock.advanceMs(10);
      bus.publish("mesh.m.hello", new Uint8Array([1]));
      totals.show(bus, state);
      totals.show(bus, state);
      totals.add("gaps", 2);
      block = stats.block(MESH, "mesh.");
    }
    const { at } = MESH;
    assert.deepEqual([block[at.bus_sent], block[at.bus_connects], block[at.gaps]], [2, 2, 4]);
    assert.deepEqual([block[at.connected], block[at.nodes], block[at.targets]], [1, 1, 0]);
  });
});
