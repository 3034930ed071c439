// The judge comes to a mesh and leaves it: what is told of groups and targets, and what stands meanwhile.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { groupHash } from "../../../../src/control/health/mesh/group-hash.ts";
import { HealthFlag } from "../../../../src/telemetry/health-table.ts";
import { checkedCluster, HealthSimulation, httpCheck, outcome } from "../health-simulation.ts";
import { facts, following, GROUP, groupAdded, news, order, PLAN, PREFIX, told } from "./following.ts";

describe("a judge that follows a mesh", () => {
  describe("when it begins", () => {
    it("tells of every group and endpoint with what stands, and probes nobody any more", () => {
      const sim = alone([0, 1, 2, 3]);
      sim.script(1, outcome("refused"));
      sim.script(2, outcome("degraded"));
      sim.script(3, "hang");
      sim.clock.advanceMs(1_100);
      const attempts = sim.counts(PREFIX)["attempt"];
      order(sim, { type: "follow-mesh" });
      assert.deepEqual(sim.reports, [
        groupAdded(0),
        {
          type: "targets-added",
          group: GROUP,
          targets: [told(0, "healthy"), told(1, "unhealthy"), told(2, "degraded"), told(3, "healthy")],
        },
      ]);
      sim.clock.advanceMs(5_000);
      assert.equal(sim.counts(PREFIX)["attempt"], attempts);
      assert.equal(sim.probes.size, 0);
      assert.deepEqual(
        [0, 1, 2, 3].map((slot) => sim.text(slot)),
        ["healthy", "/failed_active_hc", "/degraded_active_hc", "healthy"],
      );
    });

    it("knows no verdict of an endpoint that had no outcome, and forgets a probe that runs", () => {
      const sim = alone([0], { hangs: true });
      sim.clock.advanceMs(100);
      order(sim, { type: "follow-mesh" });
      assert.deepEqual(sim.reports.at(-1), { type: "targets-added", group: GROUP, targets: [told(0, null)] });
      sim.clock.advanceMs(2_000);
      assert.deepEqual(sim.counts(PREFIX), { attempt: 1 });
    });

    it("tells of an endpoint that an answer has taken out as this node's own matter", () => {
      const sim = alone([0]);
      sim.clock.advanceMs(10);
      sim.host.tell({ type: "passive-failure-seen", row: 0, slot: 0, count: 1 });
      order(sim, { type: "follow-mesh" });
      assert.deepEqual(sim.reports.slice(1), [
        { type: "targets-added", group: GROUP, targets: [told(0, "healthy")] },
        { type: "failed-immediately", slot: 0 },
      ]);
      assert.equal(sim.text(0), "/failed_active_hc/excluded_via_immediate_hc_fail");
    });

    it("says the longest of several checks", () => {
      const checks = [
        httpCheck({ name: "a", timeoutMs: 900, intervalMs: 3_000, unhealthyThreshold: 1, noTrafficIntervalMs: 3_000 }),
        httpCheck({ name: "b", healthyThreshold: 4, noTrafficIntervalMs: 7_000, noTrafficHealthyIntervalMs: 8_000 }),
      ];
      const sim = new HealthSimulation();
      order(sim, { type: "follow-mesh" });
      const plan = checkedCluster("c", checks);
      sim.assign(1, plan);
      sim.enter(plan, 5, facts(0));
      assert.deepEqual(sim.reports[0], {
        type: "group-added",
        facts: {
          group: groupHash(plan),
          cluster: "c",
          row: 5,
          intervalMs: 3_000,
          timeoutMs: 900,
          healthyThreshold: 4,
          unhealthyThreshold: 3,
          noTrafficIntervalMs: 60_000,
        },
      });
    });

    it("begins anew for a mesh that begins again: nothing of the old orders is left", () => {
      const sim = following([0]);
      order(
        sim,
        { type: "set-standing", slot: 0, standing: "degraded" },
        { type: "begin-checks", slot: 0, dueInMs: 10, standing: "degraded" },
        { type: "check-once", slot: 0, ask: 1, cause: "confirm" },
        { type: "follow-mesh" },
      );
      assert.deepEqual(news(sim), [
        groupAdded(0),
        { type: "targets-added", group: GROUP, targets: [told(0, "degraded")] },
      ]);
      sim.clock.advanceMs(3_000);
      assert.equal(sim.starts.get("0")?.length, 1);
      assert.equal(sim.probes.size, 0);
    });
  });

  describe("warming", () => {
    it("waits for a standing, not for a probe", () => {
      const sim = following([0, 1]);
      assert.deepEqual(sim.warmed, []);
      order(sim, { type: "set-standing", slot: 0, standing: "unhealthy" });
      assert.deepEqual(sim.warmed, []);
      order(sim, { type: "set-standing", slot: 1, standing: "healthy" });
      assert.deepEqual(sim.warmed, ["c 1"]);
      assert.equal(sim.starts.size, 0);
    });

    it("is over for a later plan whose endpoints have their standing", () => {
      const sim = following([0]);
      order(sim, { type: "set-standing", slot: 0, standing: "unhealthy" });
      sim.assign(2, PLAN);
      assert.deepEqual(sim.warmed, ["c 1", "c 2"]);
    });
  });

  describe("when it leaves", () => {
    it("probes every endpoint within one interval, and what stands stands", () => {
      const slots = Array.from({ length: 50 }, (_, slot) => slot);
      const sim = following(slots);
      order(sim, ...slots.map((slot) => ({ type: "set-standing", slot, standing: "healthy" }) as const));
      order(sim, { type: "set-standing", slot: 7, standing: "unhealthy" });
      for (const slot of slots) sim.script(slot, "hang");
      const leftMs = sim.clock.nowMs();
      order(sim, { type: "leave-mesh" });
      assert.equal(sim.text(7), "/failed_active_hc");
      assert.equal(sim.counts(PREFIX)["healthy"], 49);
      sim.clock.advanceMs(1_010);
      const firsts = slots.map((slot) => (sim.starts.get(String(slot))?.[0] ?? 0) - leftMs);
      assert.ok(firsts.every((ms) => ms > 0 && ms <= 1_005));
      assert.ok(spread(firsts) > 700, `within ${spread(firsts)} ms`);
      assert.equal(sim.text(7), "/failed_active_hc");
    });

    it("needs the healthy threshold for one that is out, and the first outcome for one that nobody knows", () => {
      const sim = following([0, 1]);
      order(sim, { type: "set-standing", slot: 0, standing: "unhealthy" }, { type: "leave-mesh" });
      sim.clock.advanceMs(10);
      assert.deepEqual([sim.text(0), sim.text(1)], ["/failed_active_hc", "healthy"]);
      sim.clock.advanceMs(1_000);
      assert.equal(sim.text(0), "/failed_active_hc");
      sim.clock.advanceMs(1_000);
      assert.equal(sim.text(0), "healthy");
      assert.deepEqual(sim.warmed, ["c 1"]);
    });

    it("ends what was ordered, and obeys no more", () => {
      const sim = following([0]);
      order(
        sim,
        { type: "set-standing", slot: 0, standing: "healthy" },
        { type: "begin-checks", slot: 0, dueInMs: 0, standing: "healthy" },
        { type: "check-once", slot: 0, ask: 1, cause: "confirm" },
        { type: "leave-mesh" },
      );
      assert.equal(sim.probes.size, 1);
      order(sim, { type: "set-standing", slot: 0, standing: "unhealthy" }, { type: "leave-mesh" });
      sim.reports.length = 0;
      sim.clock.advanceMs(3_500);
      assert.equal(sim.text(0), "healthy");
      assert.deepEqual(sim.reports, []);
      assert.ok((sim.starts.get("0")?.length ?? 0) >= 4);
    });

    it("comes back with what it found out alone", () => {
      const sim = following([0], { answers: { 0: outcome("refused") } });
      order(sim, { type: "set-standing", slot: 0, standing: "healthy" }, { type: "leave-mesh" });
      sim.clock.advanceMs(1_100);
      sim.reports.length = 0;
      order(sim, { type: "follow-mesh" });
      assert.deepEqual(sim.reports.at(-1), { type: "targets-added", group: GROUP, targets: [told(0, "unhealthy")] });
    });
  });

  describe("whose thread hangs", () => {
    it("is left after ten seconds, with a word in the log, and followed again when it says something", () => {
      const sim = following([0]);
      order(sim, { type: "set-standing", slot: 0, standing: "healthy" });
      sim.clock.advanceMs(9_000);
      assert.equal(sim.starts.size, 0);
      sim.clock.advanceMs(3_000);
      assert.ok((sim.starts.get("0")?.length ?? 0) > 0);
      assert.deepEqual(sim.logs, ["the mesh's thread says nothing any more: this node checks for itself"]);
      sim.reports.length = 0;
      sim.host.tell({ type: "mesh-alive" });
      assert.deepEqual(
        sim.reports.map(({ type }) => type),
        ["group-added", "targets-added"],
      );
      assert.equal(sim.probes.size, 0);
    });

    it("is not left while it says that it lives", () => {
      const sim = following([0]);
      for (let i = 0; i < 20; i++) {
        sim.clock.advanceMs(1_000);
        sim.host.tell({ type: "mesh-alive" });
      }
      assert.equal(sim.starts.size, 0);
    });
  });

  it("ends every probe and timer when it is stopped", () => {
    const sim = following([0], { answers: { 0: "hang" } });
    order(
      sim,
      { type: "begin-checks", slot: 0, dueInMs: 0, standing: null },
      { type: "check-once", slot: 0, ask: 1, cause: "confirm" },
    );
    sim.clock.advanceMs(10);
    sim.host.tell({ type: "stop" });
    assert.equal(sim.probes.size, 0);
    assert.equal(sim.clock.wheel.size, 0);
  });

  it("hears of a healthy endpoint that its thread's predecessor left as one with a standing", () => {
    const sim = new HealthSimulation();
    sim.assign(1, PLAN);
    sim.flags[1] = HealthFlag.FailedActiveHc;
    sim.flags[2] = HealthFlag.DegradedActiveHc;
    order(sim, { type: "follow-mesh" });
    sim.update({ kind: "full", cluster: "c", row: 0, version: 4, endpoints: facts(0, 1, 2) });
    const targets = [told(0, "healthy"), told(1, null), told(2, "degraded")];
    assert.deepEqual(sim.reports.at(-1), { type: "targets-added", group: GROUP, targets });
    order(sim, { type: "set-standing", slot: 1, standing: "healthy" });
    assert.deepEqual(sim.warmed, ["c 1"]);
  });
});

/** A judge without a mesh. */
function alone(slots: readonly number[], options: { readonly hangs?: boolean } = {}): HealthSimulation {
  const sim = new HealthSimulation();
  sim.traffic.add(0);
  for (const slot of slots) sim.script(slot, options.hangs === true ? "hang" : outcome("success"));
  sim.assign(1, PLAN);
  sim.enter(PLAN, 0, facts(...slots));
  return sim;
}

function spread(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}
