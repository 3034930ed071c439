// Whole nodes that serve endpoints to xDS clients, in the test's process, with gRPC's own library as the client.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, it } from "mocha";
import { systemClock } from "../../src/base/clock.ts";
import { loadPlan } from "../../src/config/compile/load-plan.ts";
import type { Plan } from "../../src/config/plan/plan.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { StatsReader } from "../../src/telemetry/stats-reader.ts";
import { CheckedUpstream } from "../support/checked-upstream.ts";
import { freePort } from "../support/live-proxy.ts";
import { eventually, launchTestNode, startTestNode } from "../support/nodes.ts";
import { proxyFile } from "../support/proxy-file.ts";
import { ASSIGNMENT_URL, statusesOf, XdsClient, type XdsResponse } from "../support/xds-client.ts";

const CHECK = {
  timeout: "5s",
  interval: "0.05s",
  no_traffic_interval: "0.05s",
  unhealthy_threshold: 2,
  healthy_threshold: 2,
  http_health_check: { path: "/livez" },
};

let upstream: CheckedUpstream;
let node: RunningNode;
const clients: XdsClient[] = [];

function fileOf(cluster: Readonly<Record<string, unknown>> = {}): string {
  return proxyFile({
    port: 0,
    adminPort: 0,
    upstreamPort: upstream.port,
    cluster: { health_checks: [CHECK], ...cluster },
  });
}

function planOf(said: Readonly<Record<string, string>> = {}, file: string = fileOf()): Plan {
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

/** Whether a response says this of the upstream, and nothing else. */
function isShown({ resources = [] }: XdsResponse, status: string): boolean {
  return resources.flatMap(statusesOf).join() === `${upstream.port}:${status}`;
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

  it("serves nobody before its first checks are over, and is LIVE when it serves", async () => {
    upstream.answer = "hold";
    // A check that is held fails by nothing else.
    node = await launchTestNode(planOf({}, fileOf({ health_checks: [{ ...CHECK, timeout: "15s" }] })));
    await eventually(() => upstream.probes === 1);
    const startMs = systemClock.nowMs();
    await eventually(async () => {
      const refused = connect("delta");
      refused.send({ resource_names_subscribe: ["echo"] });
      await eventually(() => refused.ended !== null || refused.hasMore);
      assert.equal(refused.ended?.code, status.UNAVAILABLE);
      return systemClock.nowMs() > startMs + 1_000;
    });
    const [reason] = node.view.readiness().reasons;
    assert.equal(reason, `endpoint discovery on 127.0.0.1:${edsPort()} is starting`);
    upstream.release(200);
    await eventually(() => node.view.readiness().state === "LIVE");
    const client = connect("delta");
    client.send({ resource_names_subscribe: ["echo"] });
    assert.equal((await client.take()).resources?.length, 1);
  });

  it("serves again after its thread died, with the verdicts of now", async () => {
    node = await startTestNode(planOf(), { policy: { backOffBaseMs: 20, backOffMaxMs: 20 } });
    const before = connect("sotw");
    before.send({ resource_names: ["echo"] });
    await before.skip();
    node.supervisor.misbehaveActor("eds", "throw");
    await eventually(() => before.ended !== null);
    upstream.answer = 503;
    await eventually(async () => {
      const client = connect("sotw");
      client.send({ resource_names: ["echo"] });
      await eventually(() => client.ended !== null || client.hasMore);
      return client.hasMore && isShown(await client.take(), "UNHEALTHY");
    });
    assert.ok(stat("eds.streams_total") >= 2);
  });

  it("counts the probes that its clients need not make", async () => {
    node = await startTestNode(planOf());
    for (const method of ["sotw", "adsSotw"] as const) {
      connect(method).send({ resource_names: ["echo"], type_url: ASSIGNMENT_URL });
    }
    await eventually(() => stat("eds.streams_active") === 2);
    await eventually(() => stat("mesh.probes_saved") >= 40);
  });

  it("ends its streams as done when it stops", async () => {
    node = await startTestNode(planOf());
    const client = connect("delta");
    client.send({ resource_names_subscribe: ["echo"] });
    await client.skip();
    await node.stop();
    await eventually(() => client.ended !== null);
    assert.equal(client.ended?.code, status.OK);
  });

  it("takes the address of the process before it over when that has ended", async () => {
    const before = await startTestNode(planOf());
    const taken = `127.0.0.1:${before.view.plan().eds?.listen.port}`;
    const how = { flags: ["--takeover"], policy: { backOffBaseMs: 50, backOffMaxMs: 50, failuresMax: 1_000 } };
    node = await launchTestNode(planOf({ "eds-listen": taken }), how);
    await eventually(() => /^endpoint discovery/.test(node.view.readiness().reasons[0] ?? ""));
    await before.stop();
    await eventually(() => node.view.readiness().state === "LIVE");
    const client = connect("delta");
    client.send({ resource_names_subscribe: ["echo"] });
    await client.skip();
  });

  it("serves what is announced in its mesh, with the mesh's verdict", async () => {
    const mesh = "type.googleapis.com/starling.mesh.v1.Mesh";
    const clusterType = { "@type": `${mesh}Cluster`, service_name: "shop.orders" };
    const announce = [{ service_name: "shop.orders", address: "127.0.0.1", port: upstream.port }];
    const cluster = {
      type: undefined,
      load_assignment: undefined,
      cluster_type: { name: "starling.clusters.mesh", typed_config: clusterType },
    };
    const extension = { name: "mesh", typed_config: { "@type": mesh, announce } };
    const file = { ...(JSON.parse(fileOf(cluster)) as object), bootstrap_extensions: [extension] };
    node = await startTestNode(planOf({ mesh: `embedded:${await freePort()}` }, JSON.stringify(file)));
    const client = connect("sotw");
    client.send({ resource_names: ["echo"] });
    await eventually(async () => isShown(await client.takeNewest(), "HEALTHY"));
    upstream.answer = 503;
    await eventually(async () => isShown(await client.takeNewest(), "UNHEALTHY"));
  });

  it("does not start where somebody listens already", async () => {
    node = await startTestNode(planOf());
    const taken = `127.0.0.1:${edsPort()}`;
    await assert.rejects(launchTestNode(planOf({ "eds-listen": taken })), {
      message: new RegExp(`^endpoint discovery: cannot bind '${taken}': Address already in use`),
    });
  });
});
