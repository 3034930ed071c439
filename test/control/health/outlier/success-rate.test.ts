import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { OutlierPlan } from "../../../../src/config/plan/health-check.ts";
import { ejectionThreshold } from "../../../../src/control/health/outlier/success-rate.ts";
import { OutlierRate } from "../../../../src/telemetry/outlier-table.ts";
import { OutlierWorld, ROW } from "./outlier-world.ts";

const base: Partial<OutlierPlan> = {
  consecutive5xx: 0,
  maxEjectionPercent: 100,
  intervalMs: 1_000,
  baseEjectionTimeMs: 2_000,
  successRateRequestVolume: 10,
  failurePercentageRequestVolume: 99,
};

/** Gives each endpoint so many bad answers among ten. */
function bad(world: OutlierWorld, ...of10: readonly number[]): void {
  of10.forEach((failures, slot) => {
    world.answer(slot, 200, 10 - failures);
    world.answer(slot, 500, failures);
  });
}

describe("outlier detection: success rate", () => {
  it("has Envoy's threshold: the mean less so many standard deviations", () => {
    assert.deepEqual(ejectionThreshold([50, 100, 100, 100, 100], 1.9), { average: 90, threshold: 52 });
    assert.deepEqual(ejectionThreshold([100, 100], 1.9), { average: 100, threshold: 100 });
  });

  it("ejects who is below it at the interval's end, and shows what it found", () => {
    const world = new OutlierWorld({ ...base, successRateStdevFactor: 1_000 }, 5);
    bad(world, 10, 0, 0, 0, 0);
    assert.deepEqual(world.ejected(), []);
    world.clock.advanceMs(1_010);
    assert.deepEqual(world.ejected(), [0]);
    assert.deepEqual(world.counts(), {
      ejections_active: 1,
      ejections_detected_success_rate: 1,
      ejections_enforced_success_rate: 1,
      ejections_enforced_total: 1,
      ejections_success_rate: 1,
      ejections_total: 1,
    });
    const { outliers } = world.tables;
    assert.deepEqual(
      [0, 1, 4].map((slot) => outliers.rate(slot, OutlierRate.Average)),
      [0, 100, 100],
    );
    assert.equal(outliers.rate(0, OutlierRate.LocalAverage), -1);
    assert.deepEqual(
      [OutlierRate.Average, OutlierRate.Threshold, OutlierRate.LocalAverage].map((rate) => outliers.rowRate(ROW, rate)),
      [80, 40, -1],
    );
    assert.deepEqual(world.events("type", "eject_success_rate_event"), [
      [
        "SUCCESS_RATE",
        { host_success_rate: 0, cluster_average_success_rate: 80, cluster_success_rate_ejection_threshold: 40 },
      ],
    ]);
  });

  it("shows nothing any more after an interval without requests", () => {
    const world = new OutlierWorld(base, 5);
    bad(world, 1, 0, 0, 0, 0);
    world.clock.advanceMs(1_010);
    assert.equal(world.tables.outliers.rate(0, OutlierRate.Average), 90);
    world.clock.advanceMs(1_010);
    assert.equal(world.tables.outliers.rate(0, OutlierRate.Average), -1);
    assert.equal(world.tables.outliers.rowRate(ROW, OutlierRate.Average), -1);
  });

  it("judges each interval by itself", () => {
    const world = new OutlierWorld(base, 5);
    world.answer(0, 500, 9);
    world.clock.advanceMs(1_010);
    bad(world, 1, 0, 0, 0, 0);
    world.clock.advanceMs(1_010);
    assert.equal(world.tables.outliers.rate(0, OutlierRate.Average), 90);
  });

  it("needs enough endpoints with enough requests", () => {
    const few = new OutlierWorld({ ...base, successRateStdevFactor: 1_000 }, 4);
    bad(few, 10, 0, 0, 0);
    few.clock.advanceMs(1_010);
    const quiet = new OutlierWorld({ ...base, successRateStdevFactor: 1_000 }, 6);
    bad(quiet, 10, 0, 0, 0);
    quiet.answer(4, 200, 9);
    quiet.answer(5, 200, 9);
    quiet.clock.advanceMs(1_010);
    for (const world of [few, quiet]) {
      assert.deepEqual(world.counts(), {});
      assert.equal(world.tables.outliers.rowRate(ROW, OutlierRate.Average), -1);
    }
    assert.deepEqual(
      [0, 1, 4].map((slot) => quiet.tables.outliers.rate(slot, OutlierRate.Average)),
      [0, 100, -1],
    );
    assert.equal(few.tables.outliers.rate(0, OutlierRate.Average), -1);
  });

  it("leaves endpoints that are ejected out of the statistics", () => {
    const world = new OutlierWorld({ ...base, successRateStdevFactor: 1_000, successRateMinimumHosts: 4 }, 5);
    bad(world, 10, 0, 0, 0, 0);
    world.clock.advanceMs(1_010);
    bad(world, 10, 0, 0, 0, 0);
    world.clock.advanceMs(1_010);
    assert.equal(world.tables.outliers.rowRate(ROW, OutlierRate.Average), 100);
    assert.equal(world.count("ejections_detected_success_rate"), 1);
    assert.equal(world.tables.outliers.rate(0, OutlierRate.Average), -1);
  });

  it("judges connections by themselves when the plan tells them from answers", () => {
    const world = new OutlierWorld({ ...base, successRateStdevFactor: 1_000, splitExternalLocalOriginErrors: true }, 5);
    for (let slot = 0; slot < 5; slot++) {
      world.connect(slot, slot !== 2, 4);
      world.connect(slot, true, 6);
    }
    world.clock.advanceMs(1_010);
    assert.deepEqual(world.ejected(), [2]);
    assert.equal(world.tables.outliers.rate(2, OutlierRate.LocalAverage), 60);
    assert.equal(world.tables.outliers.rate(2, OutlierRate.Average), -1);
    assert.deepEqual(world.counts(), {
      ejections_active: 1,
      ejections_detected_local_origin_success_rate: 1,
      ejections_enforced_local_origin_success_rate: 1,
      ejections_enforced_total: 1,
      ejections_success_rate: 1,
    });
    assert.deepEqual(world.events("type"), [["SUCCESS_RATE_LOCAL_ORIGIN"]]);
  });
});

