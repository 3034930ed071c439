// What a scene does when one of many nodes that start together does not come up.
import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { MeshScene } from "../../support/mesh-bars/scene.ts";
import { natsServerInstalled } from "../../support/nats-server.ts";
import { eventually } from "../../support/nodes.ts";

describe("a cold scene of real processes in a mesh, one of which does not start", () => {
  before(function () {
    if (!natsServerInstalled()) this.skip();
  });

  it("fails with what that one said, and leaves none of the others behind", async () => {
    const others = children();
    let hasRun = false;
    const unable = { NODE_OPTIONS: "--no-such-option" };
    const environment = (index: number): Readonly<Record<string, string>> => (index === 1 ? unable : {});
    const run = MeshScene.run({ nodes: 4, endpoints: 1, isCold: true, environment }, async () => {
      hasRun = true;
    });
    await assert.rejects(run, /did not come up:[\s\S]*--no-such-option is not allowed/);
    assert.equal(hasRun, false);
    await eventually(() => children() === others); // a process that has ended is let go of a turn later
  });
});

/** How many processes of this one run. */
function children(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "ProcessWrap").length;
}
