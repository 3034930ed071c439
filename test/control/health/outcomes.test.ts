// What outcomes change: flags, counters, events. The rows of Envoy's captures are golden.test.ts; here is what they do not show.
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { HealthCheckPlan } from "../../../src/config/plan/health-check.ts";
import type { ProbeOutcome } from "../../../src/control/health/probe.ts";
import { HealthFlag } from "../../../src/telemetry/health-table.ts";
import { endpoint } from "../../support/cluster-plans.ts";
import { type Answer, checkedCluster, HealthSimulation, httpCheck, numbered, outcome } from "./health-simulation.ts";

const PREFIX = "cluster.c.health_check.";
const LOG = "/tmp/events.log";

describe("an outcome of a probe", () => {
  describe("of a response with x-envoy-immediate-health-check-fail", () => {
    it("fails the endpoint at once and excludes it until enough probes passed", () => {
      const sim = one([httpCheck({ eventLogPaths: [LOG], alwaysLogFailures: true })]);
      sim.clock.advanceMs(500);
      sim.host.tell({ type: "passive-failure-seen", row: 0, slot: 0, count: 1 });
      assert.equal(sim.text(0), "/failed_active_hc/excluded_via_immediate_hc_fail");
      assert.deepEqual(sim.counts(PREFIX), { attempt: 1, success: 1, failure: 1, passive_failure: 1 });
      sim.clock.advanceMs(1_000);
      assert.equal(sim.text(0), "/failed_active_hc/excluded_via_immediate_hc_fail");
      sim.clock.advanceMs(1_000);
      assert.equal(sim.text(0), "healthy");
      assert.deepEqual(sim.eventKinds(LOG), [
        'add_healthy_event {"first_check":true}',
        'eject_unhealthy_event {"failure_type":"PASSIVE","http_status_code":0}',
        'health_check_failure_event {"failure_type":"PASSIVE","first_check":false,"http_status_code":0}',
        'add_healthy_event {"first_check":false}',
      ]);
    });

    it("counts when the endpoint is failed already, and excludes it", () => {
      const sim = one([httpCheck()], outcome("refused"));
      sim.clock.advanceMs(500);
      sim.host.tell({ type: "passive-failure-seen", row: 0, slot: 0, count: 1 });
      assert.equal(sim.text(0), "/failed_active_hc/excluded_via_immediate_hc_fail");
      assert.deepEqual(sim.counts(PREFIX), { attempt: 1, failure: 2, passive_failure: 1 });
    });

    it("counts each of several that were seen at once", () => {
      const sim = one([httpCheck()]);
      sim.clock.advanceMs(500);
      sim.host.tell({ type: "passive-failure-seen", row: 0, slot: 0, count: 3 });
      assert.deepEqual(sim.counts(PREFIX), { attempt: 1, success: 1, failure: 3, passive_failure: 3 });
    });

    it("does not move the next probe", () => {
      const sim = one([httpCheck()]);
      sim.clock.advanceMs(500);
      sim.host.tell({ type: "passive-failure-seen", row: 0, slot: 0, count: 1 });
      sim.clock.advanceMs(1_600);
      assert.deepEqual(sim.starts.get("0")?.map(inTenths), [0, 10, 20]);
    });

    it("of an endpoint that is not checked changes nothing", () => {
      const sim = one([httpCheck()]);
      sim.host.tell({ type: "passive-failure-seen", row: 0, slot: 77, count: 1 });
      sim.host.tell({ type: "passive-failure-seen", row: 9, slot: 0, count: 1 });
      assert.deepEqual(sim.counts(PREFIX), { attempt: 1 });
    });

    it("whose worker died before it said so is forgotten after enough passes", () => {
      const sim = one([httpCheck()]);
      sim.clock.advanceMs(500);
      sim.flags[0] = HealthFlag.FailedActiveHc | HealthFlag.ExcludedViaImmediateHcFail;
      sim.clock.advanceMs(1_000);
      assert.equal(sim.text(0), "/failed_active_hc/excluded_via_immediate_hc_fail");
      sim.clock.advanceMs(1_000);
      assert.equal(sim.text(0), "healthy");
      assert.deepEqual(sim.counts(PREFIX), { attempt: 3, success: 3, healthy: 1 });
    });
  });

  // The values of these two are those of a live Envoy 1.40.
  describe("of a cluster with two checks", () => {
    const checks = [
      httpCheck({ name: "one", unhealthyThreshold: 2 }),
      httpCheck({ name: "two", unhealthyThreshold: 2 }),
    ];

    it("fails the endpoint when one check says so, each counting by itself", () => {
      const sim = one(checks);
      sim.clock.advanceMs(1_500);
      assert.deepEqual(gauges(sim), { healthy: 1, "name.one.healthy": 1, "name.two.healthy": 1 });
      sim.scriptCheck(0, "two", outcome("refused"));
      sim.clock.advanceMs(1_000);
      assert.equal(sim.text(0), "/failed_active_hc");
      assert.deepEqual(gauges(sim), { "name.one.healthy": 1 });
      sim.scriptCheck(0, "two", outcome("success"));
      sim.clock.advanceMs(2_000);
      assert.equal(sim.text(0), "healthy");
      assert.deepEqual(gauges(sim), { healthy: 1, "name.one.healthy": 1, "name.two.healthy": 1 });
      sim.scriptCheck(0, "two", outcome("degraded"));
      sim.clock.advanceMs(1_000);
      assert.equal(sim.text(0), "/degraded_active_hc");
      sim.scriptCheck(0, "two", outcome("success"));
      sim.clock.advanceMs(1_000);
      assert.equal(sim.text(0), "healthy");
      assert.deepEqual(gauges(sim), {
        healthy: 1,
        "name.one.healthy": 1,
        "name.two.degraded": 1,
        "name.two.healthy": 1,
      });
    });

    it("makes the endpoint healthy when both pass, whichever was last", () => {
      const sim = one(checks, outcome("refused"));
      sim.clock.advanceMs(500);
      sim.scriptCheck(0, "one", outcome("success"));
      sim.clock.advanceMs(2_000);
      assert.equal(sim.text(0), "/failed_active_hc");
      assert.deepEqual(gauges(sim), { "name.one.healthy": 1 });
      sim.scriptCheck(0, "two", outcome("success"));
      sim.clock.advanceMs(2_000);
      assert.equal(sim.text(0), "healthy");
      assert.deepEqual(sim.counts(`${PREFIX}name.two.`), { attempt: 5, failure: 3, success: 2, healthy: 1 });
    });

    it("is warm when both have had an outcome, and the last one of them takes a passive failure", () => {
      const sim = new HealthSimulation();
      sim.scriptCheck(0, "two", "hang");
      enter(sim, checks);
      sim.clock.advanceMs(400);
      assert.deepEqual(sim.warmed, []);
      sim.scriptCheck(0, "two", outcome("success"));
      sim.clock.advanceMs(5_000);
      assert.deepEqual(sim.warmed, ["c 1"]);
      sim.host.tell({ type: "passive-failure-seen", row: 0, slot: 0, count: 1 });
      assert.equal(sim.stats.get(`${PREFIX}name.two.passive_failure`), 1);
      assert.deepEqual(gauges(sim), { "name.one.healthy": 1 });
    });
  });

  it("takes /active_hc_timeout away when an endpoint that is out fails in another way", () => {
    const sim = one([httpCheck()], "hang");
    sim.clock.advanceMs(1_000);
    assert.equal(sim.text(0), "/failed_active_hc/active_hc_timeout");
    sim.script(0, outcome("network"));
    sim.clock.advanceMs(1_000);
    assert.equal(sim.text(0), "/failed_active_hc");
  });

  it("takes /pending_active_hc away with the first one", () => {
    const sim = new HealthSimulation();
    sim.flags[0] = HealthFlag.PendingActiveHc;
    enter(sim, [httpCheck()], outcome("refused"));
    assert.equal(sim.text(0), "/failed_active_hc/pending_active_hc");
    sim.clock.advanceMs(10);
    assert.equal(sim.text(0), "/failed_active_hc");
  });

  it("of a first probe that fails is an event, of a later one only when all are asked for", () => {
    const sim = one([httpCheck({ eventLogPaths: [LOG] })], outcome("network"));
    sim.clock.advanceMs(2_500);
    assert.deepEqual(sim.eventKinds(LOG), [
      'health_check_failure_event {"failure_type":"NETWORK","first_check":true,"http_status_code":0}',
    ]);
  });

  it("uses the edge intervals between thresholds once the cluster has traffic", () => {
    const check = httpCheck({ unhealthyIntervalMs: 2_000, unhealthyEdgeIntervalMs: 300, healthyEdgeIntervalMs: 400 });
    const sim = one([check]);
    sim.clock.advanceMs(500);
    sim.script(0, outcome("network"));
    sim.clock.advanceMs(2_000);
    sim.script(0, outcome("success"));
    sim.clock.advanceMs(3_000);
    // Failures at 1.0, 1.3 and 1.6 s put it out; 2 s later it passes, and 0.4 s after that it is back for a whole interval.
    assert.deepEqual(sim.starts.get("0")?.map(inTenths), [0, 10, 13, 16, 36, 40, 50]);
  });

  it("logs what changes, with the reason, and not the first verdict of a healthy one", () => {
    const sim = one([httpCheck()]);
    sim.clock.advanceMs(500);
    sim.script(0, outcome("refused", { reason: "HTTP 506" }));
    sim.clock.advanceMs(2_000);
    sim.script(0, outcome("success"));
    sim.clock.advanceMs(3_000);
    assert.deepEqual(sim.logs, [
      "127.0.0.1:80 of cluster c is unhealthy: HTTP 506",
      "127.0.0.1:80 of cluster c is healthy again",
    ]);
  });

  it("logs the first of a crowd only", () => {
    const sim = new HealthSimulation();
    enter(sim, [httpCheck()], outcome("success"), 500);
    sim.clock.advanceMs(500);
    for (let slot = 0; slot < 500; slot++) sim.script(slot, outcome("refused"));
    sim.clock.advanceMs(1_000);
    assert.equal(sim.counts(PREFIX)["healthy"], undefined);
    assert.equal(sim.logs.length, 50);
  });

  it("keeps counters, gauges and flags in step whatever comes", () => {
    const kinds: ProbeOutcome["kind"][] = ["success", "degraded", "refused", "retriable", "network", "timeout"];
    const steps = fc.array(
      fc.constantFrom<Answer | "passive">(...kinds.map((kind) => outcome(kind)), "hang", "passive"),
      {
        maxLength: 30,
      },
    );
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 3 }), (answers, count) => {
        const names = ["a", "b", "c"].slice(0, count);
        const sim = one(names.map((name) => httpCheck({ name })));
        for (const [index, answer] of answers.entries()) {
          tell(sim, names[index % count] as string, answer);
          sim.clock.advanceMs(370);
          checkBooks(sim, names);
        }
      }),
    );
  });
});

