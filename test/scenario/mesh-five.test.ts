// Five processes on one file in a mesh that needs nothing installed: each endpoint is probed by two of them, and all act on what they see.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { freePort } from "../support/live-proxy.ts";
import { MeshProcesses } from "../support/mesh-processes.ts";
import { eventually } from "../support/nodes.ts";

const NODES = 5;
const mesh = new MeshProcesses();

describe("five processes in an embedded mesh", () => {
  before(async function () {
    this.timeout(60_000);
    await mesh.start(NODES, 3, ["--mesh", `embedded:${await freePort()}`]);
  });

  after(() => mesh.stop());

  it("probe each endpoint from two of them and no more", async () => {
    await mesh.untilProbedBy(2);
    await mesh.areProbedBy(2);
  });

  it("have an endpoint out on all five at once when it says no, and in again on all when it is well", async () => {
    const [broken] = mesh.upstreams;
    assert.ok(broken);
    await mesh.underLoad(mesh.nodes, async () => {
      broken.answer = 503;
      await mesh.areToldWithin(broken, 500); // a tenth of a second on a machine that does nothing else
      broken.answer = 200;
      await eventually(async () => (await mesh.outOn(broken)) === 0);
    });
  });
});
