import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { EndpointPlan } from "../../../src/config/plan/cluster.ts";
import type { EndpointSetFull } from "../../../src/config/plan/endpoint-set.ts";
import { HealthFlag } from "../../../src/telemetry/health-table.ts";
import { createNodeMemory } from "../../../src/telemetry/node-memory.ts";
import { clusterPlan, endpoint, namesFound } from "../../support/cluster-plans.ts";
import { UpstreamBench } from "./support/upstream-bench.ts";

function setOf(version: number, ...endpoints: readonly EndpointPlan[]): EndpointSetFull {
  const numbered = endpoints.map((plan) => ({ ...plan, slot: plan.address.kind === "socket" ? plan.address.port : 0 }));
  return { kind: "full", cluster: "c", row: 2, version, endpoints: numbered };
}

function ports(b: UpstreamBench, count: number): number[] {
  const found = Array.from({ length: count }, () => {
    const request = b.openNow();
    b.codecs.made.findLast((codec) => codec.openExchanges() > 0)?.finish();
    return request.port;
  });
  return [...new Set(found)].sort((a, z) => a - z);
}

function finish(b: UpstreamBench): void {
  for (const codec of b.codecs.made) while (codec.openExchanges() > 0) codec.finish();
  b.manager.close();
  b.clock.advanceMs(1_000);
  assert.equal(b.dialer.open(), 0);
  assert.equal(b.clock.wheel.size, 0);
}

