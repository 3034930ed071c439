import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { loadPlan } from "../../../../src/config/compile/load-plan.ts";
import type { JsonObject } from "../../../../src/control/admin/dashboard/merge-patch.ts";
import { meshFacts } from "../../../../src/control/admin/dashboard/mesh-facts.ts";
import { type SnapshotSources, takeSnapshot } from "../../../../src/control/admin/dashboard/snapshot.ts";
import type { PageContext } from "../../../../src/control/admin/page.ts";
import type { RecentFigures, RecentTimes } from "../../../../src/control/admin/tap/recent-times.ts";
import type { AdminView } from "../../../../src/control/admin/view.ts";
import { meshView } from "../../../../src/control/mesh/view/mesh-view.ts";
import type { MeshViewAsk } from "../../../../src/messages/mesh-view.ts";
import type { RunningNode } from "../../../../src/supervisor/node.ts";
import type { WorkerLoad } from "../../../../src/telemetry/request-watch.ts";
import { StatsReader } from "../../../../src/telemetry/stats-reader.ts";
import { World } from "../../../simulation/mesh/world.ts";
import { endpointAt, staticCluster } from "../../../support/file-parts.ts";
import { portOf, startTestNode } from "../../../support/nodes.ts";
import { shownStats } from "../../../support/plans.ts";
import { nodeFile } from "../../../support/proxy-file.ts";

const ENDPOINTS = Array.from({ length: 400 }, (_, at) => endpointAt(1 + at, `127.0.1.${at % 250}`));
const FILE = nodeFile(
  { routes: [{ match: { prefix: "/" }, route: { cluster: "nobody" } }] },
  [
    staticCluster("nobody", { ...endpointAt(1), health_status: "UNHEALTHY" }),
    staticCluster("many", ...ENDPOINTS),
    staticCluster("more", ...ENDPOINTS),
  ],
  {
    layered_runtime: {
      layers: [
        { name: "file", static_layer: { "some.key": 1, "other.key": 2 } },
        { name: "admin", admin_layer: {} },
      ],
    },
  },
);

let node: RunningNode;
const watched: { load: WorkerLoad | null; figures: Record<string, RecentFigures> } = { load: null, figures: {} };
let looks = 0;
const sources: SnapshotSources = {
  guard: { hasToken: true, tap: "token" },
  watch: {
    lookAtTimes: () => void looks++,
    loadOf: () => watched.load,
    times: { figures: (key: string) => watched.figures[key] ?? null } as RecentTimes,
  },
};
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
    const picture = await takeSnapshot({ view: node.view, stats, shown: shownStats(stats), pages: [] }, sources);
    const { total, failed, p99 } = at(picture, "http", "main") as Record<string, number>;
    assert.deepEqual([total, failed], [3, 3]);
    assert.ok((p99 as number) >= 0);
    const { health, flags } = at(picture, "clusters", "nobody", "endpoints", "127.0.0.1:1") as JsonObject;
    assert.deepEqual([health, flags], ["unhealthy", "/failed_eds_health"]);
    const { p50, checked, kind } = at(picture, "clusters", "many") as JsonObject;
    assert.deepEqual([p50, checked, kind], [undefined, false, "static"]);
  });

  it("has what workers do, and times of endpoints and routes, as far as they were told of while somebody looks", async () => {
    const context = contextOf(node.view);
    const before = await takeSnapshot(context, sources);
    assert.equal(looks > 0, true);
    assert.deepEqual(Object.keys(at(before, "workers", "0") as JsonObject), ["state", "restarts", "planVersion"]);
    watched.load = { cpu: 0.123, busy: 0.456, connections: 3, requests: 2 };
    const figures = { rate: 12.34, errors: 0.12345, p50: 1.26, p99: 9 };
    const [route] = at(before, "routes") as JsonObject[];
    watched.figures = { "endpoint nobody 127.0.0.1:1": figures, [`route ${route?.["source"]}`]: figures };
    const picture = await takeSnapshot(context, sources);
    const { cpu, busy, connections, requests } = at(picture, "workers", "0") as JsonObject;
    assert.deepEqual([cpu, busy, connections, requests], [0.12, 0.46, 3, 2]);
    const endpoint = at(picture, "clusters", "nobody", "endpoints", "127.0.0.1:1") as JsonObject;
    assert.deepEqual([endpoint["p50"], endpoint["p99"]], [1.3, 9]);
    const [told] = at(picture, "routes") as JsonObject[];
    assert.deepEqual([told?.["rate"], told?.["errors"], told?.["p50"], told?.["p99"]], [12.3, 0.123, 1.3, 9]);
    assert.deepEqual([at(picture, "node", "changes"), at(picture, "node", "tap")], [true, "token"]);
  });

  it("shows so many endpoints, and tells how many it leaves out", async () => {
    const picture = await takeSnapshot(contextOf(node.view), sources);
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
    const picture = await takeSnapshot(contextOf(node.view), sources);
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

function contextOf(view: AdminView): PageContext {
  const stats = new StatsReader(view.stats);
  return { view, stats, shown: shownStats(stats), pages: [] };
}