/** The whole of a cluster `c` with one endpoint must fit together at any time. */
function checkBooks(sim: HealthSimulation, names: readonly string[]): void {
  const isFailed = (name: string): boolean => sim.stats.get(`${PREFIX}name.${name}.healthy`) === 0;
  for (const name of names) {
    const { attempt = 0, success = 0, failure = 0, ...more } = sim.counts(`${PREFIX}name.${name}.`);
    const running = [...sim.probes.values()].filter(({ target, isRunning }) => target.check.name === name && isRunning);
    assert.equal(attempt, success + failure - (more["passive_failure"] ?? 0) + running.length);
    assert.ok((more["network_failure"] ?? 0) + (more["passive_failure"] ?? 0) <= failure);
    assert.ok((more["healthy"] ?? 0) <= 1);
  }
  const flags = sim.flags[0] as number;
  assert.equal((flags & HealthFlag.FailedActiveHc) !== 0, names.some(isFailed));
  const total = gauges(sim);
  assert.equal(total["healthy"] ?? 0, names.length > 1 && !names.some(isFailed) ? 1 : 0);
  const isDegraded = names.length > 1 && (flags & HealthFlag.DegradedActiveHc) !== 0;
  assert.equal(total["degraded"] ?? 0, isDegraded ? 1 : 0);
  const isOut = HealthFlag.ActiveHcTimeout | HealthFlag.ExcludedViaImmediateHcFail;
  assert.ok((flags & isOut) === 0 || (flags & HealthFlag.FailedActiveHc) !== 0 || names.length > 1);
}

