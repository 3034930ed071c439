import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { HealthFlag } from "../../../../src/telemetry/health-table.ts";
import { OutlierWorld, ROW } from "./outlier-world.ts";

/** A lone endpoint that is ejected at the second 5xx, for two seconds, looked at every second. */
const quick = { consecutive5xx: 2, maxEjectionPercent: 100, intervalMs: 1_000, baseEjectionTimeMs: 2_000 };

describe("outlier detection: consecutive failures", () => {
  it("ejects at the threshold, says so and lets in again at the first interval after its time", () => {
    const world = new OutlierWorld(quick);
    const generation = world.tables.health.generation(ROW);
    world.answer(0, 500);
    assert.deepEqual(world.ejected(), []);
    world.clock.advanceMs(300);
    world.answer(0, 503);
    assert.deepEqual(world.ejected(), [0]);
    assert.equal(world.tables.health.generation(ROW), generation + 1);
    assert.deepEqual(world.counts(), {
      ejections_active: 1,
      ejections_consecutive_5xx: 1,
      ejections_detected_consecutive_5xx: 1,
      ejections_enforced_consecutive_5xx: 1,
      ejections_enforced_total: 1,
      ejections_total: 1,
    });
    world.clock.advanceMs(2_500);
    assert.deepEqual(world.ejected(), [0]);
    world.clock.advanceMs(300);
    assert.deepEqual(world.ejected(), []);
    assert.equal(world.tables.health.generation(ROW), generation + 2);
    assert.equal(world.count("ejections_active"), 0);
    assert.equal(world.count("ejections_total"), 1);
    assert.deepEqual(world.told, ["CONSECUTIVE_5XX 1 127.0.0.1:80", "returned 127.0.0.1:80"]);
  });

  it("writes Envoy's lines", () => {
    const world = new OutlierWorld(quick);
    world.answer(0, 500, 2);
    world.clock.advanceMs(2_030);
    const common = '"cluster_name":"c","upstream_url":"127.0.0.1:80"';
    assert.deepEqual(world.lines, [
      `{"type":"CONSECUTIVE_5XX","timestamp":"2026-11-21T07:14:00.123Z",${common},"action":"EJECT","num_ejections":1,` +
        '"enforced":true,"eject_consecutive_event":{}}',
      `{"type":"CONSECUTIVE_5XX","timestamp":"2026-11-21T07:14:02.143Z","secs_since_last_action":"2",${common},` +
        '"action":"UNEJECT","num_ejections":1,"enforced":false}',
    ]);
  });

  it("begins a new row after each ejection and after each detection that was not enforced", () => {
    const world = new OutlierWorld({ ...quick, enforcingConsecutive5xx: 0 });
    world.answer(0, 500, 5);
    assert.deepEqual(world.ejected(), []);
    assert.deepEqual(world.counts(), {
      ejections_consecutive_5xx: 2,
      ejections_detected_consecutive_5xx: 2,
      ejections_total: 2,
    });
    assert.deepEqual(world.events("action", "num_ejections", "enforced"), [
      ["EJECT", 0, false],
      ["EJECT", 0, false],
    ]);
  });

  it("enforces the share that the plan says", () => {
    const world = new OutlierWorld({ ...quick, enforcingConsecutive5xx: 30, baseEjectionTimeMs: 0 });
    for (let i = 0; i < 1_000; i++) {
      world.answer(0, 500, 2);
      world.clock.advanceMs(1_010);
    }
    assert.equal(world.count("ejections_detected_consecutive_5xx"), 1_000);
    const enforced = world.count("ejections_enforced_consecutive_5xx");
    assert.ok(enforced > 250 && enforced < 350, `${enforced} of 1000`);
  });

  it("finds gateway failures but does not act on them unless the plan says so", () => {
    const plan = { ...quick, consecutive5xx: 9, consecutiveGatewayFailure: 2 };
    const lax = new OutlierWorld(plan);
    lax.answer(0, 502, 2);
    assert.deepEqual(lax.ejected(), []);
    assert.deepEqual(lax.counts(), { ejections_detected_consecutive_gateway_failure: 1 });
    const strict = new OutlierWorld({ ...plan, enforcingConsecutiveGatewayFailure: 100 });
    strict.answer(0, 502, 2);
    assert.deepEqual(strict.ejected(), [0]);
    assert.deepEqual(strict.counts(), {
      ejections_active: 1,
      ejections_detected_consecutive_gateway_failure: 1,
      ejections_enforced_consecutive_gateway_failure: 1,
      ejections_enforced_total: 1,
    });
    assert.deepEqual(strict.events("type"), [["CONSECUTIVE_GATEWAY_FAILURE"]]);
  });

  it("finds an endpoint that is ejected no second time, whatever it answers in a panic", () => {
    const world = new OutlierWorld({ ...quick, consecutiveGatewayFailure: 2, enforcingConsecutiveGatewayFailure: 100 });
    world.answer(0, 503, 9);
    assert.equal(world.count("ejections_detected_consecutive_gateway_failure"), 1);
    assert.equal(world.count("ejections_detected_consecutive_5xx"), 0);
    assert.equal(world.count("ejections_enforced_total"), 1);
    world.clock.advanceMs(2_020);
    assert.deepEqual(world.ejected(), []);
    world.answer(0, 500);
    assert.deepEqual(world.ejected(), [], "the row began anew");
    world.answer(0, 500);
    assert.deepEqual(world.ejected(), [0]);
  });

  it("tells connections from answers when the plan does", () => {
    const world = new OutlierWorld({
      ...quick,
      consecutiveLocalOriginFailure: 2,
      splitExternalLocalOriginErrors: true,
    });
    world.connect(0, false);
    world.answer(0, 500);
    world.connect(0, true);
    world.connect(0, false);
    assert.deepEqual(world.ejected(), []);
    world.connect(0, false);
    assert.deepEqual(world.ejected(), [0]);
    assert.deepEqual(world.events("type"), [["CONSECUTIVE_LOCAL_ORIGIN_FAILURE"]]);
    assert.deepEqual(world.counts(), {
      ejections_active: 1,
      ejections_detected_consecutive_local_origin_failure: 1,
      ejections_enforced_consecutive_local_origin_failure: 1,
      ejections_enforced_total: 1,
    });
  });
});

