// The port between the judge and the mesh.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Link } from "../../../../src/actor/thread-link.ts";
import { MeshPort } from "../../../../src/control/health/mesh/mesh-port.ts";
import type { CheckOrder, CheckOrders, CheckReport } from "../../../../src/messages/checking.ts";

describe("the judge's port to the mesh", () => {
  it("sends the reports of one turn together", async () => {
    const sent: (readonly CheckReport[])[] = [];
    const port = new MeshPort(link(sent), () => {});
    port.report({ type: "judge-alive" });
    port.report({ type: "failed-immediately", slot: 1 });
    assert.deepEqual(sent, []);
    await turn();
    port.report({ type: "judge-alive" });
    await turn();
    assert.deepEqual(sent, [
      [{ type: "judge-alive" }, { type: "failed-immediately", slot: 1 }],
      [{ type: "judge-alive" }],
    ]);
  });

  it("gives orders as they come together", () => {
    const got: (readonly CheckOrder[])[] = [];
    const ends = link([]);
    const port = new MeshPort(ends, (some) => got.push(some));
    const orders = [{ type: "follow-mesh" }, { type: "end-checks", slot: 3 }] as const;
    ends.deliver({ heard: 0, orders });
    assert.deepEqual(got, [orders]);
    port.close();
    assert.equal(ends.isClosed, true);
  });

  it("gives no order for a slot that went to another endpoint before the mesh heard of it", () => {
    const got: CheckOrder[] = [];
    const ends = link([]);
    const port = new MeshPort(ends, (some) => got.push(...some));
    const [stale, other, late] = [2, 7, 2].map(
      (slot) => ({ type: "set-standing", slot, standing: "unhealthy" }) as const,
    );
    assert.ok(stale && other && late);
    port.report({ type: "judge-alive" });
    port.report({ type: "targets-removed", group: "g", slots: [2] });
    port.report({
      type: "targets-added",
      group: "h",
      targets: [{ slot: 2, target: "t", address: "a", standing: null }],
    });
    ends.deliver({ heard: 2, orders: [stale, other, { type: "leave-mesh" }] });
    assert.deepEqual(got, [other, { type: "leave-mesh" }]);
    ends.deliver({ heard: 3, orders: [late] });
    assert.deepEqual(got.slice(2), [late]);
  });
});

interface FakeLink extends Link<CheckOrders, readonly CheckReport[]> {
  isClosed: boolean;
  deliver(message: CheckOrders): void;
}

function link(sent: (readonly CheckReport[])[]): FakeLink {
  let receiver: (message: CheckOrders) => void = () => {};
  return {
    isClosed: false,
    send: (reports) => sent.push(reports),
    receive: (to) => {
      receiver = to;
    },
    deliver: (message) => receiver(message),
    close() {
      this.isClosed = true;
    },
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