function tell(sim: HealthSimulation, check: string, answer: Answer | "passive"): void {
  if (answer === "passive") sim.host.tell({ type: "passive-failure-seen", row: 0, slot: 0, count: 1 });
  else sim.scriptCheck(0, check, answer);
}

/** Cluster `c` of row 0 with traffic and one endpoint, of slot 0. */
function one(checks: readonly HealthCheckPlan[], answer: Answer = outcome("success")): HealthSimulation {
  const sim = new HealthSimulation();
  enter(sim, checks, answer);
  return sim;
}

function enter(
  sim: HealthSimulation,
  checks: readonly HealthCheckPlan[],
  answer?: Answer,
  endpoints: number = 1,
): void {
  const plan = checkedCluster("c", checks);
  sim.traffic.add(0);
  if (answer !== undefined) sim.script(0, answer);
  sim.assign(1, plan);
  sim.enter(
    plan,
    0,
    Array.from({ length: endpoints }, (_, slot) => numbered(endpoint(80 + slot), slot)),
  );
}

function gauges(sim: HealthSimulation): Record<string, number> {
  const named = [...sim.stats].filter(([name, value]) => /\.(healthy|degraded)$/.test(name) && value !== 0);
  return Object.fromEntries(named.map(([name, value]) => [name.slice(PREFIX.length), value]).sort());
}

function inTenths(ms: number): number {
  return Math.round(ms / 100);
}
