import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { SeededRandom } from "../../src/base/random.ts";
import { ALL_RULES, emptyMeshState } from "../../src/control/mesh/state/mesh-state.ts";
import { meshView } from "../../src/control/mesh/view/mesh-view.ts";
import type { MeshOrder } from "../../src/messages/mesh.ts";
import type { MeshView } from "../../src/messages/mesh-view.ts";
import { MeshViews } from "../../src/supervisor/mesh-views.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const ASK = { cluster: "shop", endpointsMax: 3 };

/** What a node without anything sees. */
function emptyView(): MeshView {
  const options = {
    node: "n",
    instance: "0",
    roles: [],
    reportsLoad: false,
    zone: "",
    adminAddress: "",
    owners: 2,
    flapDamping: false,
  };
  return meshView(emptyMeshState({ ...options, rules: ALL_RULES }, new SeededRandom(1)), 0, ASK);
}

function views() {
  const clock = new VirtualClock();
  const orders: MeshOrder[] = [];
  return { clock, orders, views: new MeshViews(clock.wheel, (order) => orders.push(order)) };
}

describe("asks for a view of the mesh", () => {
  it("are given to the thread, and answered by what it says", async () => {
    const { clock, orders, views: asks } = views();
    const [first, second] = [asks.ask(ASK), asks.ask(ASK)];
    assert.deepEqual(
      orders,
      [1, 2].map((ask) => ({ type: "view-mesh", ask, what: ASK })),
    );
    const [one, other] = [emptyView(), emptyView()];
    asks.settle(2, other);
    asks.settle(1, one);
    assert.deepEqual([(await first) === one, (await second) === other], [true, true]);
    assert.equal(clock.wheel.size, 0);
  });

  it("are answered by nothing when the thread takes too long, and its late answer changes nothing", async () => {
    const { clock, views: asks } = views();
    const asked = asks.ask(ASK);
    clock.advanceMs(2_100);
    asks.settle(1, emptyView());
    assert.equal(await asked, null);
  });

  it("are answered by nothing when the thread dies, or when too many wait", async () => {
    const { views: asks } = views();
    const all = Array.from({ length: 64 }, () => asks.ask(ASK));
    assert.equal(await asks.ask(ASK), null);
    asks.dropAll();
    assert.deepEqual(new Set(await Promise.all(all)), new Set([null]));
  });
});
