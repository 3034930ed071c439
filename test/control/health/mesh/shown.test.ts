// What a node of a mesh shows of an endpoint: flags, gauges, logs follow the verdict; what an answer has taken out stays out here.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { HealthFlag } from "../../../../src/telemetry/health-table.ts";
import { checkedCluster, type HealthSimulation, httpCheck, outcome } from "../health-simulation.ts";
import { following, news, order, PREFIX } from "./following.ts";

const OUT = "/failed_active_hc";
const OUT_AT_ONCE = "/failed_active_hc/excluded_via_immediate_hc_fail";

describe("what a node of a mesh shows", () => {
  it("is the verdict, in flags and gauges, whoever probes", () => {
    const sim = following([0, 1]);
    assert.deepEqual([sim.text(0), sim.counts(PREFIX)], [OUT, {}]);
    const seen = (["healthy", "degraded", "unhealthy", "degraded", "healthy"] as const).map((standing) => {
      order(sim, { type: "set-standing", slot: 0, standing });
      return [sim.text(0), sim.counts(PREFIX)];
    });
    assert.deepEqual(seen, [
      ["healthy", { healthy: 1 }],
      ["/degraded_active_hc", { healthy: 1, degraded: 1 }],
      [OUT, {}],
      ["/degraded_active_hc", { healthy: 1, degraded: 1 }],
      ["healthy", { healthy: 1 }],
    ]);
    assert.equal(sim.text(1), OUT);
  });

  it("changes with no message to the balancers when the verdict is repeated", () => {
    const sim = following([0]);
    order(sim, { type: "set-standing", slot: 0, standing: "healthy" });
    const before = sim.history.length;
    order(sim, { type: "set-standing", slot: 0, standing: "healthy" });
    assert.equal(sim.history.length, before);
  });

  it("is counted under every check and over all of them", () => {
    const sim = following([0, 1], { plan: checkedCluster("c", [httpCheck({ name: "a" }), httpCheck({ name: "b" })]) });
    order(
      sim,
      { type: "set-standing", slot: 0, standing: "degraded" },
      { type: "set-standing", slot: 1, standing: "healthy" },
    );
    const gauges = (): object[] => [PREFIX, `${PREFIX}name.a.`, `${PREFIX}name.b.`].map((prefix) => sim.counts(prefix));
    assert.deepEqual(gauges(), Array(3).fill({ healthy: 2, degraded: 1 }));
    order(sim, { type: "set-standing", slot: 0, standing: "unhealthy" });
    assert.deepEqual(gauges(), Array(3).fill({ healthy: 1 }));
    sim.update({ kind: "full", cluster: "c", row: 0, version: 9, endpoints: [] });
    assert.deepEqual(gauges(), [{}, {}, {}]);
  });

  it("is pending no longer once there is a verdict", () => {
    const sim = following([0]);
    sim.flags[0] = HealthFlag.FailedActiveHc | HealthFlag.PendingActiveHc;
    order(sim, { type: "set-standing", slot: 0, standing: "unhealthy" });
    assert.equal(sim.text(0), OUT);
  });

  it("names a timeout when this node's own probe had one, and not when others' did", () => {
    const sim = following([0, 1], { answers: { 0: "hang" } });
    order(sim, { type: "begin-checks", slot: 0, dueInMs: 0, standing: "healthy" });
    sim.clock.advanceMs(600);
    order(
      sim,
      { type: "set-standing", slot: 0, standing: "unhealthy" },
      { type: "set-standing", slot: 1, standing: "unhealthy" },
    );
    assert.deepEqual([sim.text(0), sim.text(1)], [`${OUT}/active_hc_timeout`, OUT]);
    order(sim, { type: "set-standing", slot: 0, standing: "healthy" });
    assert.equal(sim.text(0), "healthy");
  });

  it("is written into the event log with what this node knows of the reason, and into the log when it changes", () => {
    const plan = checkedCluster("c", [httpCheck({ name: "a" }), httpCheck({ name: "b", eventLogPaths: ["/log"] })]);
    const sim = following([0], { plan });
    order(
      sim,
      { type: "set-standing", slot: 0, standing: "healthy" },
      { type: "set-standing", slot: 0, standing: "unhealthy" },
      { type: "set-standing", slot: 0, standing: "degraded" },
      { type: "set-standing", slot: 0, standing: "healthy" },
      { type: "begin-checks", slot: 0, dueInMs: 0, standing: "healthy" },
    );
    sim.script(0, outcome("network", { reason: "connection refused" }));
    sim.clock.advanceMs(1_100);
    order(sim, { type: "set-standing", slot: 0, standing: "unhealthy" });
    assert.deepEqual(sim.eventKinds("/log"), [
      'add_healthy_event {"first_check":true}',
      'eject_unhealthy_event {"failure_type":"ACTIVE","http_status_code":0}',
      'add_healthy_event {"first_check":false}',
      "degraded_healthy_host {}",
      "no_longer_degraded_host {}",
      'eject_unhealthy_event {"failure_type":"NETWORK","http_status_code":0}',
    ]);
    assert.deepEqual(sim.logs, [
      "127.0.0.1:80 of cluster c is unhealthy: so the mesh says",
      "127.0.0.1:80 of cluster c is healthy again",
      "127.0.0.1:80 of cluster c is unhealthy: connection refused",
    ]);
  });

  describe("after an answer with x-envoy-immediate-health-check-fail", () => {
    it("is out at once, here only, whatever the mesh says, until the mesh ends it", () => {
      const sim = following([0]);
      order(sim, { type: "set-standing", slot: 0, standing: "healthy" });
      fail(sim, 2);
      assert.equal(sim.text(0), OUT_AT_ONCE);
      assert.deepEqual(news(sim), [{ type: "failed-immediately", slot: 0 }]);
      assert.deepEqual(sim.counts(PREFIX), { failure: 2, passive_failure: 2 });
      order(sim, { type: "set-standing", slot: 0, standing: "degraded" });
      assert.equal(sim.text(0), OUT_AT_ONCE);
      order(sim, { type: "end-immediate-failure", slot: 0 });
      assert.equal(sim.text(0), "/degraded_active_hc");
      assert.equal(sim.counts(PREFIX)["healthy"], 1);
    });

    it("stays out when the mesh has called it unhealthy meanwhile", () => {
      const sim = following([0]);
      order(sim, { type: "set-standing", slot: 0, standing: "healthy" });
      fail(sim, 1);
      order(sim, { type: "set-standing", slot: 0, standing: "unhealthy" }, { type: "end-immediate-failure", slot: 0 });
      assert.equal(sim.text(0), OUT);
    });

    it("stays out when nobody knows it", () => {
      const sim = following([0]);
      fail(sim, 1);
      order(sim, { type: "end-immediate-failure", slot: 0 });
      assert.equal(sim.text(0), OUT);
      assert.deepEqual(sim.warmed, []);
    });

    it("is out as well when the worker that raised the flag never said so", () => {
      const sim = following([0]);
      order(sim, { type: "set-standing", slot: 0, standing: "degraded" });
      sim.flags[0] = HealthFlag.FailedActiveHc | HealthFlag.ExcludedViaImmediateHcFail;
      order(sim, { type: "set-standing", slot: 0, standing: "healthy" });
      assert.equal(sim.text(0), OUT_AT_ONCE);
      assert.deepEqual(news(sim), [{ type: "failed-immediately", slot: 0 }]);
      order(sim, { type: "end-immediate-failure", slot: 0 });
      assert.equal(sim.text(0), "healthy");
    });

    it("recovers by passes of this node when the mesh is gone", () => {
      const sim = following([0]);
      order(sim, { type: "set-standing", slot: 0, standing: "healthy" });
      fail(sim, 1);
      order(sim, { type: "leave-mesh" });
      sim.clock.advanceMs(2_100);
      assert.equal(sim.text(0), "healthy");
    });

    it("is heard of the right cluster only", () => {
      const sim = following([0]);
      sim.host.tell({ type: "passive-failure-seen", row: 4, slot: 0, count: 1 });
      sim.host.tell({ type: "passive-failure-seen", row: 0, slot: 9, count: 1 });
      assert.deepEqual(news(sim), []);
    });
  });
});

/** A worker raises the flags and tells of it. */
function fail(sim: HealthSimulation, count: number): void {
  sim.flags[0] = (sim.flags[0] as number) | HealthFlag.FailedActiveHc | HealthFlag.ExcludedViaImmediateHcFail;
  sim.host.tell({ type: "passive-failure-seen", row: 0, slot: 0, count });
}
