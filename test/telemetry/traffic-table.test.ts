import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createTrafficMemory, TrafficTable } from "../../src/telemetry/traffic-table.ts";

describe("traffic table", () => {
  it("shows every thread which clusters ever had a connection", () => {
    const memory = createTrafficMemory(4);
    const worker = new TrafficTable(memory);
    const health = new TrafficTable(memory);
    worker.mark(2);
    worker.mark(2);
    assert.deepEqual(
      [0, 1, 2, 3].map((row) => health.hasTraffic(row)),
      [false, false, true, false],
    );
  });
});
