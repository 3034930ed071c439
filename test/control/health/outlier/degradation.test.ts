import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { HealthFlag, healthText } from "../../../../src/telemetry/health-table.ts";
import { OutlierWorld, ROW } from "./outlier-world.ts";

/** Looked at every second; an ejection lasts two. */
const quick = {
  consecutive5xx: 2,
  maxEjectionPercent: 100,
  intervalMs: 1_000,
  baseEjectionTimeMs: 2_000,
  detectsDegraded: true,
};

function text(world: OutlierWorld, slot: number = 0): string {
  return healthText(world.tables.health.flags[slot] as number);
}

describe("outlier detection: degraded endpoints", () => {
  /** Degrades the endpoint now; how many whole seconds it takes until it is degraded no more. */
  function sentence(world: OutlierWorld): number {
    world.degrade(0);
    assert.equal(text(world), "/degraded_outlier_detection");
    const startMs = world.clock.nowMs();
    while (text(world) !== "healthy") world.clock.advanceMs(10);
    return Math.floor((world.clock.nowMs() - startMs) / 1_000);
  }

  it("are flagged, counted and written down once, whatever they say meanwhile", () => {
    const world = new OutlierWorld({ ...quick, maxEjectionPercent: 0 }, 2);
    const generation = world.tables.health.generation(ROW);
    for (let i = 0; i < 3; i++) world.degrade(1);
    assert.deepEqual([text(world, 0), text(world, 1)], ["healthy", "/degraded_outlier_detection"]);
    assert.equal(world.tables.health.generation(ROW), generation + 1);
    assert.deepEqual(world.counts(), { ejections_detected_degradation: 1 });
    world.tell({ type: "active-check-passed", row: ROW, slot: 1 });
    assert.equal(text(world, 1), "/degraded_outlier_detection");
    world.clock.advanceMs(2_020);
    assert.equal(text(world, 1), "healthy");
    const common = '"cluster_name":"c","upstream_url":"127.0.0.1:81"';
    assert.deepEqual(world.lines, [
      `{"type":"DEGRADED","timestamp":"2026-11-21T07:14:00.123Z",${common},"action":"EJECT","num_ejections":0,` +
        '"enforced":true,"eject_consecutive_event":{}}',
      `{"type":"CONSECUTIVE_5XX","timestamp":"2026-11-21T07:14:02.143Z",${common},"action":"UNEJECT","num_ejections":0,` +
        '"enforced":false}',
    ]);
  });

  it("are so for longer each time, and for a shorter time after quiet intervals", () => {
    const world = new OutlierWorld({ ...quick, maxEjectionTimeMs: 5_000 });
    assert.deepEqual([sentence(world), sentence(world), sentence(world)], [2, 4, 5]);
    world.clock.advanceMs(60_000);
    assert.equal(sentence(world), 2);
  });

  it("are ejected and let in apart from that", () => {
    const world = new OutlierWorld(quick);
    world.degrade(0);
    world.clock.advanceMs(1_500);
    world.answer(0, 500, 2);
    assert.equal(text(world), "/failed_outlier_check/degraded_outlier_detection");
    world.clock.advanceMs(600);
    assert.equal(text(world), "/failed_outlier_check");
    world.degrade(0);
    world.clock.advanceMs(2_000);
    assert.equal(text(world), "/degraded_outlier_detection");
  });

  it("are forgotten when they leave or nobody watches, and stay degraded over the thread's death for another time", () => {
    const world = new OutlierWorld(quick, 3);
    for (const slot of [0, 1, 2]) world.degrade(slot);
    world.remove(2);
    world.add(2);
    assert.equal(text(world, 2), "healthy");
    world.clock.advanceMs(1_500);
    world.die();
    world.restart();
    assert.equal(text(world, 1), "/degraded_outlier_detection");
    world.clock.advanceMs(1_500);
    assert.equal(text(world, 1), "/degraded_outlier_detection");
    world.assign([]);
    assert.deepEqual(
      [0, 1, 2].map((slot) => world.tables.health.flags[slot]),
      [0, 0, 0],
    );
    world.assign([world.cluster()]);
    world.degrade(1);
    assert.equal(world.tables.health.flags[1], HealthFlag.DegradedOutlierDetection);
  });
});