describe("outlier detection: how many", () => {
  interface Case {
    readonly title: string;
    readonly plan: { readonly maxEjectionPercent: number; readonly alwaysEjectOneHost?: boolean };
    readonly size: number;
    readonly ejected: number;
    readonly overflow: number;
  }
  const CASES: readonly Case[] = [
    { title: "none of two at 10 %", plan: { maxEjectionPercent: 10 }, size: 2, ejected: 0, overflow: 2 },
    { title: "one of two at 50 %", plan: { maxEjectionPercent: 50 }, size: 2, ejected: 1, overflow: 1 },
    { title: "one of ten at 10 %", plan: { maxEjectionPercent: 10 }, size: 10, ejected: 1, overflow: 9 },
    { title: "two of three at 67 %", plan: { maxEjectionPercent: 67 }, size: 3, ejected: 2, overflow: 1 },
    { title: "all at 100 %", plan: { maxEjectionPercent: 100 }, size: 3, ejected: 3, overflow: 0 },
    { title: "none at 0 %", plan: { maxEjectionPercent: 0 }, size: 3, ejected: 0, overflow: 3 },
    {
      title: "always one when the plan says so",
      plan: { maxEjectionPercent: 0, alwaysEjectOneHost: true },
      size: 3,
      ejected: 1,
      overflow: 2,
    },
  ];
  for (const { title, plan, size, ejected, overflow } of CASES) {
    it(`ejects ${title}`, () => {
      const world = new OutlierWorld({ ...quick, ...plan }, size);
      for (let slot = 0; slot < size; slot++) world.answer(slot, 500, 2);
      assert.equal(world.ejected().length, ejected);
      assert.equal(world.count("ejections_active"), ejected);
      assert.equal(world.count("ejections_overflow"), overflow);
      assert.equal(world.count("ejections_detected_consecutive_5xx"), size);
      assert.equal(world.lines.length, ejected);
    });
  }
});

