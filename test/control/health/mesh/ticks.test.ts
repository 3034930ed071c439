// What the judge of a mesh tells of its own accord: that it lives, first traffic, and evidence against endpoints.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Doubt } from "../../../../src/telemetry/doubt-table.ts";
import { HealthSimulation } from "../health-simulation.ts";
import { facts, following, news, order, PLAN } from "./following.ts";

describe("a judge that follows a mesh, of its own accord", () => {
  it("says twice a second that it is alive", () => {
    const sim = following([0]);
    sim.clock.advanceMs(3_000);
    assert.deepEqual(sim.reports, Array(6).fill({ type: "judge-alive" }));
  });

  it("tells once of a cluster that has had a connection", () => {
    const sim = following([0]);
    sim.update({ kind: "full", cluster: "d", row: 5, version: 1, endpoints: facts(7) });
    sim.assign(2, PLAN, { ...PLAN, name: "d" });
    sim.reports.length = 0;
    sim.clock.advanceMs(500);
    assert.deepEqual(news(sim), []);
    sim.traffic.add(5);
    sim.clock.advanceMs(110);
    assert.deepEqual(news(sim), [{ type: "traffic-seen", row: 5 }]);
    sim.clock.advanceMs(1_000);
    assert.equal(news(sim).length, 1);
  });

  it("tells a mesh that begins again of traffic that there was", () => {
    const sim = following([0]);
    order(sim, { type: "follow-mesh" });
    sim.clock.advanceMs(110);
    assert.deepEqual(news(sim).at(-1), { type: "traffic-seen", row: 0 });
  });

  describe("passes on what workers have seen", () => {
    it("of an endpoint that is in, within a tenth of a second", () => {
      const sim = following([0, 1]);
      order(
        sim,
        { type: "set-standing", slot: 0, standing: "healthy" },
        { type: "set-standing", slot: 1, standing: "degraded" },
      );
      sim.doubts.raise(0, 0, Doubt.Connect);
      sim.doubts.raise(0, 1, Doubt.Reset);
      sim.clock.advanceMs(110);
      assert.deepEqual(news(sim), [
        { type: "doubted", slot: 0, evidence: "connect" },
        { type: "doubted", slot: 1, evidence: "reset" },
      ]);
    });

    it("not of one that is out already", () => {
      const sim = following([0]);
      order(sim, { type: "set-standing", slot: 0, standing: "unhealthy" });
      sim.doubts.raise(0, 0, Doubt.Connect);
      sim.host.tell({ type: "endpoint-ejected", slot: 0 });
      sim.clock.advanceMs(200);
      assert.deepEqual(news(sim), []);
    });

    it("once a second for an endpoint, whatever the evidence", () => {
      const sim = following([0]);
      order(sim, { type: "set-standing", slot: 0, standing: "healthy" });
      sim.host.tell({ type: "endpoint-ejected", slot: 0 });
      for (let i = 0; i < 190; i++) {
        sim.doubts.raise(0, 0, Doubt.Connect);
        sim.clock.advanceMs(10);
      }
      assert.deepEqual(news(sim), [
        { type: "doubted", slot: 0, evidence: "ejected" },
        { type: "doubted", slot: 0, evidence: "connect" },
      ]);
    });

    it("not what was seen before the mesh came, or against an endpoint that had the slot before", () => {
      const sim = new HealthSimulation();
      sim.assign(1, PLAN);
      sim.enter(PLAN, 0, facts(0));
      sim.clock.advanceMs(10);
      sim.doubts.raise(0, 0, Doubt.Connect);
      order(sim, { type: "follow-mesh" });
      sim.doubts.raise(0, 1, Doubt.Connect);
      sim.update({ kind: "delta", cluster: "c", baseVersion: 1, version: 2, removed: [], changed: facts(1) });
      sim.reports.length = 0;
      sim.clock.advanceMs(300);
      assert.deepEqual(news(sim), []);
    });
  });
});