describe("cluster manager", () => {
  it("rotates over the endpoints of a static cluster", () => {
    const b = new UpstreamBench([clusterPlan("c", [endpoint(81), endpoint(82), endpoint(83)])]);
    assert.deepEqual(ports(b, 3), [81, 82, 83]);
    finish(b);
  });

  it("knows no cluster that the plan does not name", () => {
    const b = new UpstreamBench([clusterPlan("c", [])]);
    assert.equal(b.manager.cluster("other"), null);
  });

  it("says that there is no healthy upstream when a cluster is empty, with Envoy's counts", () => {
    for (const plan of [clusterPlan("c", []), clusterPlan("c", [], { discovery: namesFound() })]) {
      const b = new UpstreamBench([plan]);
      assert.deepEqual(b.open().failure, { kind: "no_healthy_upstream", transportText: "", endpoint: null });
      assert.deepEqual(b.used(), { upstream_cx_none_healthy: 1, lb_healthy_panic: 1 });
      finish(b);
    }
  });

  it("picks again for a request that avoids an endpoint, as often as it asks", () => {
    const b = new UpstreamBench([clusterPlan("c", [endpoint(81), endpoint(82)], { balancer: { kind: "random" } })]);
    const first = b.openNow().stream?.endpoint;
    assert.ok(first !== undefined);
    for (let i = 0; i < 20; i++) {
      const retry = b.open({ repicksMax: 10, avoids: (one) => one === first });
      if (retry.outcome === "waiting") b.dialer.last().connect();
      b.codecs.made.find((codec) => codec.openExchanges() > 0 && codec !== b.codecs.codec(0))?.finish();
      assert.notEqual(retry.stream?.endpoint, first);
    }
    const only = new UpstreamBench([clusterPlan("c", [endpoint(81)])]);
    const tried = only.openNow().stream?.endpoint;
    assert.ok(tried !== undefined);
    only.open({ repicksMax: 10, avoids: () => true });
    assert.equal(only.dialer.channels.length, 2, "a tried one is better than none");
    finish(b);
    finish(only);
  });

  it("counts picks in panic", () => {
    const down = { health: "unhealthy" } as const;
    const b = new UpstreamBench([clusterPlan("c", [endpoint(81, down), endpoint(82, down)])]);
    ports(b, 2);
    assert.equal(b.stat("lb_healthy_panic"), 2);
    finish(b);
  });

  it("balances least request by what all workers have in flight", () => {
    const memory = createNodeMemory(2, 4096, 64);
    const plan = clusterPlan("c", [], {
      balancer: { kind: "least_request", choices: 16, activeRequestBias: 1, biasKey: "", slowStart: null },
    });
    const a = new UpstreamBench([plan], memory, 0);
    const z = new UpstreamBench([plan], memory, 1);
    for (const b of [a, z]) b.manager.applyEndpoints(setOf(1, endpoint(81), endpoint(82)));
    const busy = a.openNow().port;
    for (let i = 0; i < 3; i++) {
      assert.notEqual(z.openNow().port, busy, "the other worker sees the load");
      z.codecs.last().finish();
    }
    finish(a);
    finish(z);
  });

  describe("applies a new plan", () => {
    it("and keeps a cluster that did not change, with its connections", () => {
      const plan = clusterPlan("c", [endpoint(81)]);
      const b = new UpstreamBench([plan]);
      b.openNow();
      b.codecs.last().finish();
      const before = b.cluster();
      b.manager.applyPlan([structuredClone(plan), clusterPlan("d", [])]);
      assert.equal(b.cluster(), before);
      assert.equal(b.open().outcome, "open");
      assert.equal(b.dialer.channels.length, 1);
      finish(b);
    });

    it("and drains the connections of a changed one: requests in flight finish, idle ones close, new ones use the new plan", () => {
      const b = new UpstreamBench([clusterPlan("c", [endpoint(81)])]);
      b.openNow();
      b.openNow();
      b.codecs.codec(1).finish();
      b.manager.applyPlan([clusterPlan("c", [endpoint(81)], { connectTimeoutMs: 99 })]);
      assert.equal(b.dialer.channel(1).isGone, true, "the idle one");
      assert.equal(b.dialer.channel(0).isGone, false, "the busy one");
      b.openNow();
      assert.equal(b.dialer.targets[2]?.connectTimeoutMs, 99);
      b.codecs.codec(0).finish();
      assert.equal(b.dialer.channel(0).isGone, true);
      assert.equal(b.stat("upstream_cx_total"), 3, "the counters go on");
      finish(b);
    });

    it("and forgets a cluster that is gone, though its requests finish", () => {
      const b = new UpstreamBench([clusterPlan("c", [endpoint(81)])]);
      const held = b.cluster();
      const request = b.openNow();
      const waiting = b.open();
      b.manager.applyPlan([]);
      assert.equal(b.manager.cluster("c"), null);
      b.dialer.channel(1).connect();
      assert.deepEqual([request.outcome, waiting.outcome], ["open", "open"]);
      for (const codec of b.codecs.made) codec.finish();
      assert.equal(b.dialer.open(), 0);
      held.cancel(waiting);
    });

    it("and a changed discovered cluster goes on with the endpoints that it knew", () => {
      const b = new UpstreamBench([clusterPlan("c", [], { discovery: namesFound() })]);
      b.manager.applyEndpoints(setOf(4, endpoint(81), endpoint(82)));
      b.manager.applyPlan([clusterPlan("c", [], { discovery: namesFound(), connectTimeoutMs: 99 })]);
      assert.deepEqual(ports(b, 2), [81, 82]);
      const fits = b.manager.applyEndpoints({
        kind: "delta",
        cluster: "c",
        baseVersion: 4,
        version: 5,
        removed: [81],
        changed: [],
      });
      assert.equal(fits, true);
      assert.deepEqual(ports(b, 2), [82]);
      finish(b);
    });
  });

  describe("applies endpoint sets", () => {
    it("and asks for a full copy when a version is missing", () => {
      const b = new UpstreamBench([clusterPlan("c", [], { discovery: namesFound() })]);
      const step = { kind: "delta", cluster: "c", version: 9, removed: [], changed: [] } as const;
      assert.equal(b.manager.applyEndpoints({ ...step, baseVersion: 8 }), false);
      assert.equal(b.manager.applyEndpoints(setOf(8, endpoint(81))), true);
      assert.equal(b.manager.applyEndpoints({ ...step, baseVersion: 8 }), true);
      assert.equal(b.manager.applyEndpoints({ ...step, baseVersion: 8 }), false);
      assert.equal(b.manager.applyEndpoints({ ...step, cluster: "unheard-of", baseVersion: 8 }), false);
      finish(b);
    });

    it("and keeps one that comes before its cluster's plan", () => {
      const b = new UpstreamBench([], createNodeMemory(1, 4096, 64));
      assert.equal(b.manager.applyEndpoints(setOf(1, endpoint(81))), true);
      b.manager.applyPlan([clusterPlan("c", [endpoint(99)])]);
      assert.deepEqual(ports(b, 2), [81]);
      finish(b);
    });

    it("and lets the requests of a removed endpoint finish", () => {
      const b = new UpstreamBench([clusterPlan("c", [], { discovery: namesFound() })]);
      b.manager.applyEndpoints(setOf(1, endpoint(81)));
      b.openNow();
      const idle = b.openNow();
      b.codecs.codec(1).finish();
      b.manager.applyEndpoints(setOf(2, endpoint(82)));
      assert.equal(idle.stream?.channel, b.dialer.channel(1));
      assert.equal(b.dialer.channel(1).isGone, true);
      assert.equal(b.dialer.channel(0).isGone, false);
      assert.deepEqual(ports(b, 2), [82]);
      b.codecs.codec(0).finish();
      assert.equal(b.dialer.channel(0).isGone, true);
      finish(b);
    });

    it("and sees the health of shared tables", () => {
      const memory = createNodeMemory(1, 4096, 64);
      const b = new UpstreamBench([clusterPlan("c", [])], memory);
      b.manager.applyEndpoints(setOf(1, endpoint(81), endpoint(82), endpoint(83)));
      assert.deepEqual(ports(b, 3), [81, 82, 83]);
      b.tables.health.set(82, HealthFlag.FailedActiveHc);
      b.tables.health.bump(2);
      assert.deepEqual(ports(b, 4), [81, 83]);
      finish(b);
    });

    it("and ends connections to an endpoint that begins to fail, busy ones after their request; a panic makes new ones", () => {
      const b = new UpstreamBench([clusterPlan("c", [])], createNodeMemory(1, 4096, 64));
      b.manager.applyEndpoints(setOf(1, endpoint(81)));
      /** Connections so far after the flags of the endpoint changed and a request was served. */
      const connections = (how: "set" | "clear", flag: number): number => {
        b.tables.health[how](81, flag);
        b.tables.health.bump(2);
        assert.deepEqual(ports(b, 1), [81]);
        return b.stat("upstream_cx_total");
      };
      assert.equal(connections("set", HealthFlag.DegradedActiveHc), 1);
      assert.equal(connections("set", HealthFlag.FailedOutlierCheck), 2);
      assert.equal(b.stat("upstream_cx_destroy_local"), 1);
      assert.equal(connections("clear", HealthFlag.DegradedActiveHc), 2);
      assert.equal(connections("set", HealthFlag.FailedActiveHc), 3, "another failure is news");
      assert.equal(connections("clear", HealthFlag.FailedActiveHc | HealthFlag.FailedOutlierCheck), 3);
      const busy = b.openNow();
      assert.equal(connections("set", HealthFlag.FailedActiveHc), 4);
      assert.deepEqual([busy.outcome, b.dialer.open()], ["open", 2]);
      b.codecs.codec(2).finish();
      assert.equal(b.dialer.open(), 1);
      finish(b);
    });

    it("and panics at the threshold that the runtime says", () => {
      const b = new UpstreamBench([clusterPlan("c", [])], createNodeMemory(1, 4096, 64));
      b.manager.applyEndpoints(setOf(1, endpoint(81), endpoint(82), endpoint(83)));
      b.tables.health.set(82, HealthFlag.FailedActiveHc);
      for (const [percent, picked] of [
        ["67", [81, 82, 83]],
        ["66", [81, 83]],
      ] as const) {
        b.runtime.set("upstream.healthy_panic_threshold", percent);
        b.tables.health.bump(2);
        assert.deepEqual(ports(b, 3), picked);
      }
      finish(b);
    });

    it("and numbers endpoints itself when it is alone: they keep their connections while they stay", () => {
      const b = new UpstreamBench([clusterPlan("c", [], { discovery: namesFound() })]);
      b.manager.replaceEndpoints("c", [endpoint(81), endpoint(82)]);
      assert.deepEqual(ports(b, 2), [81, 82]);
      b.manager.replaceEndpoints("c", [endpoint(82), endpoint(83)]);
      assert.deepEqual(ports(b, 2), [82, 83]);
      assert.equal(b.dialer.channels.length, 3);
      finish(b);
    });
  });

  it("makes nothing for clusters that nobody asks for: 10,000 cost no counters and no endpoint objects", () => {
    const plans = Array.from({ length: 10_000 }, (_, i) => clusterPlan(`c${i}`, [endpoint(81), endpoint(82)]));
    const b = new UpstreamBench(plans);
    assert.equal(b.notices.length, 0);
    b.openNow("c7777");
    assert.deepEqual(
      b.notices.flatMap((notice) => (notice.type === "block" ? [notice.prefix] : [])),
      ["cluster.c7777.", `host.c7777.127.0.0.1:${b.dialer.last().remotePort}.`],
    );
    finish(b);
  });
});
