// Outlier detection in a whole node of two workers: what they see of an endpoint adds up, and what the health thread finds acts on both.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { OutlierPlan } from "../../src/config/plan/health-check.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { HealthFlag, HealthTable } from "../../src/telemetry/health-table.ts";
import { OutlierRate } from "../../src/telemetry/outlier-table.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { clusterPlan, endpoint } from "../support/cluster-plans.ts";
import { closeService } from "../support/hello-service.ts";
import { eventually, portOf, startTestNode } from "../support/nodes.ts";
import { outlierPlan } from "../support/outlier-plans.ts";
import { bareListener, barePlan } from "../support/plans.ts";
import { RawClient } from "../support/raw-client.ts";

/** Ends ejections that last until somebody has seen them. */
const SHORT_TIME = { "outlier_detection.base_ejection_time_ms": "100" };

let node: RunningNode;
/** Two endpoints; the first one fails while `isBroken`. */
let servers: Server[];
let isBroken: boolean;

async function start(more: Partial<OutlierPlan>): Promise<void> {
  const endpoints = servers.map((server) => endpoint((server.address() as AddressInfo).port));
  const cluster = clusterPlan("up", endpoints, {
    outlier: outlierPlan({ intervalMs: 50, maxEjectionPercent: 50, ...more }),
  });
  const runtime = { layers: [{ name: "admin", kind: "admin", entries: {} }] } as const;
  const plan = barePlan([bareListener("a")], { clusters: [cluster], runtime });
  // A thread that died stays away for so long that its absence is seen.
  node = await startTestNode(plan, { flags: ["--concurrency", "2"], policy: { backOffBaseMs: 500 } });
}

/** The two endpoints' ejections. */
function ejected(): boolean[] {
  const { endpoints = [] } = node.view.endpoints()[0] ?? {};
  return endpoints.map((facts) => (node.view.healthFlags(facts) & HealthFlag.FailedOutlierCheck) !== 0);
}

/** Changes when workers are told of new flags, which stand before that. */
function tidings(): number {
  return new HealthTable(node.supervisor.memory.health).generation(node.view.endpoints()[0]?.row ?? -1);
}

function stat(name: string): number {
  return new StatsReader(node.view.stats).value(`cluster.up.outlier_detection.${name}`);
}

/** Asks on connections that both workers have a share of; how many got 500. */
async function failures(clients: readonly RawClient[]): Promise<number> {
  const answers = await Promise.all(clients.map((client) => client.get("/")));
  return answers.filter((answer) => answer.startsWith("HTTP/1.1 500")).length;
}

describe("outlier detection in a node of two workers", () => {
  let clients: RawClient[];

  beforeEach(async () => {
    isBroken = true;
    clients = [];
    servers = [0, 1].map((index) =>
      createServer((_, response) => {
        response.writeHead(isBroken && index === 0 ? 500 : 200, { "content-length": 0 });
        response.end();
      }),
    );
    for (const server of servers) await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });

  afterEach(async () => {
    for (const client of clients) client.end();
    await node.stop();
    await Promise.all(servers.map(closeService));
  });

  it("ejects the endpoint that fails for both workers, and lets it in again when its time is over", async () => {
    await start({ consecutive5xx: 5, baseEjectionTimeMs: 60_000 });
    clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(portOf(node))));
    assert.ok((await failures(clients)) >= 5);
    await eventually(() => ejected()[0] === true);
    assert.deepEqual(ejected(), [true, false]);
    isBroken = false;
    await node.view.orders.modifyRuntime(SHORT_TIME);
    await eventually(() => ejected()[0] === false);
    await eventually(() => stat("ejections_active") === 0);
    assert.equal(await failures(clients), 0);
    assert.equal(stat("ejections_enforced_consecutive_5xx"), 1);
  });

  it("sends no request of either worker to an endpoint that is ejected", async () => {
    await start({ consecutive5xx: 5 });
    clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(portOf(node))));
    const before = tidings();
    await failures(clients);
    await eventually(() => ejected()[0] === true && tidings() > before);
    assert.deepEqual([await failures(clients), await failures(clients)], [0, 0]);
  });

  it("lets in what was ejected by a health thread that died", async () => {
    await start({ consecutive5xx: 5, baseEjectionTimeMs: 60_000 });
    clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(portOf(node))));
    await failures(clients);
    await eventually(() => ejected()[0] === true);
    node.supervisor.misbehaveActor("health", "exit");
    await eventually(() => stat("ejections_active") === 0);
    assert.equal(ejected()[0], true, "its death changes no verdict");
    await eventually(() => stat("ejections_active") === 1);
    await node.view.orders.modifyRuntime(SHORT_TIME);
    await eventually(() => ejected()[0] === false && stat("ejections_active") === 0);
  });

  it("obeys what /runtime_modify sets, on workers and health thread, also on one that begins anew", async () => {
    await start({ consecutive5xx: 1_000_000, maxEjectionPercent: 0 });
    clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(portOf(node))));
    await node.view.orders.modifyRuntime({ "outlier_detection.consecutive_5xx": "5" });
    await eventually(async () => (await failures(clients)) > 0 && stat("ejections_overflow") > 0);
    assert.deepEqual(ejected(), [false, false]);
    await node.view.orders.modifyRuntime({ "outlier_detection.max_ejection_percent": "50" });
    node.supervisor.misbehaveActor("health", "exit");
    await eventually(async () => {
      await failures(clients);
      return ejected()[0] === true;
    });
  });

  it("adds up the rates of both workers", async () => {
    const rules = { successRateMinimumHosts: 2, successRateRequestVolume: 10, successRateStdevFactor: 500 };
    await start({ consecutive5xx: 0, intervalMs: 1_000, ...rules });
    clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(portOf(node))));
    await eventually(async () => {
      await failures(clients);
      return ejected()[0] === true;
    });
    const { row = -1, endpoints = [] } = node.view.endpoints()[0] ?? {};
    const { outliers } = node.view;
    assert.deepEqual(
      endpoints.map(({ slot }) => outliers.rate(slot, OutlierRate.Average)),
      [0, 100],
    );
    assert.equal(outliers.rowRate(row, OutlierRate.Threshold), 25);
    assert.equal(stat("ejections_enforced_success_rate"), 1);
  });
});
