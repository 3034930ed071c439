import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createOutlierMemory, OutlierCount, OutlierRate, OutlierTable } from "../../src/telemetry/outlier-table.ts";

describe("outlier table", () => {
  it("sums what several threads count, and only one of them sees a sum", () => {
    const memory = createOutlierMemory(8, 2);
    const workers = [new OutlierTable(memory), new OutlierTable(structuredClone(memory))] as const;
    const seen = [0, 1, 2, 3].map((turn) => (workers[turn % 2] as OutlierTable).add(3, OutlierCount.Consecutive5xx));
    assert.deepEqual(seen, [1, 2, 3, 4]);
    assert.equal(workers[0].read(2, OutlierCount.Consecutive5xx), 0);
    assert.equal(workers[0].read(3, OutlierCount.ConsecutiveGatewayFailure), 0);
  });

  it("gives an interval's counts once", () => {
    const table = new OutlierTable(createOutlierMemory(8, 2));
    table.add(1, OutlierCount.Requests);
    table.add(1, OutlierCount.Requests);
    assert.equal(table.take(1, OutlierCount.Requests), 2);
    assert.equal(table.take(1, OutlierCount.Requests), 0);
  });

  it("has no rate before one is set, and tells a rate of zero from none", () => {
    const memory = createOutlierMemory(8, 2);
    const table = new OutlierTable(memory);
    const reader = new OutlierTable(structuredClone(memory));
    assert.equal(reader.rate(5, OutlierRate.Average), -1);
    assert.equal(reader.rowRate(1, OutlierRate.Threshold), -1);
    for (const percent of [0, 100, 100 / 3, -20, -1]) {
      table.setRate(5, OutlierRate.LocalAverage, percent);
      table.setRowRate(1, OutlierRate.LocalThreshold, percent);
      assert.equal(reader.rate(5, OutlierRate.LocalAverage), percent);
      assert.equal(reader.rowRate(1, OutlierRate.LocalThreshold), percent);
    }
    assert.equal(reader.rate(4, OutlierRate.LocalAverage), -1);
    assert.equal(reader.rowRate(0, OutlierRate.LocalThreshold), -1);
  });

  it("begins anew with a slot that is given to another endpoint", () => {
    const table = new OutlierTable(createOutlierMemory(8, 2));
    for (const slot of [1, 2]) {
      for (const count of Object.values(OutlierCount)) table.add(slot, count);
      table.setRate(slot, OutlierRate.Average, 50);
    }
    table.clear(1);
    assert.deepEqual(
      Object.values(OutlierCount).map((count) => [table.read(1, count), table.read(2, count)]),
      Object.values(OutlierCount).map(() => [0, 1]),
    );
    assert.equal(table.rate(1, OutlierRate.Average), -1);
    assert.equal(table.rate(2, OutlierRate.Average), 50);
  });
});
