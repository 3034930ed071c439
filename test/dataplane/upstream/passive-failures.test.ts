import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { PassiveFailures } from "../../../src/dataplane/upstream/passive-failures.ts";
import { createHealthMemory, HealthTable, healthText } from "../../../src/telemetry/health-table.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

class World {
  readonly clock = new VirtualClock();
  readonly health = new HealthTable(createHealthMemory(8, 2));
  readonly told: string[] = [];
  readonly failures = new PassiveFailures({
    health: this.health,
    wheel: this.clock.wheel,
    tell: (row, slot, count) => this.told.push(`${row}/${slot} ${count}`),
  });
}

describe("endpoints that ask to be taken out", () => {
  it("are out before anybody was told, and every balancer looks again", () => {
    const world = new World();
    world.failures.raise(1, 5);
    assert.equal(healthText(world.health.flags[5] as number), "/failed_active_hc/excluded_via_immediate_hc_fail");
    assert.equal(world.health.generation(1), 1);
    world.failures.raise(1, 5);
    assert.equal(world.health.generation(1), 1);
  });

  it("are told at once, then every tenth of a second, with every answer counted", () => {
    const world = new World();
    world.failures.raise(1, 5);
    assert.deepEqual(world.told, ["1/5 1"]);
    for (let answers = 0; answers < 1_000; answers++) world.failures.raise(1, 5);
    world.failures.raise(0, 6);
    assert.deepEqual(world.told, ["1/5 1"]);
    world.clock.advanceMs(200);
    assert.deepEqual(world.told, ["1/5 1", "1/5 1000", "0/6 1"]);
    world.clock.advanceMs(1_000);
    world.failures.raise(1, 5);
    assert.deepEqual(world.told.at(-1), "1/5 1");
    world.clock.advanceMs(1_000);
    assert.equal(world.clock.wheel.size, 0);
  });
});
