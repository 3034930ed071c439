// When the judge probes, whom, and what it does with plans and endpoint sets. What an outcome means is outcomes.test.ts.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { EndpointFacts } from "../../../src/config/plan/endpoint-set.ts";
import { NO_ENDPOINT_CHECK } from "../../../src/config/plan/health-check.ts";
import { HealthFlag } from "../../../src/telemetry/health-table.ts";
import { endpoint, loopback } from "../../support/cluster-plans.ts";
import { checkedCluster, HealthSimulation, httpCheck, numbered, outcome } from "./health-simulation.ts";

const PREFIX = "cluster.c.health_check.";
const PLAN = checkedCluster("c", [httpCheck()]);

describe("the judge of active checks", () => {
  describe("with the endpoints of a cluster", () => {
    it("probes each at once, and again an interval after the end of its last probe", () => {
      const sim = entered(PLAN, facts(0, 1));
      sim.script(1, "hang");
      sim.clock.advanceMs(3_500);
      assert.deepEqual(sim.starts.get("0")?.map(inTenths), [0, 10, 20, 30]);
      assert.deepEqual(sim.starts.get("1")?.map(inTenths), [0, 10, 25]);
    });

    it("starts the probes of a thousand at once, and of more at a rate", () => {
      const sim = entered(PLAN, facts(...Array.from({ length: 3_000 }, (_, slot) => slot)));
      assert.equal(sim.counts(PREFIX)["attempt"], 1_000);
      sim.clock.advanceMs(260);
      assert.ok(within(sim.counts(PREFIX)["attempt"], 2_000, 2_060));
      sim.clock.advanceMs(260);
      assert.equal(sim.counts(PREFIX)["attempt"], 3_000);
    });

    it("waits for initial_jitter before the first probe", () => {
      const sim = entered(checkedCluster("c", [httpCheck({ initialJitterMs: 1_000 })]), facts(0, 1, 2, 3));
      assert.deepEqual(sim.counts(PREFIX), {});
      sim.clock.advanceMs(1_000);
      assert.equal(sim.counts(PREFIX)["attempt"], 4);
    });

    it("never probes one whose check is disabled", () => {
      const disabled = numbered(endpoint(81, { check: { ...NO_ENDPOINT_CHECK, disabled: true } }), 1);
      const sim = entered(PLAN, [...facts(0), disabled]);
      sim.clock.advanceMs(5_000);
      assert.equal(sim.starts.has("1"), false);
      assert.equal(sim.text(1), "healthy");
      assert.equal(sim.counts(PREFIX)["healthy"], 1);
    });

    it("follows a delta: who goes is probed no more, who comes is", () => {
      const sim = entered(PLAN, facts(0, 1));
      sim.clock.advanceMs(100);
      sim.update({ kind: "delta", cluster: "c", baseVersion: 1, version: 2, removed: [0], changed: facts(2) });
      assert.deepEqual(sim.missed, [[], []]);
      assert.equal(sim.probes.size, 2);
      sim.clock.advanceMs(2_000);
      assert.equal(sim.starts.get("0")?.length, 1);
      assert.equal(sim.starts.get("1")?.length, 3);
      assert.equal(sim.starts.get("2")?.length, 2);
      assert.equal(sim.counts(PREFIX)["healthy"], 2);
    });

    it("follows a full copy, whoever is in both going on", () => {
      const sim = entered(PLAN, facts(0, 1));
      sim.clock.advanceMs(100);
      sim.update({ kind: "full", cluster: "c", row: 0, version: 5, endpoints: facts(1, 2) });
      sim.clock.advanceMs(100);
      assert.deepEqual(
        [...sim.starts].map(([slot, starts]) => [slot, starts.length]),
        [
          ["0", 1],
          ["1", 1],
          ["2", 1],
        ],
      );
      assert.equal(sim.probes.size, 2);
      sim.update({ kind: "delta", cluster: "c", baseVersion: 5, version: 6, removed: [1], changed: [] });
      assert.equal(sim.probes.size, 1);
    });

    it("asks for a full copy when a delta starts elsewhere, and changes nothing", () => {
      const sim = entered(PLAN, facts(0));
      sim.update({ kind: "delta", cluster: "c", baseVersion: 7, version: 8, removed: [0], changed: [] });
      sim.update({ kind: "delta", cluster: "unknown", baseVersion: 1, version: 2, removed: [], changed: [] });
      assert.deepEqual(sim.missed, [[], ["c"], ["unknown"]]);
      assert.equal(sim.probes.size, 1);
    });

    it("begins anew with one that is to be probed in another way, and not with one whose weight changed", () => {
      const sim = entered(PLAN, facts(0, 1, 2));
      sim.clock.advanceMs(100);
      const before = [...sim.probes.keys()];
      const changed = [
        numbered(endpoint(80, { weight: 7 }), 0),
        numbered(endpoint(81, { check: { ...NO_ENDPOINT_CHECK, port: 9 } }), 1),
        numbered(endpoint(99), 2),
      ];
      sim.update({ kind: "delta", cluster: "c", baseVersion: 1, version: 2, removed: [], changed });
      assert.deepEqual([...sim.probes.keys()], [before[0], 4, 5]);
      assert.deepEqual(
        [...sim.probes.values()].map(({ target }) => [target.endpoint.check.port, target.endpoint.address]),
        [
          [0, loopback(80)],
          [9, loopback(81)],
          [0, loopback(99)],
        ],
      );
      assert.equal(sim.text(1), "healthy");
      assert.equal(sim.counts(PREFIX)["healthy"], 3);
    });

    it("lowers the flags of one whose check becomes disabled", () => {
      const sim = entered(PLAN, facts(0), { 0: outcome("refused") });
      sim.clock.advanceMs(100);
      assert.equal(sim.text(0), "/failed_active_hc");
      const changed = [numbered(endpoint(80, { check: { ...NO_ENDPOINT_CHECK, disabled: true } }), 0)];
      sim.update({ kind: "delta", cluster: "c", baseVersion: 1, version: 2, removed: [], changed });
      assert.equal(sim.text(0), "healthy");
      assert.equal(sim.probes.size, 0);
    });

    it("counts one that goes neither healthy nor degraded any more", () => {
      const plan = checkedCluster("c", [httpCheck({ name: "one" }), httpCheck({ name: "two" })]);
      const sim = entered(plan, facts(0), { 0: outcome("degraded") });
      sim.clock.advanceMs(10);
      assert.deepEqual(sim.counts(PREFIX), { healthy: 1, degraded: 1 });
      assert.equal(sim.counts(`${PREFIX}name.one.`)["degraded"], 1);
      sim.update({ kind: "full", cluster: "c", row: 0, version: 9, endpoints: [] });
      assert.deepEqual(sim.counts(PREFIX), {});
      assert.deepEqual(sim.counts(`${PREFIX}name.one.`), { attempt: 1, success: 1 });
    });

    it("closes a probe that runs when its endpoint goes, and hears no more of it", () => {
      const sim = entered(PLAN, facts(0), { 0: "hang" });
      sim.clock.advanceMs(100);
      sim.update({ kind: "full", cluster: "c", row: 0, version: 9, endpoints: [] });
      sim.host.tell({ type: "probe-finished", probe: 1, outcome: outcome("success") });
      sim.clock.advanceMs(10_000);
      assert.deepEqual(sim.counts(PREFIX), { attempt: 1 });
      assert.equal(sim.clock.wheel.size, 0);
    });
  });

  describe("with a plan", () => {
    it("keeps the sessions of a cluster whose balancing changed", () => {
      const sim = entered(PLAN, facts(0));
      sim.clock.advanceMs(100);
      sim.assign(2, { ...PLAN, balancer: { kind: "random" }, panicThresholdPercent: 10 });
      sim.clock.advanceMs(100);
      assert.deepEqual(sim.counts(PREFIX), { attempt: 1, success: 1, healthy: 1 });
    });

    it("begins anew under other checks, and keeps the verdict until they have one", () => {
      const sim = entered(PLAN, facts(0, 1), { 1: outcome("refused") });
      sim.clock.advanceMs(100);
      sim.script(0, "hang");
      sim.script(1, "hang");
      sim.assign(2, checkedCluster("c", [httpCheck({ intervalMs: 2_000 })]));
      assert.equal(sim.probes.size, 2);
      assert.equal(sim.counts(PREFIX)["attempt"], 4);
      assert.deepEqual([sim.text(0), sim.text(1)], ["healthy", "/failed_active_hc"]);
    });

    it("lowers the flags of a cluster that has no checks any more", () => {
      const sim = entered(PLAN, facts(0), { 0: "hang" });
      sim.clock.advanceMs(600);
      assert.equal(sim.text(0), "/failed_active_hc/active_hc_timeout");
      sim.assign(2, { ...PLAN, healthChecks: [] });
      assert.equal(sim.text(0), "healthy");
      assert.equal(sim.probes.size, 0);
      assert.deepEqual(sim.counts(PREFIX), { attempt: 1, failure: 1, network_failure: 1 });
    });

    it("checks the endpoints that a cluster had before its checks", () => {
      const sim = new HealthSimulation();
      sim.assign(1);
      sim.update({ kind: "full", cluster: "c", row: 0, version: 1, endpoints: facts(0) });
      assert.equal(sim.probes.size, 0);
      sim.script(0, outcome("refused"));
      sim.assign(2, PLAN);
      assert.equal(sim.text(0), "healthy");
      sim.clock.advanceMs(10);
      assert.equal(sim.text(0), "/failed_active_hc");
    });

    it("begins with the row and the endpoints of a cluster that was away in between", () => {
      const sim = entered(PLAN, facts(0));
      sim.assign(2);
      sim.update({ kind: "full", cluster: "c", row: 3, version: 1, endpoints: facts(5) });
      sim.assign(3, PLAN);
      sim.host.tell({ type: "passive-failure-seen", row: 3, slot: 5, count: 1 });
      assert.equal(sim.text(5), "/failed_active_hc/excluded_via_immediate_hc_fail");
    });

    it("has both gauges from the start, and one pair for clusters of one alt_stat_name", () => {
      const sim = new HealthSimulation();
      sim.assign(
        1,
        checkedCluster("a", [httpCheck()], { statName: "s" }),
        checkedCluster("b", [httpCheck()], { statName: "s" }),
      );
      assert.deepEqual(
        [...sim.stats],
        [
          ["cluster.s.health_check.healthy", 0],
          ["cluster.s.health_check.degraded", 0],
        ],
      );
      sim.enter(checkedCluster("a", []), 0, facts(0));
      sim.enter(checkedCluster("b", []), 1, facts(1));
      sim.clock.advanceMs(10);
      assert.equal(sim.stats.get("cluster.s.health_check.healthy"), 2);
    });
  });

  describe("warming", () => {
    it("reports a cluster when each of its endpoints has had an outcome, good or bad", () => {
      const sim = entered(PLAN, facts(0, 1), { 1: "hang" });
      sim.clock.advanceMs(450);
      assert.deepEqual(sim.warmed, []);
      sim.clock.advanceMs(100);
      assert.deepEqual(sim.warmed, ["c 1"]);
      sim.clock.advanceMs(5_000);
      assert.deepEqual(sim.warmed, ["c 1"]);
    });

    it("reports a cluster without endpoints, or with disabled ones only, with its first set", () => {
      const sim = new HealthSimulation();
      sim.assign(1, PLAN);
      assert.deepEqual(sim.warmed, []);
      sim.enter(PLAN, 0, []);
      assert.deepEqual(sim.warmed, ["c 1"]);
    });

    it("waits for no endpoint that went", () => {
      const sim = entered(PLAN, facts(0, 1), { 1: "hang" });
      sim.clock.advanceMs(100);
      sim.update({ kind: "delta", cluster: "c", baseVersion: 1, version: 2, removed: [1], changed: [] });
      assert.deepEqual(sim.warmed, ["c 1"]);
    });

    it("waits for no endpoint that came later", () => {
      const sim = entered(PLAN, facts(0));
      sim.script(1, "hang");
      sim.update({ kind: "delta", cluster: "c", baseVersion: 1, version: 2, removed: [], changed: facts(1) });
      sim.clock.advanceMs(10);
      assert.deepEqual(sim.warmed, ["c 1"]);
    });

    it("is forgotten with the checks that it waited for", () => {
      const sim = entered(PLAN, facts(0), { 0: "hang" });
      sim.assign(2, checkedCluster("c", [httpCheck({ intervalMs: 2_000 })]));
      assert.deepEqual(sim.warmed, []);
      sim.clock.advanceMs(600);
      assert.deepEqual(sim.warmed, ["c 2"]);
    });

    it("reports every version, waiting again only for endpoints without an outcome", () => {
      const sim = entered(PLAN, facts(0));
      sim.assign(2, PLAN);
      sim.clock.advanceMs(10);
      assert.deepEqual(sim.warmed, ["c 2"]);
      sim.assign(3, PLAN);
      assert.deepEqual(sim.warmed, ["c 2", "c 3"]);
    });
  });

  it("goes on with the flags that it finds when its thread begins again", () => {
    const sim = new HealthSimulation();
    sim.assign(1, PLAN);
    sim.flags[1] = HealthFlag.FailedActiveHc;
    sim.flags[2] = HealthFlag.DegradedActiveHc;
    for (const slot of [0, 1, 2]) sim.script(slot, "hang");
    sim.update({ kind: "full", cluster: "c", row: 0, version: 4, endpoints: facts(0, 1, 2) });
    assert.deepEqual(sim.counts(PREFIX), { attempt: 3, healthy: 2, degraded: 1 });
    sim.clock.advanceMs(600);
    assert.deepEqual(
      [0, 1, 2].map((slot) => sim.text(slot)),
      ["healthy", "/failed_active_hc/active_hc_timeout", "/degraded_active_hc"],
    );
  });

  it("ends every probe and timer when it is stopped", () => {
    const sim = entered(PLAN, facts(0, 1), { 1: "hang" });
    sim.clock.advanceMs(100);
    sim.host.tell({ type: "stop" });
    assert.equal(sim.probes.size, 0);
    assert.equal(sim.clock.wheel.size, 0);
  });

  it("leaves what is for others alone", () => {
    const sim = entered(PLAN, facts(0));
    const before = sim.history.length;
    sim.host.tell({ type: "reopen-logs" });
    sim.host.tell({ type: "outlier-suspected", row: 0, slot: 0, kind: "consecutive_5xx" });
    assert.equal(sim.history.length, before);
  });
});

/** Cluster `c` of row 0, with traffic, and these endpoints; those that are not scripted pass. */
function entered(
  plan: typeof PLAN,
  endpoints: readonly EndpointFacts[],
  answers: Readonly<Record<number, Parameters<HealthSimulation["script"]>[1]>> = {},
): HealthSimulation {
  const sim = new HealthSimulation();
  sim.traffic.add(0);
  for (const [slot, answer] of Object.entries(answers)) sim.script(Number(slot), answer);
  sim.assign(1, plan);
  sim.enter(plan, 0, endpoints);
  return sim;
}

/** Endpoints of these slots; slot n has port 80 + n. */
function facts(...slots: readonly number[]): EndpointFacts[] {
  return slots.map((slot) => numbered(endpoint(80 + slot), slot));
}

function inTenths(ms: number): number {
  return Math.round(ms / 100);
}

function within(value: number | undefined, from: number, to: number): boolean {
  return value !== undefined && value >= from && value <= to;
}
