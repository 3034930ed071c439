// The mesh's end of the port to the judge.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { JudgeLine } from "../../../src/control/mesh/judge-line.ts";
import type { CheckOrders, CheckReport } from "../../../src/messages/checking.ts";

const FACTS = {
  group: "g",
  cluster: "c",
  row: 0,
  intervalMs: 1,
  timeoutMs: 1,
  healthyThreshold: 1,
  unhealthyThreshold: 1,
  noTrafficIntervalMs: 1,
};

describe("the mesh's line to the judge", () => {
  it("says with each message how much it has heard of this judge, and lives only while it is followed", () => {
    const line = new JudgeLine(() => {});
    const judge = new Judge();
    line.sayAlive();
    line.serve(judge);
    line.sayAlive();
    line.order([{ type: "follow-mesh" }]);
    judge.says({ type: "judge-alive" }, { type: "judge-alive" });
    line.sayAlive();
    line.order([{ type: "leave-mesh" }]);
    line.sayAlive();
    assert.deepEqual(judge.got, [
      { heard: 0, orders: [{ type: "follow-mesh" }] },
      { heard: 2, orders: [] },
      { heard: 2, orders: [{ type: "leave-mesh" }] },
    ]);
  });

  it("takes the groups of a judge that died away, and has its successor follow; the dead one is not heard", () => {
    const taken: CheckReport[] = [];
    const line = new JudgeLine((reports) => taken.push(...reports));
    const [old, next] = [new Judge(), new Judge()];
    line.serve(old);
    line.order([{ type: "follow-mesh" }]);
    old.says({ type: "group-added", facts: FACTS }, { type: "group-added", facts: { ...FACTS, group: "h" } });
    old.says({ type: "group-removed", group: "h" });
    line.serve(next);
    old.says({ type: "judge-alive" });
    assert.deepEqual(taken.slice(3), [{ type: "group-removed", group: "g" }]);
    assert.deepEqual([old.isClosed, next.got], [true, [{ heard: 0, orders: [{ type: "follow-mesh" }] }]]);
  });
});

/** A judge's link as the mesh has it. */
class Judge {
  readonly got: CheckOrders[] = [];
  isClosed = false;
  private receiver: (reports: readonly CheckReport[]) => void = () => {};

  send(message: CheckOrders): void {
    this.got.push(message);
  }

  receive(receiver: (reports: readonly CheckReport[]) => void): void {
    this.receiver = receiver;
  }

  close(): void {
    this.isClosed = true;
  }

  says(...reports: readonly CheckReport[]): void {
    this.receiver(reports);
  }
}
