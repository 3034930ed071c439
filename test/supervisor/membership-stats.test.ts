import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { EndpointRollOut } from "../../src/supervisor/endpoint-roll-out.ts";
import { MembershipCounts } from "../../src/supervisor/membership-stats.ts";
import { CLUSTER } from "../../src/telemetry/cluster-stats.ts";
import { healthStatusFlags } from "../../src/telemetry/health-table.ts";
import { createNodeMemory } from "../../src/telemetry/node-memory.ts";
import { StatsWriter } from "../../src/telemetry/stats-memory.ts";
import { clusterPlan, endpoint } from "../support/cluster-plans.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

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

  it("changes once for a static cluster with endpoints, not for one without, and again when its endpoints do", () => {
    const stats = new StatsWriter(() => {});
    const { wheel } = new VirtualClock();
    const rollOut = new EndpointRollOut({ memory: createNodeMemory(1, 16, 8), stats, wheel });
    const change = (name: string): number | undefined =>
      stats.block(CLUSTER, `cluster.${name}.`)[CLUSTER.at.membership_change];
    rollOut.assign([clusterPlan("c", [endpoint(1)]), clusterPlan("d", [])]);
    assert.deepEqual([change("c"), change("d")], [1, 0]);
    rollOut.assign([clusterPlan("c", [endpoint(1)]), clusterPlan("d", [endpoint(2)])]);
    assert.deepEqual([change("c"), change("d")], [1, 1]);
  });
});
