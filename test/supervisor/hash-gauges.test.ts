// The gauges of rings and tables, as Envoy shows them for the same endpoints (test/differential/hashing.full.test.ts asks it).
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ClusterPlan, HashBalancerPlan } from "../../src/config/plan/cluster.ts";
import { HashGauges } from "../../src/supervisor/hash-gauges.ts";
import { HealthFlag } from "../../src/telemetry/health-table.ts";
import { type StatsNotice, StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { clusterPlan, endpoint } from "../support/cluster-plans.ts";

const OPTIONS = { hashPolicy: [], usesHostname: false, balanceFactorPercent: 0, isLocalityWeighted: false };
const RING: HashBalancerPlan = {
  kind: "ring_hash",
  hash: "xx_hash",
  pointsMin: 1_024,
  pointsMax: 8_388_608,
  ...OPTIONS,
};
const MAGLEV: HashBalancerPlan = { kind: "maglev", tableSize: 65_537, ...OPTIONS };
const FAILED = HealthFlag.FailedActiveHc;

/** An endpoint: its weight, its priority, its flags. */
type Some = readonly [weight: number, priority: number, flags: number];

function shown(balancer: HashBalancerPlan, endpoints: readonly Some[], more: Partial<ClusterPlan> = {}): unknown {
  const notices: StatsNotice[] = [];
  const stats = new StatsWriter((notice) => notices.push(notice));
  const gauges = new HashGauges(clusterPlan("c", [], { balancer, ...more }), balancer);
  for (const [slot, [weight, priority, flags]] of endpoints.entries()) {
    gauges.add({ ...endpoint(80 + slot, { weight, priority }), slot }, flags);
  }
  gauges.show(stats);
  const names = notices.flatMap((notice) => (notice.type === "stat" ? [notice.name] : []));
  return names.map((name) => {
    const slot = stats.gauge(name);
    return `${name.slice("cluster.c.".length)} ${slot.values[slot.at]}`;
  });
}

const ring = (size: number, least: number, most: number): string[] => [
  `ring_hash_lb.size ${size}`,
  `ring_hash_lb.min_hashes_per_host ${least}`,
  `ring_hash_lb.max_hashes_per_host ${most}`,
];
const table = (least: number, most: number): string[] => [
  `maglev_lb.min_entries_per_host ${least}`,
  `maglev_lb.max_entries_per_host ${most}`,
];
const well = (count: number, priority: number = 0): Some[] => Array.from({ length: count }, () => [1, priority, 0]);

describe("gauges of balancing by a hash", () => {
  it("count points and entries of endpoints that are well", () => {
    assert.deepEqual(shown(RING, well(5)), ring(1_025, 205, 205));
    assert.deepEqual(shown(RING, [...well(4), [1, 0, FAILED]]), ring(1_024, 256, 256));
    assert.deepEqual(shown(MAGLEV, well(5)), table(13_107, 13_108));
    assert.deepEqual(shown(MAGLEV, well(1)), table(1, 1));
  });

  it("go by weights", () => {
    assert.deepEqual(
      shown(RING, [
        [1, 0, 0],
        [3, 0, 0],
      ]),
      ring(1_024, 256, 768),
    );
    assert.deepEqual(
      shown(MAGLEV, [
        [1, 0, 0],
        [3, 0, 0],
      ]),
      table(16_385, 49_152),
    );
  });

  it("count all in a panic, and nobody without one", () => {
    const failing: readonly Some[] = [...well(1), [1, 0, FAILED], [1, 0, FAILED]];
    assert.deepEqual(shown(RING, failing), ring(1_026, 342, 342));
    assert.deepEqual(shown(RING, [[1, 0, FAILED]], { panicThresholdPercent: 0 }), ring(0, 0, 0));
  });

  it("are those of the last priority that has endpoints", () => {
    assert.deepEqual(shown(RING, [...well(5), ...well(2, 1), [1, 2, FAILED]]), ring(1_024, 512, 512));
  });
});
