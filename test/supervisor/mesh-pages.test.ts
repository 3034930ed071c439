// What a running mesh shows of itself: /mesh, one node's pages through another, starling top and starling events.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { MeshView } from "../../src/messages/mesh-view.ts";
import type { RunningNode } from "../../src/supervisor/node.ts";
import { adminPortOf, MeshNodes, pageOf, statOf } from "../support/mesh-nodes.ts";
import { eventually } from "../support/nodes.ts";
import { Program, runProgram } from "../support/program.ts";

let mesh: MeshNodes;
let one: RunningNode;
let two: RunningNode;

async function viewOf(node: RunningNode): Promise<MeshView> {
  return JSON.parse((await pageOf(node, "/mesh?format=json")).body);
}

describe("a running mesh", () => {
  before(async () => {
    mesh = await MeshNodes.open();
    [one, two] = [await mesh.join("one"), await mesh.join("two~é", "health")];
    await eventually(() => [one, two].every((node) => statOf(node, "mesh.nodes") === 2));
  });

  after(() => mesh.stop());

  it("is seen alike by its nodes: members, owners, who saw what", async () => {
    const viewsOf = () => Promise.all([one, two].map(viewOf));
    const hasBoth = ({ groups }: MeshView): boolean => groups[0]?.endpoints[0]?.observations.length === 2;
    await eventually(async () => (await viewsOf()).every(hasBoth));
    const views = await viewsOf();
    for (const view of views) {
      assert.deepEqual(view.members.map(({ node }) => node).sort(), ["one", "two~é"]);
      const [endpoint] = view.groups[0]?.endpoints ?? [];
      assert.deepEqual([...(endpoint?.owners ?? [])].sort(), ["one", "two~é"]);
      assert.deepEqual([endpoint?.standing, endpoint?.address], ["healthy", `127.0.0.1:${mesh.upstream.port}`]);
    }
    assert.deepEqual(
      views.map(({ members }) => members.map(({ node, roles }) => [node, roles])),
      [
        [
          ["one", ["proxy", "health", "load"]],
          ["two~é", ["health"]],
        ],
        [
          ["two~é", ["health"]],
          ["one", ["proxy", "health", "load"]],
        ],
      ],
    );
    const text = (await pageOf(two, "/mesh")).body;
    assert.match(text, /^mesh default: node two~é is serving\nbroker embedded:\d+: connected for /);
    assert.match(text, /^mesh\.nodes: 2$/m);
  });

  it("shows the admin pages of one node through another", async () => {
    const through = await pageOf(one, "/mesh/two~%C3%A9/stats?filter=^mesh.nodes$");
    assert.deepEqual([through.status, through.body], [200, "mesh.nodes: 2\n"]);
    const info = JSON.parse((await pageOf(one, "/mesh/two~%C3%A9/mesh?format=json")).body);
    assert.equal(info.node, "two~é");
  });

  it("is drawn by starling top", async () => {
    const { code, out } = await runProgram("top", "--once", "--admin", `127.0.0.1:${adminPortOf(one)}`);
    assert.equal(code, 0);
    assert.match(out, /^mesh default: node one is serving/m);
    assert.match(out, /^two~é +live +serving +health /m);
    assert.match(out, new RegExp(`^127\\.0\\.0\\.1:${mesh.upstream.port} +healthy +healthy +`, "m"));
  });

  it("tells of an endpoint that goes out once, to starling events", async () => {
    const program = new Program("events", "--mesh", `embedded:${mesh.port}`, "--cluster", "echo");
    await program.says(/connected/);
    mesh.upstream.answer = 503;
    await program.says(/: healthy -> unhealthy: .*seen by /);
    mesh.upstream.answer = 200;
    await program.says(/: unhealthy -> healthy/);
    const { code, out } = await program.end("SIGINT");
    assert.equal(code, 0);
    const lines = out.trimEnd().split("\n");
    assert.equal(lines.filter((line) => line.includes("healthy -> unhealthy")).length, 1);
    assert.match(lines[0] ?? "", new RegExp(`^\\S+Z {2}health {3}echo 127\\.0\\.0\\.1:${mesh.upstream.port}: `));
  });

  it("tells of threads that crash and run again, and of plans, to starling events", async () => {
    const program = new Program("events", "--mesh", `embedded:${mesh.port}`);
    await program.says(/connected/);
    await mesh.join("three", "health");
    await program.says(/ {2}config {3}three applied version 1\n/);
    one.supervisor.misbehave(0, "throw");
    await program.says(/ {2}worker {3}listener-0 on one crashed: .+\n/);
    await program.says(/ {2}worker {3}listener-0 on one restarted\n/);
    for (const [actor, name] of [
      ["health", "health-check"],
      ["mesh", "mesh"],
    ] as const) {
      two.supervisor.misbehaveActor(actor, "exit");
      await program.says(new RegExp(` {2}worker {3}${name} on two~é crashed: .+\n`));
      await program.says(new RegExp(` {2}worker {3}${name} on two~é restarted\n`));
    }
    assert.equal((await program.end("SIGINT")).code, 0);
  });

  it("is not shown while the mesh thread is dead, and again when it lives", async () => {
    one.supervisor.misbehaveActor("mesh", "exit");
    await eventually(async () => (await pageOf(one, "/mesh")).status === 503);
    await eventually(async () => (await pageOf(one, "/mesh")).status === 200);
  });
});
