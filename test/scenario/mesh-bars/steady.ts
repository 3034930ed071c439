// Five nodes and nothing happens: probes that an endpoint sees, beside those of five nodes each for itself.
import { systemClock } from "../../../src/base/clock.ts";
import type { MeshBar } from "../../support/mesh-bars/bar.ts";
import { MeshScene, T_MS } from "../../support/mesh-bars/scene.ts";
import { waitMs } from "../../support/mesh-processes.ts";

export const STEADY: MeshBar = {
  name: "steady",
  scenario: "five nodes, nothing happens",
  figures: [
    { what: "scheduled probes an endpoint sees per T", most: 2 },
    { what: "nodes that probe an endpoint", most: 2 },
    { what: "probes per T without a mesh", most: null },
  ],
  async measure() {
    const shared = await MeshScene.run({}, watch);
    const apart = await MeshScene.run({ isMesh: false }, watch);
    return [shared.perT, shared.nodes, apart.perT];
  },
};

async function watch({ mesh, log }: MeshScene): Promise<{ readonly perT: number; readonly nodes: number }> {
  const fromMs = systemClock.nowMs();
  await waitMs(INTERVALS * T_MS);
  const rates = mesh.upstreams.map(({ port }) => log.perT(port, fromMs, T_MS));
  const nodes = mesh.upstreams.map(({ port }) => log.probersOf(port, fromMs).length);
  return { perT: Math.max(...rates), nodes: Math.max(...nodes) };
}

const INTERVALS = 20;
