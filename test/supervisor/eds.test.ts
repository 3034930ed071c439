// Whole nodes that serve endpoints to xDS clients, in the test's process, with gRPC's own library as the client.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { CheckedUpstream } from "../support/checked-upstream.ts";
import { eventually, startTestNode } from "../support/nodes.ts";
import { proxyFile } from "../support/proxy-file.ts";
import { ASSIGNMENT_URL, statusesOf, XdsClient } from "../support/xds-client.ts";

const CHECK = {
  timeout: "1s",
  interval: "0.05s",
  no_traffic_interval: "0.05s",
  unhealthy_threshold: 2,
  healthy_threshold: 2,
  http_health_check: { path: "/livez" },
};

let upstream: CheckedUpstream;
let node: RunningNode;
const clients: XdsClient[] = [];

function planOf(said: Readonly<Record<string, string>> = {}): Plan {
  const file = proxyFile({ port: 0, adminPort: 0, upstreamPort: upstream.port, cluster: { health_checks: [CHECK] } });
  const flags = { roles: "health,eds", "eds-listen": "127.0.0.1:0", ...said };
  const overrides = Object.entries(flags).map(([name, text]) => [name, { text, source: `--${name}` }] as const);
  const { plan, errors } = loadPlan({ file: "test.yaml", text: file }, { overrides: new Map(overrides) });
  assert.ok(plan !== null, JSON.stringify(errors));
  return plan;
}

function edsPort(): number {
  return node.view.plan().eds?.listen.port ?? 0;
}

function connect(method: ConstructorParameters<typeof XdsClient>[1]): XdsClient {
  const client = new XdsClient(edsPort(), method);
  clients.push(client);
  return client;
}

function stat(name: string): number {
  return new StatsReader(node.view.stats).value(name);
}

describe("a node with the role eds", () => {
  beforeEach(async () => {
    upstream = await CheckedUpstream.start("blue");
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await Promise.all([node.stop(), upstream.stop()]);
  });

  it("tells a state-of-the-world client the endpoints of a cluster with its verdicts, and each change of them", async () => {
    node = await startTestNode(planOf());
    const client = connect("sotw");
    client.send({ node: { id: "test" }, resource_names: ["echo"], type_url: ASSIGNMENT_URL });
    const first = await client.take();
    assert.equal(first.type_url, ASSIGNMENT_URL);
    assert.deepEqual(first.resources?.map(statusesOf), [[`${upstream.port}:HEALTHY`]]);
    const ack = { resource_names: ["echo"], version_info: first.version_info ?? "", response_nonce: first.nonce ?? "" };
    client.send(ack);
    upstream.answer = 503;
    const second = await client.take();
    assert.deepEqual(second.resources?.map(statusesOf), [[`${upstream.port}:UNHEALTHY`]]);
    assert.notEqual(second.version_info, first.version_info);
    upstream.answer = 200;
    const third = await client.take();
    assert.deepEqual(third.resources, first.resources);
    assert.equal(third.version_info, first.version_info);
    await eventually(() => stat("eds.acks") === 1);
    assert.equal(stat("eds.pushes"), 3);
  });
});
