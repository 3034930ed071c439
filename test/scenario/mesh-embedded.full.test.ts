// Processes in a mesh that needs nothing installed: one of them is the broker. When it stands still they check alone, when it is killed
// another takes its place.
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

  it("answer every request while the broker stands still, each checking for itself, and share again when it goes on", async () => {
    const [broker, ...others] = mesh.nodes;
    assert.ok(broker);
    await mesh.underLoad(others, async () => {
      broker.signal("SIGSTOP");
      for (const node of others) {
        await eventually(async () => /^LIVE\n.*checks for itself/s.test(await node.page("/ready")));
      }
      await mesh.untilProbedBy(others.length);
      await mesh.areProbedBy(others.length);
      broker.signal("SIGCONT");
      await eventually(async () => (await mesh.nodeCounts()).every((count) => count === mesh.nodes.length));
    });
    await mesh.untilProbedBy(2);
    await mesh.areProbedBy(2);
  });

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
