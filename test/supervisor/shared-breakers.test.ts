import assert from "node:assert/strict";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { BreakerPlan } from "../../src/config/plan/cluster.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { breakerDefaults, clusterPlan, endpoint } from "../support/cluster-plans.ts";

import { eventually, portOf, startTestNode } from "../support/nodes.ts";
import { bareListener, barePlan } from "../support/plans.ts";
import { RawClient } from "../support/raw-client.ts";
import { survivors } from "../support/survivors.ts";

let node: RunningNode;
let service: Server;
/** Requests that the service has and does not answer before it is told. */
let held: ServerResponse[];

/** A node of two workers in front of the service. */
async function startLimited(limits: Partial<BreakerPlan>): Promise<void> {
  const breakers = { default: { ...breakerDefaults, trackRemaining: true, ...limits }, high: breakerDefaults };
  const cluster = clusterPlan("up", [endpoint((service.address() as AddressInfo).port)], { breakers });
  const listener = bareListener("a");
  node = await startTestNode(barePlan([listener], { clusters: [cluster] }), { flags: ["--concurrency", "2"] });
}

/** Answers to one request of each client. The first is let through and held; the others come when both workers can see it. */
async function askAll(clients: readonly RawClient[]): Promise<Promise<string>[]> {
  const ask = (client: RawClient): Promise<string> => client.get("/").catch(() => "gone");
  const first = clients.slice(0, 1).map(ask);
  await eventually(() => held.length === 1);
  return [...first, ...clients.slice(1).map(ask)];
}

/** So many connections that both workers have some: all 20 on one worker is one case in a million. */
function manyClients(): Promise<RawClient[]> {
  return Promise.all(Array.from({ length: 20 }, () => RawClient.open(portOf(node))));
}

function clusterStat(name: string): number {
  return new StatsReader(node.view.stats).value(`cluster.up.${name}`);
}

/** A number of the cluster on one worker. */
function workerStat(slot: number, name: string): number {
  const sources = node.view.stats.sources().filter(({ writer }) => writer === `listener-${slot}`);
  const { generation } = node.view.stats;
  return new StatsReader({ generation, schema: (id) => node.view.stats.schema(id), sources: () => sources }).value(
    `cluster.up.${name}`,
  );
}

describe("circuit breakers of a node with two workers", () => {
  beforeEach(async () => {
    held = [];
    service = createServer((_, response) => held.push(response));
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
  });

  afterEach(async () => {
    await node.stop();
    service.closeAllConnections();
    await new Promise((resolve) => service.close(resolve));
  });

  it("let one request through with max_requests 1, whichever worker it comes to", async () => {
    await startLimited({ requestsMax: 1 });
    const clients = await manyClients();
    const answers = await askAll(clients);
    await eventually(() => clusterStat("upstream_rq_active_overflow") === 19);
    assert.equal(held.length, 1);
    assert.ok(workerStat(0, "upstream_rq_active_overflow") > 0 && workerStat(1, "upstream_rq_active_overflow") > 0);
    assert.equal(clusterStat("circuit_breakers.default.rq_open"), 1);
    assert.equal(clusterStat("circuit_breakers.default.remaining_rq"), 0);
    held.pop()?.end("ok");
    const statuses = (await Promise.all(answers)).map((answer) => answer.slice(9, 12)).sort();
    assert.deepEqual(statuses, ["200", ...new Array<string>(19).fill("503")]);
    await eventually(() => clusterStat("circuit_breakers.default.remaining_rq") === 1);
    await eventually(() => clusterStat("circuit_breakers.default.rq_open") === 0);
    for (const client of clients) client.end();
  });

  it("make one connection a worker with max_connections 1: the second is over the limit, as Envoy allows an idle pool", async () => {
    await startLimited({ connectionsMax: 1 });
    const clients = await manyClients();
    const answers = clients.map((client) => client.get("/"));
    await eventually(() => clusterStat("upstream_rq_total") + clusterStat("upstream_rq_pending_active") === 20);
    await eventually(() => clusterStat("upstream_cx_active") === 2);
    assert.ok(clusterStat("upstream_cx_overflow") >= 1);
    assert.equal(clusterStat("circuit_breakers.default.cx_open"), 1);
    for (let done = 0; done < 20; done++) {
      await eventually(() => held.length > 0);
      held.pop()?.end("ok");
    }
    for (const answer of await Promise.all(answers)) assert.match(answer, /^HTTP\/1.1 200/);
    for (const client of clients) client.end();
  });

  it("have the share of a worker that died back", async () => {
    await startLimited({ requestsMax: 1 });
    const clients = await manyClients();
    const answers = await askAll(clients);
    await eventually(() => clusterStat("upstream_rq_active_overflow") === 19);
    const holder = workerStat(0, "upstream_rq_active") === 1 ? 0 : 1;
    assert.equal(workerStat(holder, "upstream_rq_active"), 1);
    node.supervisor.misbehave(holder, "exit");
    const alive = await survivors(node, clients, holder);
    await Promise.all(answers);
    await eventually(() => clusterStat("circuit_breakers.default.remaining_rq") === 1);
    await eventually(() => clusterStat("circuit_breakers.default.rq_open") === 0);
    assert.ok(alive.length > 0);
    held.length = 0;
    const answer = alive[0]?.get("/");
    await eventually(() => held.length === 1);
    held.pop()?.end("ok");
    assert.match((await answer) ?? "", /^HTTP\/1.1 200/);
    for (const client of alive) client.end();
  });
});
