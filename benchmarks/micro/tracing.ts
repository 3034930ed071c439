// What tracing costs a request on the thread that serves it: GETs through a connection manager that traces a share of them in turn with GETs
// through one that traces none, as the median of the differences of many pairs. Run: node benchmarks/micro/tracing.ts
import type { TracingPlan } from "../../src/config/plan/tracing.ts";
import { tracingPlan } from "../../test/support/listener-plans.ts";
import { client, median, nanoseconds } from "./instant-proxy.ts";

const PAIRS = 61;

function tracing(percent: number): TracingPlan {
  return tracingPlan({
    randomSampling: { numerator: percent * 100, denominator: 10_000, runtimeKey: "tracing.random_sampling" },
    overallSampling: { numerator: 100, denominator: 100, runtimeKey: "tracing.global_enabled" },
  });
}

for (const percent of [0, 1, 100]) {
  const without = client({ generateRequestId: true });
  const traced = client({ generateRequestId: true, tracing: tracing(percent) });
  for (let warm = 0; warm < 10; warm++) nanoseconds(without) + nanoseconds(traced);
  const pairs = Array.from({ length: PAIRS }, () => [nanoseconds(without), nanoseconds(traced)] as const);
  const more = median(pairs.map(([plain, other]) => other - plain));
  const ns = median(pairs.map(([plain]) => plain));
  console.log(
    `${String(percent).padStart(3)} % traced: ${ns.toFixed(0).padStart(6)} ns without, ${more.toFixed(0)} ns more`,
  );
}
