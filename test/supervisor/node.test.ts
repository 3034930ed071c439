import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { eventually, portOf, startTestNode } from "../support/nodes.ts";
import { bareListener, barePlan } from "../support/plans.ts";
import { RawClient } from "../support/raw-client.ts";

let node: RunningNode;

describe("a node", () => {
  afterEach(() => node.stop());

  it("accepts new connections during a graceful drain, ends kept ones with their answers, then refuses", async () => {
    node = await startTestNode(barePlan([bareListener("a")]), {
      flags: ["--drain-time-s", "1", "--drain-strategy", "immediate"],
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

async function ask(one: RunningNode): Promise<string> {
  const client = await RawClient.open(portOf(one));
  const answer = await client.get("/");
  client.end();
  return answer;
}
