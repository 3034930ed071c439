// Five nodes and nothing happens: probes that an endpoint sees, beside those of five nodes each for itself.
import { systemClock } from "../../../src/base/clock.ts";
import type { MeshBar } from "../../support/mesh-bars/bar.ts";
import type { SeenProbe } from "../../support/mesh-bars/probe-log.ts";
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
  const rates = mesh.upstreams.map(({ port }) =>
    log
      .probersOf(port, fromMs)
      .reduce((sum, node) => sum + rate(log.of(port, fromMs).filter((one) => one.node === node)), 0),
  );
  const nodes = mesh.upstreams.map(({ port }) => log.probersOf(port, fromMs).length);
  return { perT: Math.round(Math.max(...rates) * 10) / 10, nodes: Math.max(...nodes) };
}

/** Of one prober, per T, from its first probe to its last: a time that ends between two counts nothing too much. */
function rate(probes: readonly SeenProbe[]): number {
  const [firstMs, lastMs] = [probes.at(0)?.atMs ?? 0, probes.at(-1)?.atMs ?? 0];
  return probes.length < 2 ? 0 : ((probes.length - 1) * T_MS) / (lastMs - firstMs);
}

const INTERVALS = 20;
