import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { BreakerPlan, ClusterPlan } from "../../../src/config/plan/cluster.ts";
import type { EndpointSetFull } from "../../../src/config/plan/endpoint-set.ts";
import { BreakerGauges } from "../../../src/telemetry/breaker-gauges.ts";
import { CLUSTER } from "../../../src/telemetry/cluster-stats.ts";
import { clearWorker, createNodeMemory } from "../../../src/telemetry/node-memory.ts";
import { StatsWriter } from "../../../src/telemetry/stats-memory.ts";
import { breakerDefaults, clusterPlan, endpoint } from "../../support/cluster-plans.ts";
import { UpstreamBench } from "./support/upstream-bench.ts";

function plan(limits: Partial<BreakerPlan>, more: Partial<ClusterPlan> = {}): ClusterPlan {
  const breakers = { default: { ...breakerDefaults, ...limits }, high: breakerDefaults };
  return clusterPlan("c", [endpoint(80), endpoint(81)].slice(0, 1), { breakers, ...more });
}

const endpointSet: EndpointSetFull = {
  kind: "full",
  cluster: "c",
  row: 5,
  version: 1,
  endpoints: [{ ...endpoint(80), slot: 9 }],
};

function finish(b: UpstreamBench): void {
  for (const codec of b.codecs.made) while (codec.openExchanges() > 0) codec.finish();
  b.clock.advanceMs(3_700_000);
  b.assertClean();
}

