// Eight nodes start at once on two hundred endpoints: how often an endpoint is probed in the first interval.
import type { MeshBar } from "../../support/mesh-bars/bar.ts";
import { MeshScene, T_MS } from "../../support/mesh-bars/scene.ts";

const NODES = 8;
const ENDPOINTS = 200;

export const COLD_START: MeshBar = {
  name: "cold-start",
  scenario: `cold start of ${NODES} nodes × ${ENDPOINTS} endpoints`,
  figures: [
    { what: "probes an endpoint sees in the first T", most: 3 },
    { what: "the most that it sees in any T until all are of one mind", most: null },
    { what: "ms until all are of one mind and two probe each endpoint", most: null },
  ],
  measure: () =>
    MeshScene.run({ nodes: NODES, endpoints: ENDPOINTS, isCold: true, knowsProbers: false }, async (scene) => {
      const { mesh, log, nodes } = scene;
      const isOver = async (): Promise<boolean> => {
        const views = await Promise.all(nodes.map((node) => scene.endpointViews(node)));
        const areShared = views.every((view) => view.length > 0 && view.every(({ probers }) => probers.length === 2));
        return areShared && (await scene.areOfOneMind());
      };
      const tookMs = await scene.msUntil(isOver);
      const counts = mesh.upstreams.map(({ port }) => {
        const [first] = log.of(port, 0);
        return first === undefined ? Number.NaN : log.of(port, 0, first.atMs + T_MS).length;
      });
      return [Math.max(...counts), Math.max(...mesh.upstreams.map(({ port }) => log.mostIn(port, T_MS))), tookMs];
    }),
};