describe("outlier detection: how long", () => {
  /** Ejects the endpoint now; how many whole seconds it takes until it is let in. */
  function sentence(world: OutlierWorld): number {
    world.answer(0, 500, 2);
    assert.deepEqual(world.ejected(), [0]);
    const startMs = world.clock.nowMs();
    while (world.ejected().length > 0) world.clock.advanceMs(10);
    return Math.floor((world.clock.nowMs() - startMs) / 1_000);
  }

  it("grows by the base time with each ejection, up to the greatest", () => {
    const world = new OutlierWorld({ ...quick, intervalMs: 100, maxEjectionTimeMs: 5_000 });
    const times = [1, 2, 3, 4].map(() => sentence(world));
    assert.deepEqual(times, [2, 4, 5, 5]);
    assert.deepEqual(world.events("num_ejections", "secs_since_last_action").slice(0, 4), [
      [1, undefined],
      [1, "2"],
      [2, "0"],
      [2, "4"],
    ]);
  });

  it("shrinks with each interval without an ejection", () => {
    const world = new OutlierWorld({ ...quick, intervalMs: 1_000 });
    assert.deepEqual([sentence(world), sentence(world), sentence(world)], [2, 4, 6]);
    world.clock.advanceMs(1_010);
    assert.equal(sentence(world), 6);
    world.clock.advanceMs(2_020);
    assert.equal(sentence(world), 4);
    world.clock.advanceMs(60_000);
    assert.equal(sentence(world), 2);
    assert.equal(world.events("num_ejections").at(-1)?.[0], 6);
  });

  it("is longer by up to the jitter", () => {
    const jitter = { maxEjectionTimeJitterMs: 8_000, maxEjectionTimeMs: 2_000 };
    const world = new OutlierWorld({ ...quick, ...jitter, intervalMs: 10 });
    const times = new Set(Array.from({ length: 60 }, () => sentence(world)));
    assert.deepEqual([...times].sort((a, z) => a - z).slice(0, 8), [2, 3, 4, 5, 6, 7, 8, 9]);
    assert.ok(Math.max(...times) <= 10);
  });

  it("ends with an active check that goes well", () => {
    const world = new OutlierWorld(quick);
    world.answer(0, 500, 2);
    world.tell({ type: "active-check-passed", row: ROW, slot: 0 });
    assert.deepEqual(world.ejected(), []);
    assert.deepEqual(world.events("action"), [["EJECT"], ["UNEJECT"]]);
    world.tell({ type: "active-check-passed", row: ROW, slot: 0 });
    assert.equal(world.lines.length, 2);
  });

  it("does not end with one when the plan says so, nor while the endpoint fails its checks", () => {
    const stubborn = new OutlierWorld({ ...quick, successfulActiveCheckUnejects: false });
    const failing = new OutlierWorld(quick);
    failing.tables.health.set(0, HealthFlag.FailedActiveHc);
    for (const world of [stubborn, failing]) {
      world.answer(0, 500, 2);
      world.tell({ type: "active-check-passed", row: ROW, slot: 0 });
      assert.deepEqual(world.ejected(), [0]);
    }
  });
});

describe("outlier detection: what the runtime says", () => {
  it("holds from the next failure, ejection and interval on", () => {
    const world = new OutlierWorld({ ...quick, maxEjectionPercent: 0 });
    world.answer(0, 500, 2);
    assert.equal(world.count("ejections_overflow"), 1);
    world.runtime.set("outlier_detection.max_ejection_percent", "500");
    world.runtime.set("outlier_detection.consecutive_5xx", "3");
    world.answer(0, 500, 2);
    assert.deepEqual(world.ejected(), []);
    world.answer(0, 500);
    assert.deepEqual(world.ejected(), [0]);
    world.runtime.set("outlier_detection.base_ejection_time_ms", "5000");
    world.clock.advanceMs(4_900);
    assert.deepEqual(world.ejected(), [0]);
    world.clock.advanceMs(200);
    assert.deepEqual(world.ejected(), []);
    world.runtime.clear();
    world.answer(0, 500, 2);
    assert.deepEqual([world.ejected(), world.count("ejections_overflow")], [[], 2]);
  });

  it("enforces its shares, and sets the pace from the next interval on", () => {
    const world = new OutlierWorld(quick);
    world.runtime.set("outlier_detection.enforcing_consecutive_5xx", "0");
    world.answer(0, 500, 2);
    assert.deepEqual([world.ejected(), world.events("enforced")], [[], [[false]]]);
    world.runtime.set("outlier_detection.enforcing_consecutive_5xx", "100");
    world.runtime.set("outlier_detection.interval_ms", "10000");
    world.clock.advanceMs(1_010);
    world.answer(0, 500, 2);
    world.clock.advanceMs(9_900);
    assert.deepEqual(world.ejected(), [0], "its two seconds are over, and nobody looks");
    world.clock.advanceMs(200);
    assert.deepEqual(world.ejected(), []);
  });
});