describe("outlier detection: failure percentage", () => {
  const plan: Partial<OutlierPlan> = {
    ...base,
    failurePercentageRequestVolume: 10,
    successRateMinimumHosts: 99,
    failurePercentageMinimumHosts: 2,
    failurePercentageThreshold: 50,
    enforcingFailurePercentage: 100,
  };

  it("ejects who fails at least so often", () => {
    const world = new OutlierWorld(plan, 3);
    bad(world, 4, 5, 10);
    world.clock.advanceMs(1_010);
    assert.deepEqual(world.ejected(), [1, 2]);
    assert.deepEqual(world.counts(), {
      ejections_active: 2,
      ejections_detected_failure_percentage: 2,
      ejections_enforced_failure_percentage: 2,
      ejections_enforced_total: 2,
    });
    assert.deepEqual(world.events("type", "eject_failure_percentage_event"), [
      ["FAILURE_PERCENTAGE", { host_success_rate: 50 }],
      ["FAILURE_PERCENTAGE", { host_success_rate: 0 }],
    ]);
    assert.equal(world.tables.outliers.rate(0, OutlierRate.Average), 60);
    assert.equal(world.tables.outliers.rowRate(ROW, OutlierRate.Average), -1);
  });

  it("is only told by default", () => {
    const world = new OutlierWorld({ ...plan, enforcingFailurePercentage: 0 }, 3);
    bad(world, 4, 5, 10);
    world.clock.advanceMs(1_010);
    assert.deepEqual(world.ejected(), []);
    assert.deepEqual(world.counts(), { ejections_detected_failure_percentage: 2 });
    assert.deepEqual(world.events("enforced", "num_ejections"), [
      [false, 0],
      [false, 0],
    ]);
  });

  it("ejects once who is below the success rate too", () => {
    const world = new OutlierWorld({ ...plan, successRateMinimumHosts: 3, successRateStdevFactor: 1_000 }, 3);
    bad(world, 0, 0, 10);
    world.clock.advanceMs(1_010);
    assert.deepEqual(world.ejected(), [2]);
    assert.equal(world.count("ejections_enforced_total"), 1);
    assert.equal(world.count("ejections_detected_failure_percentage"), 1);
    assert.equal(world.count("ejections_active"), 1);
    world.clock.advanceMs(2_020);
    assert.equal(world.count("ejections_active"), 0);
  });

  it("judges connections by themselves when the plan tells them from answers", () => {
    const world = new OutlierWorld(
      {
        ...plan,
        splitExternalLocalOriginErrors: true,
        consecutiveLocalOriginFailure: 0,
        enforcingFailurePercentageLocalOrigin: 100,
      },
      2,
    );
    world.connect(0, true, 10);
    world.connect(1, false, 10);
    world.clock.advanceMs(1_010);
    assert.deepEqual(world.ejected(), [1]);
    assert.equal(world.count("ejections_enforced_local_origin_failure_percentage"), 1);
    assert.deepEqual(world.events("type"), [["FAILURE_PERCENTAGE_LOCAL_ORIGIN"]]);
  });
});

describe("outlier detection: rates under the runtime", () => {
  it("takes hosts, requests, factor and percentage from there", () => {
    const world = new OutlierWorld({ ...base, successRateMinimumHosts: 99, failurePercentageMinimumHosts: 99 }, 3);
    const say = (key: string, value: number) => world.runtime.set(`outlier_detection.${key}`, String(value));
    say("success_rate_minimum_hosts", 3);
    say("success_rate_request_volume", 10);
    say("success_rate_stdev_factor", 1_000);
    say("failure_percentage_minimum_hosts", 3);
    say("failure_percentage_request_volume", 10);
    say("failure_percentage_threshold", 40);
    say("enforcing_success_rate", 0);
    bad(world, 0, 4, 9);
    world.clock.advanceMs(1_010);
    assert.deepEqual(world.ejected(), []);
    assert.deepEqual(world.counts(), {
      ejections_detected_failure_percentage: 2,
      ejections_detected_success_rate: 1,
      ejections_success_rate: 1,
      ejections_total: 1,
    });
  });
});
