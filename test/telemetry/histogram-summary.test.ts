import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { bucketLow, bucketOf, bucketWidth, HISTOGRAM_BUCKETS, recordValue } from "../../src/telemetry/histogram.ts";
import { cumulativeCounts, detailedBuckets, quantilesOf, sumOf } from "../../src/telemetry/histogram-summary.ts";

function histogramOf(...values: readonly number[]): Uint32Array {
  const buckets = new Uint32Array(HISTOGRAM_BUCKETS);
  for (const value of values) recordValue(buckets, value);
  return buckets;
}

describe("a histogram", () => {
  const ten = histogramOf(0, 0, 0, 1, 1, 1, 1, 1, 3, 3);

  it("has the quantiles that Envoy 1.40 printed for three zeros, five ones and two threes", () => {
    const expected = [0, 0, 1.0333333333333334, 1.0833333333333333, 3.033333333333333, 3.066666666666667];
    for (const [i, value] of quantilesOf(ten).slice(0, 6).entries())
      assert.ok(Math.abs(value - (expected[i] ?? 0)) < 1e-12);
  });

  it("has no quantile when nothing was recorded", () => {
    assert.ok(quantilesOf(histogramOf()).every(Number.isNaN));
  });

  it("counts a bucket at the first bound that its lower edge reaches", () => {
    assert.deepEqual(cumulativeCounts(ten).slice(0, 4), [3, 8, 10, 10]);
  });

  it("lists lower edge, width and count of what it holds", () => {
    assert.deepEqual(detailedBuckets(ten), [
      { low: 0, width: 0, count: 3 },
      { low: 1, width: 0.1, count: 5 },
      { low: 3, width: 0.1, count: 2 },
    ]);
  });

  it("sums as Envoy does: one value of 1 ms is 1.047…", () => {
    assert.equal(sumOf(histogramOf(1)).toPrecision(16), "1.047619047619048");
  });

  it("holds every value in a bucket around it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4_000_000_000 }), (value) => {
        const at = bucketOf(value);
        const slack = value * 1e-9;
        assert.ok(bucketLow(at) <= value + slack && value < bucketLow(at) + bucketWidth(at) + slack);
      }),
    );
  });
});
