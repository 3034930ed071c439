import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ClusterPlan } from "../../../src/config/plan/cluster.ts";
import type { EndpointFacts } from "../../../src/config/plan/endpoint-set.ts";
import { NO_ENDPOINT_CHECK } from "../../../src/config/plan/health-check.ts";
import { healthText } from "../../../src/telemetry/health-table.ts";
import { createNodeMemory } from "../../../src/telemetry/node-memory.ts";
import { HealthSimulation, httpCheck } from "../../control/health/health-simulation.ts";
import { clusterPlan, endpoint } from "../../support/cluster-plans.ts";
import { UpstreamBench } from "./support/upstream-bench.ts";

const ROW = 5;
const SLOT = 9;

/** A worker of a node with one cluster of one endpoint. */
function benchOf(more: Partial<ClusterPlan>, facts: Partial<EndpointFacts> = {}): UpstreamBench {
  const bench = new UpstreamBench([clusterPlan("c", [], more)], createNodeMemory(1, 16, 8));
  const endpoints = [{ ...endpoint(80), slot: SLOT, ...facts }];
  bench.manager.applyEndpoints({ kind: "full", cluster: "c", row: ROW, version: 1, endpoints });
  return bench;
}

function flagsOf(bench: UpstreamBench): string {
  return healthText(bench.tables.health.flags[SLOT] as number);
}

describe("what a worker tells the side of active checks", () => {
  it("is the first connection of a cluster, when it begins", () => {
    const bench = benchOf({ healthChecks: [httpCheck()] });
    assert.equal(bench.tables.traffic.hasTraffic(ROW), false);
    bench.open();
    assert.equal(bench.tables.traffic.hasTraffic(ROW), true);
  });

  it("is that first connection in time for the next probe, after which the no-traffic interval is over", () => {
    const check = httpCheck({ intervalMs: 1_000, noTrafficIntervalMs: 10_000, noTrafficHealthyIntervalMs: 10_000 });
    const bench = benchOf({ healthChecks: [check] });
    const sim = new HealthSimulation((row) => bench.tables.traffic.hasTraffic(row));
    const { plan } = bench.cluster();
    sim.assign(1, plan);
    sim.enter(plan, ROW, [{ ...endpoint(80), slot: SLOT }]);
    sim.clock.advanceMs(12_000);
    bench.open();
    sim.clock.advanceMs(12_500);
    const seconds = (sim.starts.get(String(SLOT)) ?? []).map((ms) => Math.round(ms / 1_000));
    assert.deepEqual(seconds, [0, 10, 20, 21, 22, 23, 24]);
  });

  it("is that an endpoint asked to be taken out: the next request finds it out", () => {
    const bench = benchOf({ healthChecks: [httpCheck()], panicThresholdPercent: 0 });
    bench.openNow().stream?.endpoint.failAtOnce();
    assert.equal(flagsOf(bench), "/failed_active_hc/excluded_via_immediate_hc_fail");
    assert.equal(bench.open().failure?.kind, "no_healthy_upstream");
  });

  it("is nothing of an endpoint that is not checked", () => {
    const without = benchOf({});
    without.openNow().stream?.endpoint.failAtOnce();
    const disabled = benchOf({ healthChecks: [httpCheck()] }, { check: { ...NO_ENDPOINT_CHECK, disabled: true } });
    disabled.openNow().stream?.endpoint.failAtOnce();
    assert.deepEqual([flagsOf(without), flagsOf(disabled)], ["healthy", "healthy"]);
  });

  it("is nothing of an endpoint that has left: its number may be another's", () => {
    const bench = benchOf({ healthChecks: [httpCheck()] });
    const request = bench.openNow();
    bench.manager.applyEndpoints({
      kind: "delta",
      cluster: "c",
      baseVersion: 1,
      version: 2,
      removed: [SLOT],
      changed: [],
    });
    request.stream?.endpoint.failAtOnce();
    assert.equal(flagsOf(bench), "healthy");
  });
});
