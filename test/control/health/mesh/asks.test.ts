// Probes out of turn: confirming ones, and those that passive evidence asks for.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { EndpointStanding } from "../../../../src/messages/checking.ts";
import { type Answer, checkedCluster, type HealthSimulation, httpCheck, outcome } from "../health-simulation.ts";
import { following, lastProbed, order, PREFIX, passing, probed } from "./following.ts";

describe("a confirming probe", () => {
  it("is one whole probe beside the schedule, with its number in the report", () => {
    const sim = following([0]);
    order(sim, { type: "begin-checks", slot: 0, dueInMs: 500, standing: "healthy" });
    ask(sim, "confirm", 7);
    sim.clock.advanceMs(400);
    assert.deepEqual(probed(sim), [passing({ cause: "confirm", ask: 7, nextInMs: 498 })]);
    assert.equal(sim.starts.get("0")?.length, 1);
    assert.equal(sim.probes.size, 1);
    sim.clock.advanceMs(200);
    assert.equal(lastProbed(sim)?.cause, "scheduled");
  });

  it("is made of an endpoint that is not probed by schedule, and nothing is scheduled by it", () => {
    const sim = following([0], { answers: { 0: outcome("network", { reason: "connection refused" }) } });
    order(sim, { type: "set-standing", slot: 0, standing: "healthy" });
    ask(sim, "confirm");
    sim.clock.advanceMs(2_000);
    assert.deepEqual(brief(sim), ["confirm failed unhealthy changed (connection refused)"]);
    assert.equal(lastProbed(sim)?.nextInMs, 0);
    assert.equal(sim.text(0), "healthy");
    assert.equal(sim.probes.size, 0);
    assert.deepEqual(sim.counts(PREFIX), { attempt: 1, failure: 1, network_failure: 1, healthy: 1 });
  });

  it("makes the machine unhealthy by one failure, and recovery takes the threshold", () => {
    const sim = onDuty("healthy", outcome("network"));
    confirm(sim);
    sim.script(0, outcome("success"));
    sim.clock.advanceMs(2_600);
    assert.deepEqual(brief(sim), [
      "confirm failed unhealthy changed (network)",
      "scheduled passed unhealthy",
      "scheduled passed healthy changed",
    ]);
  });

  it("makes the machine healthy by one success, counters at zero", () => {
    const sim = onDuty("healthy", outcome("network"));
    sim.clock.advanceMs(2_600); // two failures of three
    confirm(sim, outcome("success"));
    sim.script(0, outcome("network"));
    sim.clock.advanceMs(2_000);
    assert.equal(lastProbed(sim)?.standing, "healthy");
    sim.clock.advanceMs(1_000);
    assert.equal(lastProbed(sim)?.standing, "unhealthy");
    confirm(sim);
    confirm(sim, outcome("success"));
    assert.deepEqual(brief(sim).slice(-2), ["confirm failed unhealthy (network)", "confirm passed healthy changed"]);
  });

  it("does not set back by its failure a machine that is on its way to recovery", () => {
    const sim = onDuty("unhealthy", outcome("success"));
    sim.clock.advanceMs(1_100); // one pass of two
    confirm(sim, outcome("network"));
    sim.script(0, outcome("success"));
    sim.clock.advanceMs(1_000);
    assert.deepEqual(brief(sim), [
      "scheduled passed unhealthy",
      "confirm failed unhealthy (network)",
      "scheduled passed healthy changed",
    ]);
  });

  it("says degraded when the endpoint does", () => {
    const sim = onDuty("unhealthy", outcome("degraded"));
    confirm(sim);
    assert.deepEqual(brief(sim), ["confirm passed degraded changed"]);
  });

  it("is not mistaken when one probe is lost: a second one after 100 ms decides", () => {
    const sim = onDuty("healthy", "hang");
    ask(sim, "confirm");
    sim.clock.advanceMs(90);
    assert.equal(sim.starts.get("0")?.length, 1);
    sim.script(0, outcome("success"), 20);
    sim.clock.advanceMs(50);
    assert.deepEqual(brief(sim), ["confirm passed healthy"]);
    assert.deepEqual(sim.counts(PREFIX), { attempt: 2, success: 1 });
    assert.equal(sim.probes.size, 1); // the scheduled one's
  });

  it("times out when both do", () => {
    const sim = onDuty("healthy", "hang");
    ask(sim, "confirm");
    sim.clock.advanceMs(590);
    assert.deepEqual(brief(sim), []);
    sim.clock.advanceMs(20);
    assert.deepEqual(brief(sim), ["confirm failed unhealthy changed (timeout)"]);
    assert.deepEqual(sim.counts(PREFIX), { attempt: 2, failure: 2, network_failure: 2 });
  });

  it("begins the second one at once when the first has timed out before", () => {
    const sim = following([0], { plan: checkedCluster("c", [httpCheck({ timeoutMs: 40 })]), answers: { 0: "hang" } });
    order(sim, { type: "set-standing", slot: 0, standing: "healthy" });
    ask(sim, "confirm");
    sim.clock.advanceMs(60);
    assert.equal(sim.starts.get("0")?.length, 2);
    sim.clock.advanceMs(40);
    assert.deepEqual(brief(sim), ["confirm failed unhealthy changed (timeout)"]);
    sim.clock.advanceMs(300);
    assert.equal(sim.starts.get("0")?.length, 2);
  });

  it("fails by an answer to the second one that says no, though the first is open", () => {
    const sim = onDuty("healthy", "hang");
    confirm(sim);
    sim.script(0, outcome("network"), 10);
    sim.clock.advanceMs(100);
    assert.deepEqual(brief(sim), ["confirm failed unhealthy changed (network)"]);
  });

  it("asks every check, and fails when one fails", () => {
    const plan = checkedCluster("c", [httpCheck({ name: "a" }), httpCheck({ name: "b" })]);
    const sim = following([0], { plan });
    order(sim, { type: "set-standing", slot: 0, standing: "healthy" });
    sim.scriptCheck(0, "b", outcome("refused", { reason: "HTTP 503" }));
    confirm(sim);
    assert.deepEqual(brief(sim), ["confirm failed unhealthy changed (HTTP 503)"]);
    sim.scriptCheck(0, "b", outcome("success"));
    confirm(sim);
    assert.equal(brief(sim).at(-1), "confirm passed healthy");
  });

  it("goes on when the scheduled probes end meanwhile", () => {
    const sim = onDuty("healthy", "hang");
    ask(sim, "confirm");
    order(sim, { type: "end-checks", slot: 0 });
    sim.script(0, outcome("success"));
    sim.clock.advanceMs(150);
    assert.equal(lastProbed(sim)?.cause, "confirm");
    assert.equal(lastProbed(sim)?.nextInMs, 0);
    assert.equal(sim.probes.size, 0);
  });
});

