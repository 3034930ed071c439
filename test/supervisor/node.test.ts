import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { breakerDefaults, clusterPlan, endpoint } from "../support/cluster-plans.ts";
import { eventually, portOf, startTestNode } from "../support/nodes.ts";
import { bareListener, barePlan } from "../support/plans.ts";
import { RawClient } from "../support/raw-client.ts";

let node: RunningNode;

describe("a node", () => {
  afterEach(() => node.stop());

  it("accepts new connections during a graceful drain, ends kept ones with their answers, then refuses", async () => {
    node = await startTestNode(barePlan([bareListener("a")]), {
      flags: ["--drain-time-s", "2", "--drain-strategy", "immediate"],
    });
    const kept = await RawClient.open(portOf(node));
    assert.doesNotMatch(await kept.get("/"), /connection: close/);
    node.view.orders.drainListeners({ graceful: true, skipExit: false, inboundOnly: false });
    await kept.closed();
    const during = await RawClient.open(portOf(node));
    assert.match(await during.get("/"), /connection: close/);
    await eventually(async () => {
      const late = await RawClient.open(portOf(node)).catch(() => null);
      late?.end();
      return late === null;
    });
    assert.equal(node.view.readiness().state, "LIVE", "as Envoy's, a drained node says LIVE");
  });

  it("answers with connection: close while it is told to fail health checks, and is DRAINING", async () => {
    node = await startTestNode(barePlan([bareListener("a")]));
    node.view.orders.setFailing(true);
    assert.equal(node.view.readiness().state, "DRAINING");
    const client = await RawClient.open(portOf(node));
    await eventually(async () => /connection: close/.test(await ask(node)));
    client.end();
    node.view.orders.setFailing(false);
    await eventually(async () => !/connection: close/.test(await ask(node)));
    assert.equal(node.view.readiness().state, "LIVE");
  });

  it("serves every listener of its plan on every worker", async () => {
    node = await startTestNode(barePlan([bareListener("a"), bareListener("b")]), { flags: ["--concurrency", "2"] });
    for (const index of [0, 1]) {
      const clients = await Promise.all(Array.from({ length: 8 }, () => RawClient.open(portOf(node, index))));
      for (const client of clients) assert.match(await client.get("/"), /^HTTP\/1.1 503/);
      for (const client of clients) client.end();
    }
  });

  it("shows what belongs to the node once, however many workers use it", async () => {
    const endpoints = [endpoint(1), endpoint(2, { weight: 7 })];
    const breakers = { default: { ...breakerDefaults, trackRemaining: true }, high: breakerDefaults };
    const clusters = [clusterPlan("up", endpoints, { breakers })];
    node = await startTestNode(barePlan([bareListener("a")], { clusters }), { flags: ["--concurrency", "2"] });
    // Both workers have made their side of the cluster.
    for (let i = 0; i < 20; i++) await ask(node);
    const reader = new StatsReader(node.view.stats);
    const shown = Object.fromEntries(NODE_WIDE.map((name) => [name, reader.value(`cluster.up.${name}`)]));
    assert.deepEqual(shown, {
      membership_total: 2,
      membership_healthy: 2,
      membership_change: 1,
      max_host_weight: 7,
      "circuit_breakers.default.remaining_cx": 1024,
      "circuit_breakers.default.remaining_retries": 3,
    });
    assert.equal(reader.value("cluster.up.upstream_cx_connect_fail"), 20, "what is counted by worker is the sum");
    await eventually(() => reader.value("listener_manager.workers_started") === 1);
  });

  it("serves a unix socket by one worker", async () => {
    const path = `@starling-test-${process.pid}`;
    const address = { kind: "pipe", path, mode: 0 } as const;
    node = await startTestNode(barePlan([bareListener("a", { address })]), { flags: ["--concurrency", "2"] });
    const client = await RawClient.open(0, `\0${path.slice(1)}`);
    assert.match(await client.get("/"), /^HTTP\/1.1 503/);
    client.end();
  });

  it("tells who asks that a stop ends its connections", async () => {
    node = await startTestNode(barePlan([bareListener("a")]));
    const client = await RawClient.open(portOf(node));
    await client.get("/");
    await node.stop();
    await client.closed();
    await assert.rejects(RawClient.open(portOf(node)));
  });
});

const NODE_WIDE = [
  "membership_total",
  "membership_healthy",
  "membership_change",
  "max_host_weight",
  "circuit_breakers.default.remaining_cx",
  "circuit_breakers.default.remaining_retries",
];

async function ask(one: RunningNode): Promise<string> {
  const client = await RawClient.open(portOf(one));
  const answer = await client.get("/");
  client.end();
  return answer;
}
