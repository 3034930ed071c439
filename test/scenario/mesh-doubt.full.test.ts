// Requests find out before checks do: nodes of a mesh that run into a dead endpoint have those who check it look at once.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { freePort } from "../support/live-proxy.ts";
import { MeshProcesses } from "../support/mesh-processes.ts";
import { eventually } from "../support/nodes.ts";
import { SteadyLoad } from "../support/steady-load.ts";

const INTERVAL_S = 4;
const mesh = new MeshProcesses(INTERVAL_S);

describe("three processes in a mesh that check every four seconds, under load", () => {
  before(() => freePort().then((port) => mesh.start(3, 2, ["--mesh", `embedded:${port}`])));

  after(() => mesh.stop());

  it("have an endpoint that refuses connections out on all before checks alone could", async () => {
    const [dead] = mesh.upstreams;
    assert.ok(dead);
    const loads = mesh.nodes.map(({ port }) => new SteadyLoad(port, 2));
    await eventually(() => dead.requests > 100);
    const sinceMs = performance.now();
    await dead.stop();
    await eventually(async () => (await mesh.outOn(dead)) === mesh.nodes.length);
    const tookMs = performance.now() - sinceMs;
    for (const load of loads) load.stop();
    // The third failure in a row of a check comes two intervals after the first one.
    assert.ok(tookMs < 2_000 * INTERVAL_S - 1_000, `${tookMs} ms`);
    const doubts = await Promise.all(mesh.nodes.map((node) => node.stat("mesh.doubts_sent")));
    assert.ok(
      doubts.some((count) => count > 0),
      doubts.join(),
    );
  });
});
