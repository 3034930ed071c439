import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createUseMemory, UseTable } from "../../src/telemetry/use-table.ts";

const shape = { rows: 3, columns: 4, workers: 3 };

describe("use table", () => {
  it("sums what the workers use, each writing its own cells", () => {
    const memory = createUseMemory(shape);
    const tables = [0, 1, 2].map((worker) => new UseTable(memory, shape, worker));
    for (const [worker, table] of tables.entries()) table.add(1, 2, worker + 1);
    for (const table of tables) assert.equal(table.sum(1, 2), 6);
    assert.deepEqual(
      tables.map((table) => table.own(1, 2)),
      [1, 2, 3],
    );
    assert.equal(tables[0]?.sum(1, 1), 0);
    assert.equal(tables[0]?.sum(0, 2), 0);
    assert.equal(tables[0]?.sum(2, 2), 0);
  });

  it("clears everything that a dead worker used, and nothing else", () => {
    const memory = createUseMemory(shape);
    const tables = [0, 1, 2].map((worker) => new UseTable(memory, shape, worker));
    for (const table of tables) for (const row of [0, 1, 2]) for (const column of [0, 3]) table.add(row, column, 5);
    tables[0]?.clearWorker(1);
    for (const row of [0, 1, 2]) for (const column of [0, 3]) assert.equal(tables[1]?.sum(row, column), 10);
    assert.equal(tables[1]?.own(2, 3), 0);
    assert.equal(tables[2]?.own(2, 3), 5);
  });
});
