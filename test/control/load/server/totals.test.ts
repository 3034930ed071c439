import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  CATEGORIES_MAX,
  CLUSTER_NAME_BYTES_MAX,
  CLUSTERS_MAX,
  ENDPOINTS_MAX,
  LOCALITIES_MAX,
} from "../../../../src/control/load/server/limits.ts";
import type { ReportedCluster, ReportedLocality } from "../../../../src/control/load/server/load-report.ts";
import { LoadTotals } from "../../../../src/control/load/server/totals.ts";

const ONE = { success: 1, error: 0, issued: 1, active: 1, cxTotal: 0, cxFailed: 0, cxActive: 0 };

function locality(zone: string, endpoints: readonly string[] = []): ReportedLocality {
  return {
    ...{ region: "", zone, subZone: "", priority: 0, counts: ONE },
    endpoints: endpoints.map((address) => ({ address, counts: ONE })),
  };
}

function cluster(name: string, localities: readonly ReportedLocality[], categories = 0): ReportedCluster {
  return {
    ...{ cluster: name, service: "", localities, droppedTotal: categories, intervalMs: 1_000 },
    dropped: Array.from({ length: categories }, (_, i) => ({ category: `c${i}`, count: 1 })),
  };
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

describe("totals of load", () => {
  it("hold counts of clusters beyond their limit, and of names that are too long, in the cluster (others)", () => {
    const totals = new LoadTotals();
    for (const i of numbers(CLUSTERS_MAX - 1)) totals.add([cluster(`c${i}`, [locality("")])]);
    totals.add([cluster("x".repeat(CLUSTER_NAME_BYTES_MAX + 1), [locality("")])]);
    totals.add([cluster("one more", [locality("")]), cluster("c0", [locality("")])]);
    assert.equal(totals.clusters.size, CLUSTERS_MAX);
    assert.equal(totals.clusters.get("(others)")?.sums.success, 2);
    assert.equal(totals.clusters.get("c0")?.sums.success, 2);
    assert.equal(totals.folded, 2);
  });

  it("hold counts of localities, endpoints and categories beyond their limits in the sum above", () => {
    const totals = new LoadTotals();
    const places = numbers(LOCALITIES_MAX + 5).map((i) => locality(`z${i}`));
    totals.add([cluster("a", places, CATEGORIES_MAX + 3)]);
    const a = totals.clusters.get("a");
    assert.equal(a?.sums.success, LOCALITIES_MAX + 5);
    assert.deepEqual(
      [a.localities.size, a.droppedBy.size, a.dropped],
      [LOCALITIES_MAX, CATEGORIES_MAX, CATEGORIES_MAX + 3],
    );
    assert.equal(totals.folded, 8);
    const addresses = numbers(ENDPOINTS_MAX + 7).map((i) => `10.0.0.1:${i}`);
    totals.add([cluster("b", [locality("z", addresses)])]);
    const [b] = totals.clusters.get("b")?.localities.values() ?? [];
    assert.equal(b?.endpoints.size, ENDPOINTS_MAX);
    assert.equal(totals.folded, 15);
  });

  it("show what streams have under way, each stream's until it says otherwise", () => {
    const totals = new LoadTotals();
    const [one, two] = [new Map(), new Map()];
    const active = () => totals.clusters.get("a")?.sums.active;
    totals.show([cluster("a", [locality("z", ["10.0.0.1:1"]), locality("y")])], one);
    totals.show([cluster("a", [locality("z")])], two);
    assert.equal(active(), 3);
    totals.show([cluster("a", [])], two);
    assert.equal(active(), 2);
    totals.release(one);
    const gauges = [...(totals.clusters.get("a")?.localities.values() ?? [])].map(({ sums }) => sums.active);
    assert.deepEqual([active(), ...gauges, one.size], [0, 0, 0, 0]);
    assert.equal(totals.clusters.get("a")?.sums.success, 0);
  });
});
