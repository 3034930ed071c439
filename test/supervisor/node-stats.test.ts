import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import { daysUntilFirstExpiry } from "../../src/control/admin/certificates.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { goldenText } from "../support/live-proxy.ts";
import { eventually, portOf, startTestNode } from "../support/nodes.ts";
import { bareListener, barePlan } from "../support/plans.ts";
import { RawClient } from "../support/raw-client.ts";

describe("the node's own statistics", () => {
  let node: RunningNode;

  afterEach(() => node?.stop());

  const stat = (name: string): number => new StatsReader(node.view.stats).value(name);

  it("follow its state at once, whenever somebody looks", async () => {
    node = await startTestNode(barePlan([bareListener("a")]), {
      flags: ["--concurrency", "2", "--restart-epoch", "3"],
    });
    const names = ["server.live", "server.state", "server.concurrency", "server.hot_restart_epoch"];
    assert.deepEqual(names.map(stat), [1, 0, 2, 3]);
    assert.equal(stat("listener_manager.workers_started"), 1);
    node.view.orders.setFailing(true);
    assert.deepEqual(names.slice(0, 2).map(stat), [0, 1]);
  });

  it("count the connections of all listeners on all workers", async () => {
    const listeners = [bareListener("a", { statPrefix: "a" }), bareListener("b", { statPrefix: "b" })];
    node = await startTestNode(barePlan(listeners), { flags: ["--concurrency", "2"] });
    const clients = [await RawClient.open(portOf(node, 0)), await RawClient.open(portOf(node, 1))];
    await eventually(() => stat("server.total_connections") === 2);
    for (const client of clients) client.end();
    await eventually(() => stat("server.total_connections") === 0);
  });

  it("count what /runtime_modify sets as a load of the runtime, and its keys", async () => {
    const runtime = { layers: [{ kind: "admin", name: "admin" }] } as const;
    node = await startTestNode(barePlan([bareListener("a")], { runtime }));
    // As Envoy: twice before it serves.
    assert.equal(stat("runtime.load_success"), 2);
    await node.view.orders.modifyRuntime({ a: "1", b: "2" });
    await node.view.orders.modifyRuntime({ b: "" });
    assert.equal(stat("runtime.load_success"), 4);
    assert.equal(stat("runtime.num_keys"), 1);
    assert.equal(stat("runtime.admin_overrides_active"), 1);
  });
});

describe("the days until the first certificate expires", () => {
  it("are those of the plan's earliest certificate, 0 after it, and Envoy's largest number without any", () => {
    const { plan } = loadPlan({ text: goldenText("envoy/front-proxy.front-envoy.yaml"), file: "front-envoy.yaml" });
    assert.ok(plan !== null);
    assert.equal(daysUntilFirstExpiry(plan, Date.parse("2026-11-21T04:19:40Z")), 1322);
    assert.equal(daysUntilFirstExpiry(plan, Date.parse("2031-01-01T00:00:00Z")), 0);
    assert.equal(daysUntilFirstExpiry(barePlan([]), 0), 4_294_967_295);
  });
});
