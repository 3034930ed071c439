// The port between the judge and the mesh.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Link } from "../../../../src/actor/thread-link.ts";
import { MeshPort } from "../../../../src/control/health/mesh/mesh-port.ts";
import type { CheckOrder, CheckReport } from "../../../../src/messages/checking.ts";

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
    ends.deliver(orders);
    assert.deepEqual(got, [orders]);
    port.close();
    assert.equal(ends.isClosed, true);
  });
});

interface FakeLink extends Link<readonly CheckOrder[], readonly CheckReport[]> {
  isClosed: boolean;
  deliver(orders: readonly CheckOrder[]): void;
}

function link(sent: (readonly CheckReport[])[]): FakeLink {
  let receiver: (orders: readonly CheckOrder[]) => void = () => {};
  return {
    isClosed: false,
    send: (reports) => sent.push(reports),
    receive: (to) => {
      receiver = to;
    },
    deliver: (orders) => receiver(orders),
    close() {
      this.isClosed = true;
    },
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
