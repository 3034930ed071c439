import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { figuresSince, judge, readGuard, sumFigures } from "../../../../src/control/mesh/runtime/guard.ts";
import { bucketOf } from "../../../../src/telemetry/histogram.ts";

function figures(requests: number, errors: number, times: Readonly<Record<number, number>> = {}) {
  return {
    requests,
    errors,
    latencies: Object.entries(times).map(([ms, count]) => [bucketOf(Number(ms)), count] as const),
  };
}

function verdictOf(rule: string, ...counted: Parameters<typeof figures>): string {
  const guard = readGuard(rule);
  assert.ok(guard !== null, rule);
  return judge(guard, figures(...counted), 20).verdict;
}

const JUDGED: readonly (readonly [string, string, Parameters<typeof figures>, string])[] = [
  ["a rate below holds", "cluster_error_rate<10%", [100, 9], "holds"],
  ["a rate at the limit is broken", "cluster_error_rate<10%", [100, 10], "broken"],
  ["one failed of two says nothing", "cluster_error_rate<1%", [2, 1], "unknown"],
  ["one failed of twenty is chance, and no reason to go on either", "cluster_error_rate<1%", [20, 1], "unknown"],
  ["three failed of twenty break", "cluster_error_rate<1%", [20, 3], "broken"],
  ["no answers say nothing", "cluster_p99<10ms", [0, 0], "unknown"],
  ["a quick median holds", "cluster_p50<20ms", [100, 0, { 5: 60, 400: 40 }], "holds"],
  ["slow ones break p99", "cluster_p99<250ms", [100, 0, { 5: 60, 400: 40 }], "broken"],
  ["one slow one of a thousand does not", "cluster_p99<250ms", [1_000, 0, { 5: 999, 400: 1 }], "holds"],
  ["answers without times say nothing of latency", "cluster_p99<250ms", [100, 0], "unknown"],
];

describe("guards", () => {
  it("are read when they are error rates or latencies within reason, and not otherwise", () => {
    const rules = ["cluster_error_rate<1%", "cluster_error_rate<0.5%", "cluster_p99<250ms", "cluster_p50<1.5s"];
    assert.deepEqual(
      rules.map((rule) => readGuard(rule)?.below),
      [0.01, 0.005, 250, 1_500],
    );
    const wrong = ["", "cluster_error_rate<1", "cluster_error_rate<101%", "cluster_error_rate<0%", "cluster_p42<1ms"];
    const worse = [
      "cluster_p99>1ms",
      "cluster_p99<9999s",
      "error_rate<1%",
      "cluster_p99<-1ms",
      "cluster_error_rate<1%;",
    ];
    assert.deepEqual([...wrong, ...worse].map(readGuard), Array(10).fill(null));
  });

  for (const [name, rule, counted, verdict] of JUDGED) {
    it(`judge: ${name}`, () => {
      assert.equal(verdictOf(rule, ...counted), verdict);
    });
  }

  it("look at what came between two moments, over all nodes, and begin anew when counters were reset", () => {
    const one = figuresSince(figures(30, 4, { 5: 20, 90: 10 }), figures(10, 1, { 5: 10 }));
    const other = figuresSince(figures(5, 1, { 5: 5 }), figures(500, 0));
    const { requests, errors, latencies } = sumFigures([one, other]);
    assert.deepEqual({ requests, errors }, { requests: 25, errors: 4 });
    assert.deepEqual(latencies, [
      [bucketOf(5), 15],
      [bucketOf(90), 10],
    ]);
  });
});
