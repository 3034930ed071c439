import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { meshView } from "../../../src/control/mesh/view/mesh-view.ts";
import { TOP_FILTER, type TopSample, topFrame } from "../../../src/supervisor/command-line/top-frame.ts";
import { World } from "../../simulation/mesh/world.ts";

const STATS = {
  "cluster.shop.health_check.attempt": 10,
  "cluster.shop.upstream_rq_total": 100,
  "http.admin.downstream_rq_total": 1_000,
  "http.front.downstream_cx_active": 3,
  "http.front.downstream_rq_5xx": 4,
  "http.front.downstream_rq_active": 2,
  "http.front.downstream_rq_total": 200,
  "mesh.bus_received": 50,
  "server.uptime": 125,
};

function sample(atMs: number, more: Readonly<Record<string, number>>, mesh: TopSample["mesh"] = null): TopSample {
  return { atMs, stats: new Map(Object.entries({ ...STATS, ...more })), mesh };
}

describe("a picture of starling top", () => {
  it("has totals at first, and rates from the second on", () => {
    const first = sample(0, {});
    assert.deepEqual(topFrame(first, null), [
      "up 2m; requests 200 so far, of them 5xx 4 so far; 2 under way on 3 connections",
      "upstream requests 100 so far; health checks 10 so far",
      "",
      "the node is in no mesh",
    ]);
    const second = sample(2_000, { "http.front.downstream_rq_total": 1_200, "cluster.shop.health_check.attempt": 13 });
    assert.deepEqual(topFrame(second, first).slice(0, 2), [
      "up 2m; requests 500/s, of them 5xx 0.0/s; 2 under way on 3 connections",
      "upstream requests 0.0/s; health checks 1.5/s",
    ]);
  });

  it("asks for all statistics that it shows", () => {
    const asked = new RegExp(TOP_FILTER);
    assert.deepEqual(
      Object.keys(STATS).filter((name) => !asked.test(name)),
      [],
    );
  });

  it("shows the mesh, the endpoints that are worst first", () => {
    const world = new World({ seed: 3, endpoints: 3 });
    for (const name of ["a", "b"]) world.start(name);
    world.runMs(4_000);
    world.endpoints[2]?.turn("refusing", world.time.nowMs);
    world.runMs(3_000);
    const node = world.nodes.get("a");
    assert.ok(node !== undefined);
    const view = meshView(node.state, node.clockMs(), { cluster: "", endpointsMax: 2 });
    const all = meshView(node.state, node.clockMs(), { cluster: "", endpointsMax: 9 });
    const lines = topFrame(
      sample(1_000, { "mesh.bus_received": 90 }, { mesh: "default", broker: "embedded:14222", ...all }),
      sample(0, {}),
    );
    assert.match(lines[3] ?? "", /^mesh default: node a is serving$/);
    assert.equal(lines[5], "messages received 40/s, sent 0.0/s; verdicts changed 0.0/s");
    assert.match(lines[8] ?? "", /^a +self +serving/);
    assert.match(lines[9] ?? "", /^b +live +serving/);
    assert.deepEqual(
      lines.slice(-4).map((line) => line.split(/ +/)[1]),
      ["STANDING", "unhealthy", "healthy", "healthy"],
    );
    const few = topFrame(sample(0, {}, { mesh: "default", broker: "embedded:14222", ...view }), null);
    assert.equal(few.at(-1), "1 endpoints are left out: see --cluster");
  });
});
