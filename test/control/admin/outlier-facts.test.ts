import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { outlierLines, rateJson, thresholdJson } from "../../../src/control/admin/pages/outlier-facts.ts";
import { createOutlierMemory, OutlierRate, OutlierTable } from "../../../src/telemetry/outlier-table.ts";

describe("what /clusters says of outlier detection", () => {
  it("has six digits of a cluster's percentages, and -1 for those that are not known", () => {
    const table = new OutlierTable(createOutlierMemory(4, 4));
    table.setRowRate(2, OutlierRate.Average, 200 / 3);
    table.setRowRate(2, OutlierRate.Threshold, -22.90017);
    table.setRowRate(2, OutlierRate.LocalAverage, 100);
    table.setRowRate(2, OutlierRate.LocalThreshold, 0);
    const lines = (averages: readonly string[]): string[] => [
      `outlier::success_rate_average::${averages[0]}`,
      `outlier::success_rate_ejection_threshold::${averages[1]}`,
      `outlier::local_origin_success_rate_average::${averages[2]}`,
      `outlier::local_origin_success_rate_ejection_threshold::${averages[3]}`,
    ];
    assert.deepEqual(outlierLines(table, 2), lines(["66.6667", "-22.9002", "100", "0"]));
    for (const row of [1, -1]) assert.deepEqual(outlierLines(table, row), lines(["-1", "-1", "-1", "-1"]));
  });

  it("leaves out of JSON what is not known, and the value of a zero", () => {
    assert.deepEqual(
      [-1, 0, 100 / 3].map((rate) => rateJson("x", rate)),
      [{}, { x: {} }, { x: { value: 100 / 3 } }],
    );
    assert.deepEqual(
      [-1, 0, 40].map((rate) => thresholdJson("x", rate)),
      [{}, {}, { x: { value: 40 } }],
    );
  });
});