describe("a probe for a doubt", () => {
  it("feeds the counters", () => {
    const sim = onDuty("healthy", outcome("network"));
    sim.clock.advanceMs(1_600); // one failure
    ask(sim, "doubt", 3);
    sim.clock.advanceMs(50);
    ask(sim, "doubt", 4);
    sim.clock.advanceMs(50);
    assert.deepEqual(brief(sim), [
      "scheduled failed healthy (network)",
      "doubt failed healthy (network)",
      "doubt failed unhealthy changed (network)",
    ]);
    assert.deepEqual(
      probed(sim).map(({ ask: number }) => number),
      [0, 3, 4],
    );
  });

  it("is one probe only, however long its answer takes", () => {
    const sim = onDuty("healthy", "hang");
    ask(sim, "doubt");
    sim.clock.advanceMs(600);
    assert.equal(sim.starts.get("0")?.length, 1);
    assert.deepEqual(brief(sim), ["doubt failed healthy (timeout)"]);
  });
});

/** Slot 0 is probed, first in one second; what it answers from now on. */
function onDuty(standing: EndpointStanding, answer: Answer): HealthSimulation {
  const sim = following([0], { answers: { 0: answer } });
  order(sim, { type: "begin-checks", slot: 0, dueInMs: 1_000, standing });
  return sim;
}

function ask(sim: HealthSimulation, cause: "confirm" | "doubt", number: number = 1): void {
  order(sim, { type: "check-once", slot: 0, ask: number, cause });
}

/** A confirming probe and its answer. */
function confirm(sim: HealthSimulation, answer: Answer | null = null): void {
  if (answer !== null) sim.script(0, answer);
  ask(sim, "confirm");
  sim.clock.advanceMs(50);
}

function brief(sim: HealthSimulation): string[] {
  return probed(sim).map(({ cause, passed, standing, changed, reason }) => {
    const why = reason === "" || passed ? "" : ` (${reason})`;
    return `${cause} ${passed ? "passed" : "failed"} ${standing}${changed ? " changed" : ""}${why}`;
  });
}
