import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { OutlierCount } from "../../../../src/telemetry/outlier-table.ts";
import { clusterPlan } from "../../../support/cluster-plans.ts";
import { OutlierWorld, ROW } from "./outlier-world.ts";

const quick = { consecutive5xx: 2, maxEjectionPercent: 100, intervalMs: 1_000, baseEjectionTimeMs: 2_000 };

describe("outlier detection: what comes and goes", () => {
  it("forgets an endpoint that left, and takes it out of the gauge", () => {
    const world = new OutlierWorld(quick, 2);
    world.answer(1, 500, 2);
    assert.equal(world.count("ejections_active"), 1);
    world.remove(1);
    assert.equal(world.count("ejections_active"), 0);
    world.tell({ type: "outlier-suspected", row: ROW, slot: 1, kind: "consecutive_5xx" });
    world.tell({ type: "outlier-suspected", row: ROW + 1, slot: 0, kind: "consecutive_5xx" });
    assert.equal(world.count("ejections_detected_consecutive_5xx"), 1);
    world.add(1);
    assert.deepEqual(world.ejected(), []);
    world.answer(1, 500, 2);
    assert.deepEqual(world.events("num_ejections"), [[1], [1]]);
  });

  it("counts endpoints that came later into the share", () => {
    const world = new OutlierWorld({ ...quick, maxEjectionPercent: 50 });
    world.answer(0, 500, 2);
    assert.deepEqual(world.ejected(), []);
    world.add(1);
    world.answer(0, 500, 2);
    assert.deepEqual(world.ejected(), [0]);
  });

  it("goes on over a new plan with its new thresholds and pace", () => {
    const world = new OutlierWorld(quick, 2);
    world.answer(0, 500, 2);
    world.assign([world.cluster({ consecutive5xx: 3, intervalMs: 200 })]);
    assert.deepEqual(world.ejected(), [0]);
    world.answer(1, 500, 2);
    assert.deepEqual(world.ejected(), [0]);
    world.answer(1, 500);
    assert.deepEqual(world.ejected(), [0, 1]);
    world.clock.advanceMs(2_200);
    assert.deepEqual(world.ejected(), []);
  });

  it("lets everybody in when a plan has no outlier detection any more, and begins anew when the next one has", () => {
    for (const clusters of [[], [clusterPlan("c", [])]]) {
      const world = new OutlierWorld(quick, 2);
      world.answer(0, 500, 2);
      world.answer(1, 500);
      world.assign(clusters);
      assert.deepEqual(world.ejected(), []);
      assert.equal(world.count("ejections_active"), 0);
      assert.equal(world.tables.outliers.read(1, OutlierCount.Consecutive5xx), 0);
      assert.equal(world.clock.wheel.size, 0);
      world.assign([world.cluster()]);
      world.answer(1, 500, 2);
      assert.deepEqual(world.ejected(), [1]);
    }
  });

  it("moves the gauge with a cluster that counts under another name", () => {
    const world = new OutlierWorld(quick);
    world.answer(0, 500, 2);
    world.assign([world.cluster({}, { statName: "other" })]);
    assert.equal(world.count("ejections_active"), 0);
    assert.deepEqual(world.ejected(), [0]);
    world.assign([world.cluster({}, { statName: "c" })]);
    assert.equal(world.count("ejections_active"), 1);
  });

  it("lets in what a thread ejected that died", () => {
    const world = new OutlierWorld(quick, 2);
    world.answer(0, 500, 2);
    world.die();
    world.clock.advanceMs(5_000);
    assert.deepEqual(world.ejected(), [0]);
    world.restart();
    assert.deepEqual(world.ejected(), [0]);
    assert.equal(world.count("ejections_active"), 1);
    world.clock.advanceMs(1_990);
    assert.deepEqual(world.ejected(), [0]);
    world.clock.advanceMs(30);
    assert.deepEqual(world.ejected(), []);
    assert.equal(world.count("ejections_active"), 0);
  });

  it("ejects at its start what reached a threshold while no thread listened", () => {
    const world = new OutlierWorld(quick, 2);
    world.die();
    world.answer(0, 500, 3);
    world.answer(1, 500, 1);
    world.restart();
    assert.deepEqual(world.ejected(), [0]);
    assert.equal(world.count("ejections_consecutive_5xx"), 1);
  });

  it("takes its timer out when it is told to stop", () => {
    const world = new OutlierWorld(quick);
    assert.equal(world.clock.wheel.size, 1);
    world.tell({ type: "stop" });
    assert.equal(world.clock.wheel.size, 0);
  });
});
