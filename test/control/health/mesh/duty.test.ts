// Scheduled probes on the mesh's order: when they come, what the machine makes of them, and what is reported.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { EndpointStanding } from "../../../../src/messages/checking.ts";
import { checkedCluster, type HealthSimulation, httpCheck, outcome } from "../health-simulation.ts";
import { following, lastProbed, order, PREFIX, passing, probed } from "./following.ts";

describe("scheduled probes on order", () => {
  it("begin when they are due and go on by the interval, of nobody else", () => {
    const sim = following([0, 1]);
    const beganMs = begin(sim, 300, "healthy");
    sim.clock.advanceMs(2_600);
    assert.deepEqual(startsSince(sim, beganMs), [300, 1_300, 2_300]);
    assert.equal(sim.starts.has("1"), false);
    assert.deepEqual(sim.counts(PREFIX), { attempt: 3, success: 3 });
  });

  it("are reported with the wait for the next one", () => {
    const sim = following([0]);
    begin(sim, 0, "healthy");
    sim.clock.advanceMs(50);
    assert.deepEqual(probed(sim), [passing()]);
  });

  it("have the first one decide when nothing was known, either way", () => {
    const sim = following([0, 1], { answers: { 1: outcome("network", { reason: "connection refused" }) } });
    order(
      sim,
      { type: "begin-checks", slot: 0, dueInMs: 0, standing: null },
      { type: "begin-checks", slot: 1, dueInMs: 50, standing: null },
    );
    sim.clock.advanceMs(100);
    assert.deepEqual(
      probed(sim).map(({ slot, standing, changed, cause, reason }) => [slot, standing, changed, cause, reason]),
      [
        [0, "healthy", true, "first", ""],
        [1, "unhealthy", true, "first", "connection refused"],
      ],
    );
  });

  it("take over an unhealthy standing: it needs the healthy threshold", () => {
    const sim = following([0]);
    begin(sim, 0, "unhealthy");
    sim.clock.advanceMs(1_500);
    assert.deepEqual(brief(sim), ["scheduled passed unhealthy", "scheduled passed healthy changed"]);
  });

  it("take over a healthy standing: it takes the unhealthy threshold, or one answer that says no", () => {
    const sim = following([0, 1], { answers: { 0: outcome("network"), 1: outcome("refused") } });
    begin(sim, 0, "healthy");
    sim.clock.advanceMs(2_500);
    assert.deepEqual(brief(sim), [
      "scheduled failed healthy",
      "scheduled failed healthy",
      "scheduled failed unhealthy changed",
    ]);
    sim.reports.length = 0;
    order(sim, { type: "end-checks", slot: 0 }, { type: "begin-checks", slot: 1, dueInMs: 0, standing: "healthy" });
    sim.clock.advanceMs(100);
    assert.deepEqual(brief(sim), ["scheduled failed unhealthy changed"]);
  });

  it("say when the endpoint calls itself degraded, and when no longer", () => {
    const sim = following([0], { answers: { 0: outcome("degraded") } });
    begin(sim, 0, "healthy");
    sim.clock.advanceMs(500);
    sim.script(0, outcome("success"));
    sim.clock.advanceMs(1_000);
    assert.deepEqual(brief(sim), ["scheduled passed degraded changed", "scheduled passed healthy changed"]);
  });

  it("change neither flags nor gauges", () => {
    const sim = following([0], { answers: { 0: outcome("refused") } });
    order(sim, { type: "set-standing", slot: 0, standing: "healthy" });
    begin(sim, 0, "healthy");
    sim.clock.advanceMs(3_000);
    assert.equal(lastProbed(sim)?.standing, "unhealthy");
    assert.equal(sim.text(0), "healthy");
    assert.deepEqual(sim.counts(PREFIX), { attempt: 3, failure: 3, healthy: 1 });
  });

  it("only move their schedule when they are ordered again: counters go on", () => {
    const sim = following([0], { answers: { 0: outcome("network") } });
    const beganMs = begin(sim, 0, "healthy");
    sim.clock.advanceMs(100);
    begin(sim, 2_000, "healthy");
    sim.clock.advanceMs(3_200);
    assert.deepEqual(startsSince(sim, beganMs), [0, 2_100, 3_100]);
    assert.equal(lastProbed(sim)?.standing, "unhealthy");
  });

  it("leave a probe that runs alone when their schedule moves", () => {
    const sim = following([0], { answers: { 0: "hang" } });
    begin(sim, 0, "healthy");
    sim.clock.advanceMs(100);
    begin(sim, 200, "healthy");
    sim.clock.advanceMs(500);
    assert.deepEqual(
      probed(sim).map(({ nextInMs }) => nextInMs),
      [1_000],
    );
  });

  it("end at once, with a probe that runs", () => {
    const sim = following([0], { answers: { 0: "hang" } });
    begin(sim, 0, "healthy");
    sim.clock.advanceMs(100);
    order(sim, { type: "end-checks", slot: 0 }, { type: "end-checks", slot: 0 });
    sim.clock.advanceMs(3_000);
    assert.equal(sim.probes.size, 0);
    assert.deepEqual(probed(sim), []);
    assert.deepEqual(sim.counts(PREFIX), { attempt: 1 });
  });

  it("of more than a thousand at once follow at a rate", () => {
    const slots = Array.from({ length: 1_500 }, (_, slot) => slot);
    const sim = following(slots);
    order(sim, ...slots.map((slot) => ({ type: "begin-checks", slot, dueInMs: 0, standing: null }) as const));
    assert.equal(sim.counts(PREFIX)["attempt"], 1_000);
    sim.clock.advanceMs(150);
    assert.equal(sim.counts(PREFIX)["attempt"], 1_500);
  });

  describe("under several checks", () => {
    const PLAN_OF_TWO = checkedCluster("c", [httpCheck({ name: "a" }), httpCheck({ name: "b", intervalMs: 2_000 })]);

    it("are reported once each of them has spoken, and fail when one fails", () => {
      const sim = following([0], { plan: PLAN_OF_TWO });
      sim.scriptCheck(0, "b", "hang");
      begin(sim, 0, null);
      sim.clock.advanceMs(400);
      assert.deepEqual(probed(sim), []);
      sim.clock.advanceMs(200);
      assert.deepEqual(brief(sim), ["first failed unhealthy changed"]);
      assert.equal(lastProbed(sim)?.nextInMs, 501); // of check a, which ended first
      assert.equal(sim.counts(`${PREFIX}name.b.`)["network_failure"], 1);
    });

    it("are healthy again when the one that failed passes", () => {
      const sim = following([0], { plan: PLAN_OF_TWO });
      sim.scriptCheck(0, "a", outcome("refused"));
      begin(sim, 0, "healthy");
      sim.clock.advanceMs(100);
      assert.equal(lastProbed(sim)?.standing, "unhealthy");
      sim.scriptCheck(0, "a", outcome("success"));
      sim.clock.advanceMs(2_200);
      assert.equal(lastProbed(sim)?.standing, "healthy");
    });
  });

  describe("without traffic", () => {
    it("wait for the no-traffic interval until some node of the mesh has any", () => {
      const sim = following([0]);
      sim.traffic.clear();
      const beganMs = begin(sim, 0, "healthy");
      sim.clock.advanceMs(5_000);
      assert.deepEqual(startsSince(sim, beganMs), [0]);
      assert.equal(lastProbed(sim)?.nextInMs, 60_000);
      order(sim, { type: "set-traffic", row: 0, hasTraffic: true });
      sim.clock.advanceMs(3_100);
      assert.equal(sim.starts.get("0")?.length, 4);
      assert.equal(lastProbed(sim)?.nextInMs, 1_000);
      order(sim, { type: "set-traffic", row: 0, hasTraffic: false });
      sim.clock.advanceMs(1_000);
      assert.equal(lastProbed(sim)?.nextInMs, 60_000);
    });

    it("do not move when traffic comes to a cluster that has some here, or to another one", () => {
      const sim = following([0]);
      begin(sim, 900, "healthy");
      order(
        sim,
        { type: "set-traffic", row: 0, hasTraffic: true },
        { type: "set-traffic", row: 7, hasTraffic: true },
        { type: "set-traffic", row: 7, hasTraffic: false },
      );
      sim.clock.advanceMs(890);
      assert.equal(sim.starts.size, 0);
    });
  });

  it("write failures and passes that the check wants logged, and the first failure of one that nobody knew", () => {
    const logged = { eventLogPaths: ["/log"], alwaysLogSuccess: true };
    const sim = following([0], { plan: checkedCluster("c", [httpCheck(logged)]), answers: { 0: outcome("network") } });
    begin(sim, 0, null);
    sim.clock.advanceMs(500);
    sim.script(0, outcome("success"));
    sim.clock.advanceMs(1_000);
    assert.deepEqual(sim.eventKinds("/log"), [
      'health_check_failure_event {"failure_type":"NETWORK","first_check":true,"http_status_code":0}',
      "successful_health_check_event {}",
    ]);
  });

  it("count what verify_cluster compared", () => {
    const sim = following([0], { answers: { 0: outcome("success", { verifiedCluster: true }) } });
    begin(sim, 0, "healthy");
    sim.clock.advanceMs(10);
    assert.equal(sim.counts(PREFIX)["verify_cluster"], 1);
  });
});

/** Orders checks of slot 0; answers with the time. */
function begin(sim: HealthSimulation, dueInMs: number, standing: EndpointStanding | null): number {
  order(sim, { type: "begin-checks", slot: 0, dueInMs, standing });
  return sim.clock.nowMs();
}

function startsSince(sim: HealthSimulation, sinceMs: number): number[] {
  return (sim.starts.get("0") ?? []).map((ms) => roundTo100(ms - sinceMs));
}

function roundTo100(ms: number): number {
  return Math.round(ms / 100) * 100;
}

function brief(sim: HealthSimulation): string[] {
  return probed(sim).map(
    ({ cause, passed, standing, changed }) =>
      `${cause} ${passed ? "passed" : "failed"} ${standing}${changed ? " changed" : ""}`,
  );
}