describe("circuit breakers", () => {
  it("refuse a request when as many as allowed wait: no connection is made for it", () => {
    const b = new UpstreamBench([plan({ pendingMax: 0, connectionsMax: 1 })]);
    const request = b.open();
    assert.equal(request.failure?.kind, "overflow");
    assert.deepEqual(b.used(), { upstream_rq_pending_overflow: 1 });
    b.assertClean();
  });

  it("refuse a request that got a connection when as many as allowed run, with Envoy's counts", () => {
    const b = new UpstreamBench([plan({ requestsMax: 0 })]);
    const request = b.open();
    b.dialer.last().connect();
    assert.equal(request.failure?.kind, "overflow");
    assert.deepEqual(b.used(), {
      upstream_cx_total: 1,
      upstream_cx_http1_total: 1,
      upstream_cx_active: 1,
      upstream_rq_active_overflow: 1,
      upstream_rq_pending_total: 1,
    });
    finish(b);
  });

  it("let requests wait for a connection when no more may be made, and count the overflow", () => {
    const b = new UpstreamBench([plan({ connectionsMax: 1 })]);
    b.openNow();
    const second = b.open();
    assert.equal(second.outcome, "waiting");
    assert.equal(b.dialer.channels.length, 1);
    assert.equal(b.stat("upstream_cx_overflow"), 1);
    b.codecs.last().finish();
    assert.equal(second.outcome, "open");
    finish(b);
  });

  it("limit the connections of each endpoint over all workers, and leave others theirs", () => {
    const memory = createNodeMemory(2, 4096, 64);
    const limited = plan({ perHostConnectionsMax: 2 }, {});
    const set = { ...endpointSet, endpoints: [...endpointSet.endpoints, { ...endpoint(81), slot: 10 }] };
    const [a, b] = [0, 1].map((worker) => {
      const bench = new UpstreamBench([limited], memory, worker);
      bench.manager.applyEndpoints(set);
      return bench;
    }) as [UpstreamBench, UpstreamBench];
    a.openNow();
    a.openNow();
    b.openNow();
    b.openNow();
    assert.equal(a.dialer.channels.length + b.dialer.channels.length, 4);
    const waiting = [a.open(), a.open()];
    assert.deepEqual(
      waiting.map(({ outcome }) => outcome),
      ["waiting", "waiting"],
    );
    assert.equal(a.stat("upstream_cx_overflow"), 2);
    for (const codec of a.codecs.made) codec.finish();
    assert.deepEqual(
      waiting.map(({ outcome }) => outcome),
      ["open", "open"],
    );
    finish(b);
    finish(a);
  });

  it("follow the runtime from one request to the next", () => {
    const b = new UpstreamBench([plan({ requestsMax: 1, connectionsMax: 9 })]);
    const say = (key: string, value: string): void => {
      b.runtime.set(`circuit_breakers.c.default.${key}`, value);
      Object.assign(b.runtime, { version: b.runtime.size });
    };
    b.openNow();
    b.open();
    b.dialer.last().connect();
    assert.equal(b.stat("upstream_rq_active_overflow"), 1);
    say("max_requests", "2");
    b.open();
    assert.equal(b.stat("upstream_rq_active_overflow"), 1);
    say("max_retries", "0");
    assert.equal(b.cluster().beginRetry("default"), false);
    say("retry_budget.min_retry_concurrency", "1");
    assert.equal(b.cluster().beginRetry("default"), true);
    assert.equal(b.cluster().beginRetry("default"), false);
    b.cluster().endRetry("default");
    finish(b);
  });

  it("give retries a share of what runs and waits, and never less than the least", () => {
    const b = new UpstreamBench([plan({ retriesMax: 0, retryBudget: { percent: 50, retriesMin: 1 } })]);
    const cluster = b.cluster();
    assert.deepEqual(
      [1, 2].map(() => cluster.beginRetry("default")),
      [true, false],
    );
    for (let i = 0; i < 5; i++) b.openNow();
    b.open();
    assert.deepEqual(
      [1, 2, 3].map(() => cluster.beginRetry("default")),
      [true, true, false],
    );
    for (let i = 0; i < 3; i++) cluster.endRetry("default");
    b.dialer.last().connect();
    finish(b);
  });

  it("always allow an endpoint its first connection", () => {
    const b = new UpstreamBench([
      clusterPlan("c", [endpoint(80), endpoint(81)], {
        breakers: { default: { ...breakerDefaults, connectionsMax: 1 }, high: breakerDefaults },
      }),
    ]);
    b.openNow();
    b.openNow();
    assert.equal(b.dialer.channels.length, 2);
    assert.equal(b.stat("upstream_cx_overflow"), 1);
    finish(b);
  });

  it("keep priorities apart: each has its own limits and connections", () => {
    const b = new UpstreamBench([plan({ requestsMax: 1 })]);
    b.openNow();
    const high = b.open({ priority: "high" });
    assert.equal(b.dialer.channels.length, 2);
    b.dialer.last().connect();
    assert.equal(high.outcome, "open");
    finish(b);
  });

  it("limit pools: an endpoint without one is as good as none", () => {
    const b = new UpstreamBench([
      clusterPlan("c", [endpoint(80), endpoint(81)], {
        breakers: { default: { ...breakerDefaults, poolsMax: 1 }, high: breakerDefaults },
      }),
    ]);
    b.openNow();
    const second = b.open();
    assert.equal(second.failure?.kind, "no_healthy_upstream");
    assert.equal(b.stat("upstream_cx_pool_overflow"), 1);
    finish(b);
  });

  it("limit retries that run at once", () => {
    const b = new UpstreamBench([plan({ retriesMax: 2 })]);
    const cluster = b.cluster();
    assert.deepEqual(
      [1, 2, 3].map(() => cluster.beginRetry("default")),
      [true, true, false],
    );
    cluster.endRetry("default");
    assert.equal(cluster.beginRetry("default"), true);
    cluster.endRetry("default");
    cluster.endRetry("default");
    b.assertClean();
  });

  it("use the columns of the node's table that its gauges read, while something is full", () => {
    const memory = createNodeMemory(1, 4096, 64);
    const limited = plan({ connectionsMax: 1, requestsMax: 1, pendingMax: 1, poolsMax: 1 });
    const b = new UpstreamBench([limited], memory);
    b.manager.applyEndpoints(endpointSet);
    const shower = new StatsWriter(() => {});
    const gauges = new BreakerGauges(shower, b.tables.breakers);
    const block = shower.block(CLUSTER, "cluster.c.");
    const open = (): string[] => {
      gauges.show(limited, endpointSet.row, new Map());
      const shown = CLUSTER.names.filter((name) => name.startsWith("circuit_breakers."));
      return shown.filter((name) => block[CLUSTER.names.indexOf(name)] === 1).map((name) => name.slice(17));
    };
    b.open();
    assert.deepEqual(open(), ["default.cx_open", "default.cx_pool_open", "default.rq_pending_open"]);
    b.dialer.last().connect();
    assert.deepEqual(open(), ["default.cx_open", "default.cx_pool_open", "default.rq_open"]);
    finish(b);
    assert.deepEqual(open(), []);
  });

  describe("of several workers", () => {
    function workers(): [UpstreamBench, UpstreamBench, ReturnType<typeof createNodeMemory>] {
      const memory = createNodeMemory(2, 4096, 64);
      const [a, b] = [0, 1].map((worker) => new UpstreamBench([plan({ requestsMax: 2 })], memory, worker));
      assert.ok(a !== undefined && b !== undefined);
      for (const bench of [a, b]) assert.equal(bench.manager.applyEndpoints(endpointSet), true);
      return [a, b, memory];
    }

    it("are one: what one worker uses the other cannot", () => {
      const [a, b] = workers();
      a.openNow();
      b.openNow();
      const third = b.open();
      b.dialer.last().connect();
      assert.equal(third.failure?.kind, "overflow");
      a.codecs.last().finish();
      assert.equal(b.open().outcome, "open");
      finish(a);
      finish(b);
    });

    it("are free again when the worker that used them died", () => {
      const [a, b, memory] = workers();
      a.openNow();
      b.openNow();
      clearWorker(memory, 0);
      b.open();
      b.dialer.last().connect();
      assert.equal(b.stat("upstream_rq_active"), 2);
      finish(b);
    });
  });
});
