import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { SeededRandom } from "../../../src/base/random.ts";
import { firstDelayMs, nextIntervalMs } from "../../../src/control/health/next-interval.ts";
import { httpCheck } from "./health-simulation.ts";

/** Chance from a seed, and what the runtime has set. */
function senses(runtime: Readonly<Record<string, string>> = {}) {
  return { random: new SeededRandom(1), runtime: new Map(Object.entries(runtime)) };
}

const CHECK = httpCheck({
  intervalMs: 1,
  unhealthyIntervalMs: 2,
  unhealthyEdgeIntervalMs: 3,
  healthyEdgeIntervalMs: 4,
  noTrafficIntervalMs: 5,
  noTrafficHealthyIntervalMs: 6,
});

const ROWS = [
  { passed: true, transition: "unchanged", hasTraffic: true, ms: 1, name: "interval" },
  { passed: true, transition: "changed", hasTraffic: true, ms: 1, name: "interval" },
  { passed: true, transition: "pending", hasTraffic: true, ms: 4, name: "healthy_edge_interval" },
  { passed: false, transition: "unchanged", hasTraffic: true, ms: 2, name: "unhealthy_interval" },
  { passed: false, transition: "changed", hasTraffic: true, ms: 2, name: "unhealthy_interval" },
  { passed: false, transition: "pending", hasTraffic: true, ms: 3, name: "unhealthy_edge_interval" },
  { passed: true, transition: "unchanged", hasTraffic: false, ms: 6, name: "no_traffic_healthy_interval" },
  { passed: true, transition: "changed", hasTraffic: false, ms: 6, name: "no_traffic_healthy_interval" },
  { passed: true, transition: "pending", hasTraffic: false, ms: 5, name: "no_traffic_interval" },
  { passed: false, transition: "unchanged", hasTraffic: false, ms: 5, name: "no_traffic_interval" },
  { passed: false, transition: "changed", hasTraffic: false, ms: 5, name: "no_traffic_interval" },
  { passed: false, transition: "pending", hasTraffic: false, ms: 5, name: "no_traffic_interval" },
] as const;

describe("the interval to the next probe", () => {
  for (const { name, ms, ...last } of ROWS) {
    const what = `${last.passed ? "pass" : "failure"}, ${last.transition}, ${last.hasTraffic ? "traffic" : "no traffic"}`;
    it(`is ${name} after: ${what}`, () => {
      assert.equal(nextIntervalMs(CHECK, last, senses()), ms);
    });
  }

  it("grows by less than interval_jitter and by less than interval_jitter_percent of it", () => {
    const check = httpCheck({ intervalMs: 1_000, intervalJitterMs: 100, intervalJitterPercent: 20 });
    const fixed = senses();
    const last = { passed: true, transition: "unchanged", hasTraffic: true } as const;
    const waits = Array.from({ length: 2_000 }, () => nextIntervalMs(check, last, fixed));
    assert.ok(Math.min(...waits) >= 1_000 && Math.min(...waits) < 1_030, String(Math.min(...waits)));
    assert.ok(Math.max(...waits) < 1_300 && Math.max(...waits) > 1_270, String(Math.max(...waits)));
  });

  it("is never nothing", () => {
    const last = { passed: true, transition: "unchanged", hasTraffic: true } as const;
    assert.equal(nextIntervalMs(httpCheck({ intervalMs: 0 }), last, senses()), 1);
  });

  it("lies between the bounds of the runtime, of which the lower one wins", () => {
    const last = { passed: true, transition: "unchanged", hasTraffic: true } as const;
    const wait = (intervalMs: number, min: string, max: string) =>
      nextIntervalMs(
        httpCheck({ intervalMs }),
        last,
        senses({ "health_check.min_interval": min, "health_check.max_interval": max }),
      );
    assert.deepEqual([wait(50, "100", "300"), wait(200, "100", "300"), wait(400, "100", "300")], [100, 200, 300]);
    assert.equal(wait(200, "500", "300"), 500);
    assert.equal(wait(200, "few", "many"), 200);
    const first = { "health_check.min_interval": "5000" };
    assert.equal(firstDelayMs(httpCheck({ initialJitterMs: 1_000 }), senses(first)), 5_000);
    assert.equal(firstDelayMs(httpCheck(), senses(first)), 0);
  });

  it("is not there before the first probe, or anything up to initial_jitter", () => {
    const fixed = senses();
    assert.equal(firstDelayMs(httpCheck(), fixed), 0);
    const check = httpCheck({ initialJitterMs: 1_000 });
    const waits = Array.from({ length: 2_000 }, () => firstDelayMs(check, fixed));
    assert.ok(Math.min(...waits) >= 1 && Math.min(...waits) < 10, String(Math.min(...waits)));
    assert.ok(Math.max(...waits) < 1_000 && Math.max(...waits) > 990, String(Math.max(...waits)));
  });
});
