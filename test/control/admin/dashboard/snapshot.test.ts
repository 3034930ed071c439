import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { loadPlan } from "../../../../src/config/compile/load-plan.ts";
import type { JsonObject } from "../../../../src/control/admin/dashboard/merge-patch.ts";
import { meshFacts } from "../../../../src/control/admin/dashboard/mesh-facts.ts";
import { takeSnapshot } from "../../../../src/control/admin/dashboard/snapshot.ts";
import { meshView } from "../../../../src/control/mesh/view/mesh-view.ts";
import type { MeshViewAsk } from "../../../../src/messages/mesh-view.ts";
import type { RunningNode } from "../../../../src/supervisor/node.ts";
import { StatsReader } from "../../../../src/telemetry/stats-reader.ts";
import { World } from "../../../simulation/mesh/world.ts";
import { portOf, startTestNode } from "../../../support/nodes.ts";

const ENDPOINTS = Array.from(
  { length: 400 },
  (_, at) => `{ endpoint: { address: { socket_address: { address: 127.0.1.${at % 250}, port_value: ${1 + at} } } } }`,
);
const cluster = (name: string, endpoints: readonly string[], more: string = ""): string =>
  `  - { name: ${name}, load_assignment: { cluster_name: ${name}, endpoints: [{ lb_endpoints: [${endpoints.join(", ")}] }] }${more} }`;
const FILE = `
layered_runtime:
  layers:
  - { name: file, static_layer: { some.key: 1, other.key: 2 } }
  - { name: admin, admin_layer: {} }
static_resources:
  listeners:
  - address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: in
          route_config: { virtual_hosts: [{ name: all, domains: ["*"], routes: [{ match: { prefix: / }, route: { cluster: nobody } }] }] }
          http_filters:
          - name: router
            typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
  clusters:
${cluster("nobody", ["{ health_status: UNHEALTHY, endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: 1 } } } }"])}
${cluster("many", ENDPOINTS)}
${cluster("more", ENDPOINTS)}
`;

let node: RunningNode;
const at = (value: unknown, ...names: readonly string[]): unknown =>
  names.reduce((inner, name) => (inner as JsonObject)[name], value);

describe("a picture of a node for the dashboard", () => {
  before(async () => {
    const { plan, errors } = loadPlan({ text: FILE, file: "a.yaml" });
    assert.ok(plan !== null, JSON.stringify(errors));
    node = await startTestNode(plan);
  });

  after(() => node.stop());

  it("has what was counted, in which time, and every endpoint's health", async () => {
    const stats = new StatsReader(node.view.stats);
    for (let i = 0; i < 3; i++) {
      assert.equal((await fetch(`http://127.0.0.1:${portOf(node)}/`)).status, 503);
    }
    stats.flush();
    const picture = await takeSnapshot({ view: node.view, stats, pages: [] });
    const { total, failed, p99 } = at(picture, "http", "in") as Record<string, number>;
    assert.deepEqual([total, failed], [3, 3]);
    assert.ok((p99 as number) >= 0);
    const { health, flags } = at(picture, "clusters", "nobody", "endpoints", "127.0.0.1:1") as JsonObject;
    assert.deepEqual([health, flags], ["unhealthy", "/failed_eds_health"]);
    const { p50, checked, kind } = at(picture, "clusters", "many") as JsonObject;
    assert.deepEqual([p50, checked, kind], [undefined, false, "static"]);
  });

  it("shows so many endpoints, and tells how many it leaves out", async () => {
    const picture = await takeSnapshot({ view: node.view, stats: new StatsReader(node.view.stats), pages: [] });
    const shown = ["nobody", "many", "more"].map((name) => [
      Object.keys(at(picture, "clusters", name, "endpoints") as JsonObject).length,
      at(picture, "clusters", name, "leftOut"),
    ]);
    assert.deepEqual(shown, [
      [1, 0],
      [400, 0],
      [99, 301],
    ]);
  });

  it("has the runtime's values with the layer that says each", async () => {
    await node.view.orders.modifyRuntime({ "other.key": "3" });
    const picture = await takeSnapshot({ view: node.view, stats: new StatsReader(node.view.stats), pages: [] });
    assert.deepEqual(at(picture, "runtime"), {
      layers: ["file", "admin"],
      keys: { "other.key": { value: "3", layer: "admin" }, "some.key": { value: "1", layer: "file" } },
      leftOut: 0,
    });
  });
});

describe("a picture of a mesh for the dashboard", () => {
  it("has members, and of every endpoint who probes it and what each says; while nothing happens it stays the same", async () => {
    const world = new World({ seed: 3, endpoints: 3 });
    for (const name of ["a", "b"]) world.start(name);
    world.runMs(4_000);
    world.endpoints[0]?.turn("refusing", world.time.nowMs);
    world.runMs(3_000);
    const one = world.nodes.get("a");
    assert.ok(one !== undefined);
    const view = (ask: MeshViewAsk) => Promise.resolve(meshView(one.state, one.clockMs(), ask));
    const take = (endpointsMax: number) =>
      meshFacts({ name: "m", broker: "embedded:1", node: "a", view }, endpointsMax);
    const facts = await take(500);
    assert.deepEqual(
      Object.entries(facts["members"] as JsonObject).map(([name, member]) => [name, at(member, "life")]),
      [
        ["a", "self"],
        ["b", "live"],
      ],
    );
    const [out, ...well] = Object.values(facts["endpoints"] as JsonObject) as Record<string, JsonObject[]>[];
    assert.deepEqual([out?.["standing"], well.length], ["unhealthy", 2]);
    assert.deepEqual(
      out?.["says"]?.map(({ node: who, standing }) => [who, standing]),
      [
        ["a", "unhealthy"],
        ["b", "unhealthy"],
      ],
    );
    world.runMs(1_000);
    assert.deepEqual(await take(500), facts);
    assert.equal(Object.keys((await take(1))["endpoints"] as JsonObject).length, 1);
  });

  it("says that the mesh's thread does not answer", async () => {
    const source = { name: "m", broker: "embedded:1", node: "a", view: () => Promise.resolve(null) };
    const facts = { name: "m", broker: "embedded:1", answers: false, members: {}, endpoints: {} };
    assert.deepEqual(await meshFacts(source, 1), facts);
  });
});
