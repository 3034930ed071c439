import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createDoubtMemory, Doubt, DoubtTable } from "../../src/telemetry/doubt-table.ts";

describe("doubt table", () => {
  it("tells a reader on another thread once, of the row and of the slot", () => {
    const memory = createDoubtMemory(8, 4);
    const worker = new DoubtTable(memory);
    const reader = new DoubtTable(structuredClone(memory));
    assert.deepEqual([reader.takeRow(2), reader.take(5)], [false, 0]);
    worker.raise(2, 5, Doubt.Reset);
    assert.deepEqual([reader.takeRow(1), reader.take(4)], [false, 0]);
    assert.deepEqual([reader.takeRow(2), reader.take(5)], [true, Doubt.Reset]);
    assert.deepEqual([reader.takeRow(2), reader.take(5)], [false, 0]);
  });

  it("keeps what nobody has read, however much comes after it", () => {
    const table = new DoubtTable(createDoubtMemory(8, 4));
    table.raise(2, 5, Doubt.Connect);
    table.raise(2, 5, Doubt.Reset);
    assert.equal(table.take(5), Doubt.Connect);
    table.raise(2, 5, Doubt.Reset);
    assert.deepEqual([table.takeRow(2), table.take(5)], [true, Doubt.Reset]);
  });
});
