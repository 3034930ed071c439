import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { PageAnswer, PageContext } from "../../../src/control/admin/page.ts";
import { meshPage } from "../../../src/control/admin/pages/mesh.ts";
import { meshView } from "../../../src/control/mesh/view/mesh-view.ts";
import type { MeshViewAsk } from "../../../src/messages/mesh-view.ts";
import type { StatsNotice } from "../../../src/telemetry/stats-memory.ts";
import { StatsWriter } from "../../../src/telemetry/stats-memory.ts";
import { StatsReader } from "../../../src/telemetry/stats-reader.ts";
import { World } from "../../simulation/mesh/world.ts";

/** The page of node `a` of two that share three endpoints, the first of which is down. */
function page(nodeNames: readonly [string, string] = ["a", "b"]) {
  const world = new World({ seed: 3, endpoints: 3 });
  for (const name of nodeNames) world.start(name);
  world.runMs(4_000);
  world.endpoints[0]?.turn("refusing", world.time.nowMs);
  world.runMs(3_000);
  const node = world.nodes.get(nodeNames[0]);
  assert.ok(node !== undefined);
  const notices: StatsNotice[] = [];
  const writer = new StatsWriter((notice) => notices.push(notice));
  for (const name of ["mesh.verdicts", "cluster.a.upstream_rq_total"]) {
    const slot = writer.counter(name);
    slot.values[slot.at] = 4;
  }
  const source = {
    generation: 1,
    schema: () => assert.fail("there are no blocks"),
    sources: () => [{ writer: "mesh", notices }],
  };
  const view = (ask: MeshViewAsk) => Promise.resolve(meshView(node.state, node.clockMs(), ask));
  const context: PageContext = { view: null as never, stats: new StatsReader(source), shown: null as never, pages: [] };
  return async (query: string): Promise<PageAnswer> =>
    meshPage({ name: "default", broker: "embedded:14222", node: "a", view }).answer(
      context,
      new URLSearchParams(query),
    );
}

describe("/mesh", () => {
  it("shows members, endpoints with who saw what when, and counters", async () => {
    const { status, contentType, body } = await page()("");
    assert.deepEqual([status, contentType], [200, "text/plain; charset=UTF-8"]);
    const lines = body.replace(/\d+(\.\d+)?s/g, "Ns").split("\n");
    assert.equal(lines[0], "mesh default: node a is serving");
    assert.equal(lines[1], "broker embedded:14222: connected for Ns");
    assert.match(lines[3] ?? "", /^NODE {2}LIFE {2}PHASE {4}ROLES {9}ZONE {2}ADMIN {2}BEAT/);
    assert.match(
      lines[4] ?? "",
      /^a {5}self {2}serving {2}proxy,health {2}- {5}- {6}- {2}.* yes {5}\d+ .* [0-9a-f]{16} {2}3 +1 +0{31}1$/,
    );
    assert.match(lines[5] ?? "", /^b {5}live {2}serving {2}proxy,health {2}- {5}- {6}Ns ago {2}Ns ago/);
    assert.equal(
      lines[7],
      "cluster backend, group 00000000000000a1: every Ns (no traffic); 3 endpoints: 2 healthy, 1 unhealthy; 3 probed here; checked by a, b",
    );
    assert.match(lines[8] ?? "", /^ENDPOINT +STANDING +MESH +OWNERS +PROBED BY +SEEN$/);
    assert.match(
      lines[9] ?? "",
      /^\S+ +unhealthy +unhealthy +(a, b|b, a) +(a, b|b, a) +a unhealthy, probed Ns ago \(claim, \w+\); b unhealthy, as told Ns ago \(claim, \w+\)/,
    );
    assert.deepEqual(lines.slice(-3), ["", "mesh.verdicts: 4", ""]);
  });

  it("says the same as JSON, of one cluster and so many endpoints as asked", async () => {
    const ask = page();
    const all = JSON.parse((await ask("format=json")).body);
    assert.deepEqual(
      [all.mesh, all.broker, all.node, all.members.length, all.groups[0].endpoints.length, all.counters],
      ["default", "embedded:14222", "a", 2, 3, { "mesh.verdicts": 4 }],
    );
    const one = JSON.parse((await ask("format=json&limit=1")).body);
    assert.deepEqual([one.groups[0].endpoints.length, one.endpointsLeftOut], [1, 2]);
    assert.match((await ask("limit=1")).body, /^2 endpoints are left out: ask with \?cluster= or \?limit=$/m);
    assert.deepEqual(JSON.parse((await ask("format=json&cluster=other")).body).groups, []);
  });

  it("refuses a limit that is no number, or one too great", async () => {
    for (const limit of ["many", "10001", "-1", ""]) {
      const { status, body } = await page()(`limit=${limit}`);
      assert.deepEqual([status, body], [400, `limit: '${limit}' is not a whole number up to 10000\n`]);
    }
    assert.equal((await page()("limit=10000")).status, 200);
  });

  it("says when the mesh actor does not answer", async () => {
    const context = { view: null as never, stats: null as never, shown: null as never, pages: [] };
    const dead = meshPage({ name: "default", broker: "embedded:14222", node: "a", view: () => Promise.resolve(null) });
    const { status, body } = await dead.answer(context, new URLSearchParams());
    assert.deepEqual([status, body], [503, "the mesh actor does not answer; it is restarted when it has died\n"]);
  });

  it("shows names of peers without what a terminal acts on", async () => {
    const { body } = await page(["a", "\u001b[2Jb\n"])("");
    assert.equal(body.includes("\u001b"), false);
    assert.match(body, /^\ufffd\[2Jb\ufffd +live/m);
  });
});
