// Both owners of an endpoint are lost at once: killed, or their health threads stand still while their mesh threads beat on.
import { systemClock } from "../../../src/base/clock.ts";
import type { BarFigure, MeshBar } from "../../support/mesh-bars/bar.ts";
import { FaultOrders } from "../../support/mesh-bars/fault-orders.ts";
import { MeshScene, T_MS } from "../../support/mesh-bars/scene.ts";
import { waitMs } from "../../support/mesh-processes.ts";

const FIGURES: readonly BarFigure[] = [
  { what: "ms without a probe of an endpoint", most: Math.max(2 * T_MS, 5_000), isTime: true },
  { what: "probes that the lost ones made later than a second after it", most: 0 },
  { what: "nodes that have an endpoint out", most: 0 },
  { what: "nodes away from two that probe it at the end", most: 0 },
];

export const OWNERS_KILLED: MeshBar = {
  name: "owners-killed",
  scenario: "two owners killed at once",
  figures: FIGURES,
  measure: () => MeshScene.run({}, (scene) => loseOwners(scene, (name) => scene.node(name).signal("SIGKILL"))),
};

export const HEALTH_THREADS_HUNG: MeshBar = {
  name: "health-threads-hung",
  scenario: "the health threads of two owners hang, their mesh threads beat",
  figures: FIGURES,
  measure: () =>
    FaultOrders.during((orders) =>
      MeshScene.run({ environment: (index) => orders.environment(`n${index}`) }, (scene) =>
        loseOwners(scene, (name) => orders.give(name, "hang health-check")),
      ),
    ),
};

async function loseOwners(scene: MeshScene, lose: (name: string) => void): Promise<number[]> {
  const { mesh, log, nodes, endpoint } = scene;
  const lost = scene.probersOf(endpoint);
  const left = nodes.filter(({ name }) => !lost.includes(name));
  const fromMs = systemClock.nowMs();
  for (const name of lost) lose(name);
  await waitMs(WATCH_MS);
  const toMs = systemClock.nowMs();
  const waits = mesh.upstreams.map(({ port }) => log.longestWaitMs(port, fromMs, toMs));
  const lostProbes = log.probes.filter(({ node, atMs }) => lost.includes(node) && atMs > fromMs + T_MS).length;
  const out = await Promise.all(left.map(async (node) => (await scene.endpointViews(node)).some(isOut)));
  const probers = mesh.upstreams.map((upstream) => scene.probersOf(upstream).length);
  return [
    Math.max(...waits),
    lostProbes,
    out.filter((one) => one).length,
    Math.max(...probers.map((count) => Math.abs(count - 2))),
  ];
}

function isOut({ standing }: { readonly standing: string }): boolean {
  return standing === "unhealthy";
}

const WATCH_MS = 15_000;
