import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createHealthMemory, HealthFlag, HealthTable, healthText } from "../../src/telemetry/health-table.ts";

describe("health table", () => {
  it("shows what one thread wrote to another one's view", () => {
    const memory = createHealthMemory(16, 4);
    const writer = new HealthTable(memory);
    const reader = new HealthTable(structuredClone(memory));
    writer.set(7, HealthFlag.FailedActiveHc | HealthFlag.ActiveHcTimeout);
    writer.set(7, HealthFlag.FailedOutlierCheck);
    writer.clear(7, HealthFlag.FailedActiveHc);
    assert.equal(reader.flags[7], HealthFlag.ActiveHcTimeout | HealthFlag.FailedOutlierCheck);
    assert.equal(reader.flags[6], 0);
    const before = reader.generation(2);
    writer.bump(2);
    assert.notEqual(reader.generation(2), before);
    assert.equal(reader.generation(1), 0);
  });

  it("names flags as /clusters does", () => {
    assert.equal(healthText(0), "healthy");
    assert.equal(
      healthText(HealthFlag.FailedActiveHc | HealthFlag.ActiveHcTimeout),
      "/failed_active_hc/active_hc_timeout",
    );
    assert.equal(healthText(HealthFlag.EdsStatusDraining), "/eds_status_draining");
    assert.equal(healthText(HealthFlag.FailedEdsHealth), "/failed_eds_health");
    assert.equal(healthText(HealthFlag.DegradedOutlierDetection), "/degraded_outlier_detection");
  });
});
