import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createCountMemory, NodeCounts } from "../../src/telemetry/node-counts.ts";

const workers = (count: number): NodeCounts[] => {
  const memory = createCountMemory(count);
  return Array.from({ length: count }, (_, worker) => new NodeCounts(memory, count, worker));
};

describe("the connections of a node", () => {
  it("are counted together, to the limit and not beyond", () => {
    const counts = workers(3);
    const taken = Array.from({ length: 9 }, (_, i) => counts[i % 3]?.take(0, 5));
    assert.deepEqual(taken, [true, true, true, true, true, false, false, false, false]);
    counts[0]?.give(0);
    assert.deepEqual([counts[2]?.take(0, 5), counts[1]?.take(0, 5), counts[1]?.total(0)], [true, false, 5]);
  });

  it("have a row for each name, the same on every worker, until there are too many", () => {
    const [first, second] = workers(2);
    assert.ok(first !== undefined && second !== undefined);
    const rows = ["a", "b", "c"].map((name) => first.rowOf(name));
    assert.deepEqual(
      ["a", "b", "c"].map((name) => second.rowOf(name)),
      rows,
    );
    assert.deepEqual(rows, [2, 3, 4]);
    for (let i = rows.length + 2; i < 4_096; i++) first.rowOf(`n${i}`);
    assert.deepEqual([second.rowOf("one more"), second.rowOf("c")], [-1, 4]);
  });

  it("are those of living workers only", () => {
    const [first, second] = workers(2);
    for (const row of [0, 1, 7]) for (const one of [first, first, second]) one?.take(row, 10);
    second?.clearWorker(0);
    assert.deepEqual(
      [0, 1, 7].map((row) => second?.total(row)),
      [1, 1, 1],
    );
    second?.clearWorker(0);
    second?.give(7);
    assert.equal(first?.total(7), 0);
  });
});
