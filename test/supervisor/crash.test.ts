import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import type { Misbehaviour } from "../../src/actor/misbehave.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { eventually, portOf, startTestNode } from "../support/nodes.ts";
import { bareListener, barePlan } from "../support/plans.ts";
import { RawClient } from "../support/raw-client.ts";
import { connectionsOf, survivors } from "../support/survivors.ts";

const DEATHS: readonly Misbehaviour[] = ["throw", "exit", "exhaust-heap"];

let node: RunningNode;

/** A number of the listener, summed over the workers. */
function listenerStat(name: string): number {
  return new StatsReader(node.view.stats).value(`listener.127.0.0.1_0.${name}`);
}

describe("a listener worker that dies", () => {
  afterEach(() => node.stop());

  for (const how of DEATHS) {
    it(`by ${how} comes back by itself, and the node serves on`, async () => {
      node = await startTestNode(barePlan([bareListener("a")]), { flags: ["--worker-heap-mb", "48"] });
      const client = await RawClient.open(portOf(node));
      await client.get("/");
      node.supervisor.misbehave(0, how);
      await client.closed();
      await eventually(() => node.view.workers()[0]?.restarts === 1 && node.view.workers()[0]?.state === "listening");
      assert.equal(node.view.readiness().state, "LIVE");
      const next = await RawClient.open(portOf(node));
      await next.get("/");
      next.end();
    });
  }

  it("keeps its counters and sets its gauges back to 0", async () => {
    node = await startTestNode(barePlan([bareListener("a")]));
    const first = await RawClient.open(portOf(node));
    await first.get("/");
    assert.equal(listenerStat("downstream_cx_active"), 1);
    node.supervisor.misbehave(0, "exit");
    await first.closed();
    await eventually(() => listenerStat("downstream_cx_active") === 0);
    await eventually(() => node.view.workers()[0]?.state === "listening");
    const second = await RawClient.open(portOf(node));
    await second.get("/");
    assert.equal(listenerStat("downstream_cx_total"), 2);
    second.end();
  });

  it("costs only its own connections", async () => {
    node = await startTestNode(barePlan([bareListener("a")]), { flags: ["--concurrency", "2"] });
    const clients = await Promise.all(Array.from({ length: 16 }, () => RawClient.open(portOf(node))));
    await Promise.all(clients.map((client) => client.get("/")));
    const theirs = connectionsOf(node, 1);
    assert.deepEqual([theirs > 0 && theirs < 16, connectionsOf(node, 0)], [true, 16 - theirs]);
    node.supervisor.misbehave(0, "throw");
    const alive = await survivors(node, clients, 0);
    assert.equal(alive.length, theirs);
    for (const client of alive) await client.get("/");
    assert.equal(node.view.readiness().state, "LIVE");
    for (const client of alive) client.end();
  });

  it("makes the node not ready, with the reason, when it dies too often", async () => {
    const policy = { backOffBaseMs: 1, backOffMaxMs: 5, failuresMax: 2, stableMs: 300 };
    node = await startTestNode(barePlan([bareListener("a")]), { policy });
    for (let deaths = 1; deaths <= 3; deaths++) {
      await eventually(() => node.view.workers()[0]?.state === "listening");
      node.supervisor.misbehave(0, "throw");
      await eventually(() => node.view.workers()[0]?.restarts === deaths);
    }
    const { state, reasons } = node.view.readiness();
    assert.deepEqual([state, reasons[0]], ["PRE_INITIALIZING", "worker 0 keeps dying: told to throw"]);
    await eventually(() => node.view.readiness().state === "LIVE");
  });
});
