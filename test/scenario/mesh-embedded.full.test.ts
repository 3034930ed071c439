// Processes in a mesh that needs nothing installed: one of them is the broker, and another takes its place when it is killed.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { freePort } from "../support/live-proxy.ts";
import { MeshProcesses } from "../support/mesh-processes.ts";
import { eventually } from "../support/nodes.ts";

const mesh = new MeshProcesses();

describe("three processes in an embedded mesh", () => {
  before(async () => {
    await mesh.start(3, 2, ["--mesh", `embedded:${await freePort()}`]);
  });

  after(() => mesh.stop());

  for (const turn of ["first", "second"]) {
    it(`answer every request when the ${turn} of them is killed, the broker or not, and share on`, async () => {
      const killed = mesh.nodes.shift();
      assert.ok(killed);
      await mesh.underLoad(mesh.nodes, async () => {
        killed.signal("SIGKILL");
        await eventually(async () => (await mesh.nodeCounts()).every((count) => count === mesh.nodes.length));
        await mesh.untilProbedBy(mesh.nodes.length);
        await mesh.areProbedBy(mesh.nodes.length);
      });
      await killed.proxy.stop();
    });
  }
});
