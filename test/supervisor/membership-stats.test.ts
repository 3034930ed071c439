import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { beginMembership, MembershipCounts } from "../../src/supervisor/membership-stats.ts";
import { CLUSTER } from "../../src/telemetry/cluster-stats.ts";
import { healthStatusFlags } from "../../src/telemetry/health-table.ts";
import { StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { clusterPlan, endpoint } from "../support/cluster-plans.ts";

function numbers(stats: StatsWriter) {
  const block = stats.block(CLUSTER, "cluster.c.");
  const { at } = CLUSTER;
  return {
    change: block[at.membership_change],
    total: block[at.membership_total],
    healthy: block[at.membership_healthy],
    degraded: block[at.membership_degraded],
    excluded: block[at.membership_excluded],
    weight: block[at.max_host_weight],
  };
}

describe("membership of a cluster", () => {
  it("counts what the file says of each endpoint's health", () => {
    const stats = new StatsWriter(() => {});
    const endpoints = [
      endpoint(1, { weight: 3 }),
      endpoint(2, { health: "healthy" }),
      endpoint(3, { health: "degraded" }),
      endpoint(4, { health: "unhealthy" }),
      endpoint(5, { health: "draining" }),
    ].map((plan, slot) => ({ ...plan, slot }));
    const counts = new MembershipCounts();
    for (const facts of endpoints) counts.add(facts, healthStatusFlags(facts.health));
    counts.show(stats, "c");
    assert.deepEqual(numbers(stats), { change: 0, total: 5, healthy: 2, degraded: 1, excluded: 1, weight: 3 });
  });

  it("changes once for a static cluster with endpoints, and not for one without", () => {
    const stats = new StatsWriter(() => {});
    beginMembership(stats, [clusterPlan("c", [endpoint(1)]), clusterPlan("d", [])]);
    assert.equal(numbers(stats).change, 1);
    assert.equal(stats.block(CLUSTER, "cluster.d.")[CLUSTER.at.membership_change], 0);
  });
});
